package fuzzapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handrail/chat"
)

// checkFurther repeats a request that has an Idempotency-Key, and requests the Location of its answer. It returns what
// is wrong with these answers.
func (t *trial) checkFurther(ctx context.Context, q *request, a *http.Response) []finding {
	if a.StatusCode >= http.StatusMultipleChoices || q.stray {
		return nil
	}

	var found []finding

	if q.method == http.MethodPost && q.header.Get("Idempotency-Key") != "" {
		found = append(found, t.checkRepeat(ctx, q, a)...)
	}

	if location := a.Header.Get("Location"); location != "" && q.by.Name == "manager" {
		found = append(found, t.checkLocation(ctx, q, location)...)
	}

	return found
}

// checkRepeat makes the request again with the same key, and returns what is wrong if it is refused.
func (t *trial) checkRepeat(ctx context.Context, q *request, first *http.Response) []finding {
	again, raw, err := q.send(ctx, t.client, t.Origin)
	if err != nil || again.StatusCode == http.StatusTooManyRequests {
		return nil
	}

	// Another request may have revoked its key meanwhile.
	if again.StatusCode == http.StatusUnauthorized {
		return nil
	}

	body, found := t.checker.check(ctx, q, again, raw)

	// An action that was running may have failed meanwhile.
	own := slices.Contains(q.op.codes[strconv.Itoa(again.StatusCode)], getText(asObject(body), "code"))
	failed := first.StatusCode == http.StatusAccepted && own

	// A summary is answered with its chat, which another request may have deleted meanwhile.
	gone := q.op.id == "summarizeChat" && getText(asObject(body), "code") == string(chat.CodeChatNotFound)

	refused := again.StatusCode >= http.StatusBadRequest && again.StatusCode < http.StatusInternalServerError

	if refused && !failed && !gone {
		found = append(found, finding{
			what:   "repeated, it is refused",
			detail: fmt.Sprintf("%d, then %d %s", first.StatusCode, again.StatusCode, clipText(raw)),
		})
	}

	return found
}

// checkLocation requests a Location, and returns what is wrong if nothing is there.
func (t *trial) checkLocation(ctx context.Context, q *request, location string) []finding {
	there := *q
	there.method = http.MethodGet
	there.target = location
	there.body = nil
	there.header = http.Header{"Authorization": q.header["Authorization"]}

	a, raw, err := there.send(ctx, t.client, t.Origin)
	if err != nil || a.StatusCode == http.StatusOK || a.StatusCode == http.StatusTooManyRequests {
		return nil
	}

	// Another request may have deleted it meanwhile, or revoked the key.
	if a.StatusCode == http.StatusUnauthorized {
		return nil
	}

	if a.StatusCode == http.StatusNotFound && strings.Contains(string(raw), "_not_found") {
		return nil
	}

	return []finding{{
		what:   "Location leads nowhere",
		detail: fmt.Sprintf("%s: %d %s", location, a.StatusCode, clipText(raw)),
	}}
}

var wholeNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)$`)

// judgeQuery sets mustFail if a parameter of the query is not what the document describes.
func (s *requests) judgeQuery(q *request, query url.Values) {
	for _, p := range q.op.parameters {
		given, has := query[p.name]
		if p.in != "query" || !has {
			continue
		}

		schema := s.parameters[q.op.id+" "+p.name]
		if schema != nil && schema.Validate(readParameter(p.schema, given[0])) != nil {
			q.mustFail = fmt.Sprintf("%s=%q is not what the document says", p.name, given[0])
		}
	}
}

// readParameter reads a value of the query as the type that its schema names.
func readParameter(schema object, text string) any {
	switch schema["type"] {
	case "integer", "number":
		if wholeNumber.MatchString(text) {
			return json.Number(text)
		}

	case "boolean":
		if text == "true" || text == "false" {
			return text == "true"
		}

	case "array":
		var list []any
		for word := range strings.SplitSeq(text, ",") {
			list = append(list, readParameter(asObject(schema["items"]), word))
		}

		return list
	}

	return text
}
