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

// download is a list as a file.
type download[T any] struct {
	// name is that of the file.
	name    string
	columns []string
	rows    iter.Seq2[T, error]
	cells   func(T) []string
}

// failureColumns are the columns of the file of deliveries.
var failureColumns = []string{
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

// findDownload returns the list that a request wants as a file. Errors: that of a field that cannot be read.
type findDownload[T any] func(v *viewer) (download[T], error)

// answerWithFile answers with a list as a file. The file is made before the first byte of it is sent, so that an error
// is shown as one, and no browser keeps half a file.
func answerWithFile[T any](h *Handler, w http.ResponseWriter, r *http.Request, find findDownload[T]) {
	v, err := h.view(r)
	if err != nil {
		h.showFailure(w, r, nil, err)
		return
	}

	list, err := find(v)
	if err != nil {
		h.showFailure(w, r, v, err)
		return
	}

	file, err := list.write()
	if err != nil {
		h.showFailure(w, r, v, err)
		return
	}

	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+list.name+`"`)

	_, _ = w.Write(file) // whoever has gone reads no file
}

// downloadFailures answers with the list of failures as a file, with the same filters.
func (h *Handler) downloadFailures(w http.ResponseWriter, r *http.Request) {
	answerWithFile(h, w, r, func(v *viewer) (download[client.Delivery], error) {
		filter, err := readFilter(v)

		return download[client.Delivery]{
			name:    "failures.csv",
			columns: failureColumns,
			rows:    listAllDeliveries(v, filter),
			cells:   newFailureCells,
		}, err
	})
}

// downloadSkipped answers with what a bulk retry has skipped as a file, with the same filter.
func (h *Handler) downloadSkipped(w http.ResponseWriter, r *http.Request) {
	answerWithFile(h, w, r, func(v *viewer) (download[client.BulkSkipped], error) {
		reason, err := findSkipReason(v)

		return download[client.BulkSkipped]{
			name:    "skipped.csv",
			columns: []string{"delivery_id", "reason"},
			rows:    listAllSkipped(v, reason),
			cells:   func(skipped client.BulkSkipped) []string { return []string{skipped.DeliveryID, skipped.Reason} },
		}, err
	})
}

// write returns the file of a list. Its last row says so where the list goes on. No cell begins a formula.
func (d *download[T]) write() ([]byte, error) {
	var file bytes.Buffer

	out := csv.NewWriter(&file)
	_ = out.Write(d.columns) // a buffer takes everything
	count := 0

	for row, err := range d.rows {
		if err != nil {
			return nil, err
		}

		if count == maxDownload {
			_ = out.Write([]string{"The list goes on. Narrow the filters to get the rest."})
			break
		}

		cells := d.cells(row)
		for i, cell := range cells {
			cells[i] = defuseCell(cell)
		}

		_ = out.Write(cells)
		count++
	}

	out.Flush()

	return file.Bytes(), nil
}

// newFailureCells returns the row of a delivery.
func newFailureCells(delivery client.Delivery) []string {
	return []string{
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
}

// formulaStarts finds what begins a formula: at the beginning of a cell, and where a spreadsheet that separates by
// semicolons or tabs would begin another one.
var formulaStarts = regexp.MustCompile(`(^|[;\t\r\n]\s*)([=+\-@\t\r\n])`)

// defuseCell returns a cell that no spreadsheet takes for a formula: an apostrophe stands before what begins one, as
// OWASP recommends against CSV injection.
func defuseCell(cell string) string { return formulaStarts.ReplaceAllString(cell, "$1'$2") }
