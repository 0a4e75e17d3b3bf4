package toolbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"handrail/chat"
)

// composeRequest puts arguments into the URL; what it does not name is the body, or the query when
// the method has none.
func composeRequest(t *chat.HTTPTool, arguments json.RawMessage) (address string, body []byte, err error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(arguments, &values); err != nil {
		return "", nil, chat.Invalid("arguments", "must be a JSON object")
	}

	given := func(escape func(string) string) func(string) string {
		return func(name string) string {
			value, wrong := chat.URLValue("arguments."+name, values[name])
			if wrong != nil {
				err = wrong
			}

			return escape(value)
		}
	}

	path, query, _ := strings.Cut(t.URL, "?")
	address = chat.FillURL(path, given(url.PathEscape))
	query = chat.FillURL(query, given(url.QueryEscape))

	if err != nil {
		return "", nil, err
	}

	for _, name := range chat.URLArguments(t.URL) {
		delete(values, name)
	}

	if hasBody(t.Method) {
		body, err = json.Marshal(values)
	} else {
		query = addQuery(query, values)
	}

	if query != "" {
		address += "?" + query
	}

	return address, body, err
}

func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// addQuery adds values to a query: texts as they are, a list as its name once for each value, nothing for
// null, and everything else as JSON.
func addQuery(query string, values map[string]json.RawMessage) string {
	more := url.Values{}

	for name, value := range values {
		var items []json.RawMessage
		if json.Unmarshal(value, &items) != nil {
			items = []json.RawMessage{value}
		}

		for _, item := range items {
			addValue(more, name, item)
		}
	}

	if query != "" && len(more) > 0 {
		query += "&"
	}

	return query + more.Encode()
}

func addValue(query url.Values, name string, value json.RawMessage) {
	text, ok := chat.ScalarText(value)

	switch {
	case ok:
		query.Add(name, text)
	case string(value) != "null":
		query.Add(name, string(value))
	}
}
