package console

import (
	"bytes"
	"encoding/csv"
	"iter"
	"net/http"
	"regexp"

	"handrail/client"
)

// maxDownload is how many rows a file of a list has at most.
const maxDownload = 10000

// downloadColumns are the columns of the file of deliveries.
var downloadColumns = []string{
	"delivery_id",
	"status",
	"channel",
	"from",
	"to",
	"chat_id",
	"message_id",
	"error_code",
	"error_message",
	"explanation",
	"duplicate",
	"attempts",
	"created_at",
	"updated_at",
}

// downloadFailures answers with the list of failures as a file, with the same filters. The file is made before the
// first byte of it is sent, so that an error is shown as one, and no browser keeps half a file.
func (h *Handler) downloadFailures(w http.ResponseWriter, r *http.Request) {
	v, err := h.view(r)
	if err != nil {
		h.showFailure(w, r, nil, err)
		return
	}

	filter, err := readFilter(v)
	if err != nil {
		h.showFailure(w, r, v, err)
		return
	}

	file, err := writeDownload(listAllDeliveries(v, filter))
	if err != nil {
		h.showFailure(w, r, v, err)
		return
	}

	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="failures.csv"`)

	_, _ = w.Write(file) // whoever has gone reads no file
}

// writeDownload returns the file of a list. Its last row says so where the list goes on.
func writeDownload(deliveries iter.Seq2[client.Delivery, error]) ([]byte, error) {
	var file bytes.Buffer

	out := csv.NewWriter(&file)
	_ = out.Write(downloadColumns) // a buffer takes everything
	count := 0

	for delivery, err := range deliveries {
		if err != nil {
			return nil, err
		}

		if count == maxDownload {
			_ = out.Write([]string{"The list goes on. Narrow the filters to get the rest."})
			break
		}

		_ = out.Write(newDownloadRow(delivery))
		count++
	}

	out.Flush()

	return file.Bytes(), nil
}

// newDownloadRow returns the row of a delivery.
func newDownloadRow(delivery client.Delivery) []string {
	row := []string{
		delivery.ID,
		string(delivery.Status),
		string(delivery.Channel),
		delivery.From,
		delivery.To,
		formatOptional(delivery.ChatID),
		delivery.MessageID,
		delivery.ErrorCode,
		delivery.ErrorMessage,
		delivery.Explanation,
		string(delivery.Duplicate),
		formatCount(delivery.AttemptCount),
		formatInstant(delivery.CreatedAt),
		formatInstant(delivery.UpdatedAt),
	}

	for i, cell := range row {
		row[i] = defuseCell(cell)
	}

	return row
}

// formulaStarts finds what begins a formula: at the beginning of a cell, and where a spreadsheet that separates by
// semicolons or tabs would begin another one.
var formulaStarts = regexp.MustCompile(`(^|[;\t\r\n]\s*)([=+\-@\t\r\n])`)

// defuseCell returns a cell that no spreadsheet takes for a formula: an apostrophe stands before what begins one, as
// OWASP recommends against CSV injection.
func defuseCell(cell string) string { return formulaStarts.ReplaceAllString(cell, "$1'$2") }
