package api_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

// TestABodyOverItsLimitGetsItsAnswer sends bodies that are too large, whole, before it reads the answer: over a real
// connection, since it is the kernel that resets it.
func TestABodyOverItsLimitGetsItsAnswer(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	address := w.serve(t)
	body := strings.Repeat("x", 2<<20)

	head := "POST " + sendRequest.path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
		"Authorization: Bearer " + managerKey + "\r\n"

	for range 40 {
		announced := exchangeRaw(t, address, head+"Content-Length: 2097152\r\n\r\n"+body)
		require.Equal(t, http.StatusRequestEntityTooLarge, announced.StatusCode, announced.raw)

		chunked := exchangeRaw(t, address, head+"Transfer-Encoding: chunked\r\n\r\n200000\r\n"+body+"\r\n0\r\n\r\n")
		require.Equal(t, http.StatusRequestEntityTooLarge, chunked.StatusCode, chunked.raw)
		require.Contains(t, chunked.raw, `"code":"body_too_large"`)
	}

	w.requireUntouched(t)
}

// TestTheVersionIsTold looks for the version in answers of every kind, and asks for one that is none.
func TestTheVersionIsTold(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for _, path := range []string{"/healthz", "/nothing", workspaceURL("/chats"), workspaceURL("/chats?limit=x")} {
		a := w.do(t, request{method: http.MethodGet, path: path})
		assert.Equal(t, api.APIVersion, a.Header.Get("Handrail-Version"), path)
	}

	ask := func(version string) answer {
		return w.do(t, request{
			method:  http.MethodGet,
			path:    workspaceURL("/chats"),
			headers: map[string]string{"Handrail-Version": version},
		})
	}

	assert.Equal(t, http.StatusOK, ask(api.APIVersion).StatusCode)

	for _, unknown := range []string{"2019-01-01", "v2", "latest"} {
		requireProblem(t, ask(unknown), http.StatusBadRequest, "invalid_request", "header.Handrail-Version")
	}
}

// TestATagIsOfOneAnswerAndOneCaller asks again for what is known already, in all ways to say that, and as others.
func TestATagIsOfOneAnswerAndOneCaller(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	ask := func(key, known string) answer {
		return w.do(t, request{
			method:  http.MethodGet,
			path:    workspaceURL("/chats"),
			key:     key,
			headers: map[string]string{"If-None-Match": known},
		})
	}

	first := ask(managerKey, "")
	tag := first.Header.Get("ETag")
	assert.Regexp(t, `^"[0-9a-f]{32}"$`, tag, "a digest: a checksum of 32 bits would meet another one some day")

	for known, status := range map[string]int{
		tag:                    http.StatusNotModified,
		"W/" + tag:             http.StatusNotModified,
		`"other", W/` + tag:    http.StatusNotModified,
		"*":                    http.StatusNotModified,
		`"other"`:              http.StatusOK,
		strings.Trim(tag, `"`): http.StatusOK,
		tag[:len(tag)-1]:       http.StatusOK,
	} {
		again := ask(managerKey, known)
		assert.Equal(t, status, again.StatusCode, known)
		assert.Equal(t, tag, again.Header.Get("ETag"), "%s: also a 304 has its tag", known)
	}

	for _, known := range []string{tag, "*"} {
		assert.Equal(t, http.StatusUnauthorized, ask("hr_"+strings.Repeat("x", 40), known).StatusCode)
		assert.Equal(t, http.StatusForbidden, ask(userKey, known).StatusCode)
	}
}

// TestListsAreCompressedAndTagged asks for a list packed, and again with its ETag.
func TestListsAreCompressedAndTagged(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for _, path := range []string{workspaceURL("/chats"), "/openapi.json", "/docs/openapi.json"} {
		r := request{
			method:  http.MethodGet,
			path:    path,
			headers: map[string]string{"Accept-Encoding": "gzip"},
		}

		packed := w.do(t, r)
		require.Equal(t, http.StatusOK, packed.StatusCode, path)
		require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"), path)

		reader, err := gzip.NewReader(strings.NewReader(packed.raw))
		require.NoError(t, err)

		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		assert.Equal(t, w.do(t, request{method: http.MethodGet, path: path}).raw, string(text), path)

		r.headers["If-None-Match"] = packed.Header.Get("ETag")
		again := w.do(t, r)
		assert.Equal(t, http.StatusNotModified, again.StatusCode, path)
		assert.Empty(t, again.raw, path)
	}
}

// TestNullClearsWhatPatchChanges gives null to fields of each kind, and to one that needs a value.
func TestNullClearsWhatPatchChanges(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	a := w.do(t, request{
		method: http.MethodPatch,
		path:   workspaceURL("/chats/7"),
		body:   `{"title":null,"assistant_member_id":null,"phone_number_id":null,"external_id":null}`,
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.ChatPatch{
		Title:             new(""),
		AssistantMemberID: new(chat.MemberID(0)),
		PhoneNumberID:     new(chat.PhoneNumberID(0)),
		ExternalID:        new(""),
	}, w.store.chatPatch)

	a = w.do(t, request{method: http.MethodPatch, path: workspaceURL("/members/42"), body: `{"email":null}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.MemberPatch{Email: new("")}, w.store.memberPatch)

	a = w.do(t, request{method: http.MethodPatch, path: workspaceURL("/members/42"), body: `{"name":null}`})
	requireProblem(t, a, http.StatusBadRequest, "invalid_request", "name")
}

// TestASuppressionIsMadeOnce enters an address, again, and looks for it.
func TestASuppressionIsMadeOnce(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	enter := func(body string) answer {
		return w.do(t, request{method: http.MethodPost, path: workspaceURL("/suppressions"), body: body})
	}

	a := enter(`{"channel":"phone-sms","address":"+14155550123","reason":"she has asked"}`)
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, "+14155550123", a.json["address"])
	assert.Equal(t, "manual", a.json["reason"])
	assert.NotEmpty(t, a.Header.Get("Location"))

	a = enter(`{"channel":"phone-sms","address":"+14155550123","reason":"again"}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	for body, field := range map[string]string{
		`{"channel":"phone-sms","address":"+14155550123"}`:                         "reason",
		`{"channel":"phone-sms","address":"ana","reason":"x"}`:                     "address",
		`{"channel":"web-chat","address":"ana","reason":"x"}`:                      "channel",
		`{"channel":"email","address":"ana@example.com","reason":" "}`:             "reason",
		`{"channel":"email","address":"a@b.com","reason":"x","phone_number_id":1}`: "phone_number_id",
	} {
		requireProblem(t, enter(body), http.StatusBadRequest, "invalid_request", field)
	}

	a = w.do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/suppressions?address=%2B14155550123&reason=manual,opt_out"),
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "+14155550123", w.store.suppressionFilter.Address)
	assert.Len(t, w.store.suppressionFilter.Reasons, 2)
}

// TestListsAreSortedAndNarrowed asks lists for several values, an order, and what has changed.
func TestListsAreSortedAndNarrowed(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	ask := func(path string) answer { return w.do(t, request{method: http.MethodGet, path: workspaceURL(path)}) }

	for _, states := range []string{"state=open,closed", "state=open&state=closed"} {
		a := ask("/chats?" + states + "&needs=attention&sort=-updated_at&updated_since=2026-11-22T10:00:00Z&total=true&limit=0")
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

		f := w.store.chatFilter
		assert.Equal(t, []chat.State{chat.StateOpen, chat.StateClosed}, f.States, states)
		assert.Equal(t, chat.Page{Sort: "-updated_at", Total: true}, f.Page)
		assert.Equal(t, 2026, f.UpdatedSince.Year())
		assert.Equal(t, chat.MatterAttention, f.Needs)
	}

	a := ask("/deliveries?status=unknown,needs_review&channel=email&order=asc&failed_for_good=true")
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []string{"unknown", "needs_review"}, w.store.deliveryFilter.Words.Statuses)
	assert.Empty(t, w.store.deliveryFilter.Words.Channels)
	assert.Equal(t, chat.ChannelEmail, w.store.deliveryFilter.Channel)
	assert.Equal(t, chat.Ascending, w.store.deliveryFilter.Order)
	assert.True(t, w.store.deliveryFilter.FailedForGood)

	requireProblem(t, ask("/chats?needs=money"), http.StatusBadRequest, "invalid_request", "query.needs")

	a = ask("/chat-labels?order=desc&total=true&limit=1")
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.NotZero(t, a.json["total"])

	requireProblem(t, ask("/members?kind=person&kind=assistant"), http.StatusBadRequest, "invalid_request", "query.kind")
}
