package toolbox

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
	"unicode"

	"golang.org/x/net/html/charset"
)

const (
	// maxDetail is the most characters of a tool's own words that are kept.
	maxDetail = 300
	// maxReasons is how many errors of a list are told.
	maxReasons = 5
)

// detailOf is what a tool says for itself when it has refused or failed, as the end of a sentence; "" for
// nothing that people can read.
func detailOf(contentType string, body []byte) string {
	text, ok := decodeText(contentType, body)
	if !ok {
		return ""
	}

	var document any
	if json.Unmarshal([]byte(text), &document) == nil {
		text = strings.Join(reasonsIn(document, 0), "; ")
	} else if isWebPage(contentType, text) || strings.ContainsAny(text[:min(1, len(text))], "{[") {
		return ""
	}

	if text = tidyLine(text); text == "" {
		return ""
	}

	return ": " + text
}

// places are where APIs put their reasons, the most telling first: RFC 9457 (title and detail), RFC 6749
// 5.2 (error_description), JSON:API and GraphQL (errors), and what many do.
var places = []string{"detail", "error_description", "message", "error", "errors", "title", "reason", "description"}

// reasonsIn finds the words in an error: a text, or an object or a list that holds some.
func reasonsIn(document any, depth int) []string {
	const deepest = 4
	if depth > deepest {
		return nil
	}

	switch value := document.(type) {
	case string:
		if strings.TrimSpace(value) != "" {
			return []string{value}
		}

	case []any:
		var reasons []string
		for _, item := range value[:min(len(value), maxReasons)] {
			reasons = append(reasons, reasonsIn(item, depth+1)...)
		}

		return reasons

	case map[string]any:
		return reasonsInObject(value, depth)
	}

	return nil
}

// reasonsInObject returns the words of the first place that has some, after the title if there is one.
func reasonsInObject(object map[string]any, depth int) []string {
	title, _ := object["title"].(string)

	for _, place := range places {
		reasons := reasonsIn(object[place], depth+1)
		if len(reasons) == 0 {
			continue
		}

		if title != "" && reasons[0] != title {
			return append([]string{title}, reasons...)
		}

		return reasons
	}

	return nil
}

// decodeText returns an answer as UTF-8, without a byte order mark and the blanks around it. It reports
// false for what is no text. What does not say its character set, and is no UTF-8, is taken for
// windows-1252 (WHATWG Encoding, 4.2).
func decodeText(contentType string, body []byte) (string, bool) {
	encoding, _, _ := charset.DetermineEncoding(body, contentType)

	decoded, err := encoding.NewDecoder().Bytes(body)
	if err != nil || bytes.ContainsRune(decoded, 0) {
		return "", false
	}

	text := strings.TrimPrefix(string(decoded), "\ufeff")

	return strings.TrimSpace(text), true
}

// isWebPage reports whether an answer is meant for a browser: a page to log in, or of a proxy.
func isWebPage(contentType, text string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	start := strings.ToLower(text[:min(len(text), 20)])

	return kind == "text/html" || kind == "application/xhtml+xml" ||
		strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// tidyLine makes a text from outside fit for one line.
func tidyLine(text string) string {
	text = strings.Join(
		strings.FieldsFunc(
			strings.ToValidUTF8(text, ""),
			func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) },
		),
		" ",
	)

	if runes := []rune(text); len(runes) > maxDetail {
		return string(runes[:maxDetail]) + "…"
	}

	return text
}
