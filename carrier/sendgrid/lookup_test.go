package sendgrid_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/sendgrid"
	"handrail/chat"
)

const (
	longID  = "Xj5LmNkWSOqRbdvOpR34BA.recvd-85abf8d92c-3qfgp-2-7890E356-43C.1"
	shortID = "Xj5LmNkWSOqRbdvOpR34BA"
)

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// logs is a server with these messages in its logs, by their ids; what it is asked first.
type logs struct {
	messages map[string]string
	queries  []string
}

func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+key {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}

	if id, ok := strings.CutPrefix(r.URL.Path, "/v3/logs/"); ok && r.Method == http.MethodGet {
		if l.messages[id] == "" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"errors":[{"message":"message not found"}]}`)

			return
		}

		_, _ = io.WriteString(w, l.messages[id])

		return
	}

	var search struct {
		Query string `json:"query"`
		Limit int    `json:"limit"`
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v3/logs" || json.NewDecoder(r.Body).Decode(&search) != nil ||
		search.Limit != 100 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}

	l.queries = append(l.queries, search.Query)
	list := []json.RawMessage{}

	for _, message := range l.messages {
		var full map[string]any
		_ = json.Unmarshal([]byte(message), &full)
		delete(full, "custom_args")
		delete(full, "events")
		entry, _ := json.Marshal(full)
		list = append(list, entry)
	}

	_ = json.NewEncoder(w).Encode(map[string]any{"messages": list})
}

func loggedMessage(id, status, delivery, created, events string) string {
	return `{"from_email":"support@shop.example","sg_message_id":"` + id + `","subject":"Re: Order",` +
		`"to_email":"ana@mail.example","status":"` +
		status + `","sg_message_id_created_at":"` + created + `","api_key_id":"x","client_ip":"192.0.2.1","events":[` + events + `],
		"custom_args":{"delivery_id":"` + delivery + `","fence":"3"}}`
}

func askedClient(t *testing.T, handler http.Handler) *sendgrid.Client {
	t.Helper()

	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := sendgrid.New(sendgrid.Config{APIKey: key, BaseURL: server.URL})
	require.NoError(t, err)

	return c
}

func lookUp() chat.ProviderQuery {
	return chat.ProviderQuery{
		DeliveryID: deliveryID,
		Channel:    chat.ChannelEmail,
		From:       "support@shop.example",
		To:         "ana@mail.example",
		Payload:    chat.Payload{Subject: "Re: Order", Text: "a"},
		Since:      began,
		Until:      began.Add(5 * time.Minute),
	}
}

func TestFind(t *testing.T) {
	t.Parallel()

	l := &logs{messages: map[string]string{
		"b.recvd-1": loggedMessage("b.recvd-1", "delivered", deliveryID, "2026-11-22T10:01:00Z", ""),
		"a.recvd-1": loggedMessage(
			"a.recvd-1",
			"dropped",
			deliveryID,
			"2026-11-22T10:00:30+00:00",
			`{"event":"dropped","reason":"Bounced Address"}`,
		),
		"c.recvd-1": loggedMessage(
			"c.recvd-1",
			"delivered",
			"01935c2e-7d1a-7000-8000-000000000009",
			"2026-11-22T10:00:00Z",
			"",
		),
		"d.recvd-1": `{"sg_message_id":"d.recvd-1","status":"processed","sg_message_id_created_at":"2026-11-22T10:02:00Z",
			"events":[{"event":"processed","custom_args":{"delivery_id":"` + deliveryID + `","fence":"4"}}]}`,
	}}

	found, err := askedClient(t, l).Find(t.Context(), lookUp())
	require.NoError(t, err)
	require.Len(t, found, 3)

	assert.Equal(
		t,
		[]string{`to_email = "ana@mail.example" AND sg_message_id_created_at >= TIMESTAMP "2026-11-22T10:00:00Z"` +
			` AND sg_message_id_created_at <= TIMESTAMP "2026-11-22T10:05:01Z"`},
		l.queries,
	)

	assert.Equal(t, chat.Report{
		Provider:          chat.ProviderSendGrid,
		Key:               "lookup:sendgrid:a:dropped",
		MadeAt:            time.Date(2026, time.November, 22, 10, 0, 30, 0, time.UTC),
		DeliveryID:        deliveryID,
		Fence:             3,
		ProviderMessageID: "a",
		Type:              "dropped",
		Accepts:           true,
		DeliveryStatus:    chat.StatusFailed,
		ErrorCode:         "sendgrid_bounced_address",
		ErrorMessage:      "SendGrid did not send it: an earlier message to this address has bounced",
		Suppress:          chat.SuppressedBounce,
		Raw:               []byte(l.messages["a.recvd-1"]),
	}, found[0])

	assert.Equal(t, "b", found[1].ProviderMessageID)
	assert.Equal(t, int64(4), found[2].Fence, "the arguments are beside the events")
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	found, err := askedClient(t, &logs{}).Find(t.Context(), lookUp())
	require.NoError(t, err)
	assert.Empty(t, found)

	q := lookUp()
	q.To = `"x\"@mail.example`
	_, err = askedClient(t, http.NotFoundHandler()).Find(t.Context(), q)
	require.Error(t, err, "nothing can be slipped into a query")
}

func TestFetch(t *testing.T) {
	t.Parallel()

	for status, c := range map[string]struct {
		carrier  chat.DeliveryStatus
		suppress chat.SuppressionReason
	}{
		"processed":  {chat.StatusSending, ""},
		"delivered":  {chat.StatusDelivered, ""},
		"deferred":   {chat.StatusDeferred, ""},
		"dropped":    {chat.StatusFailed, ""},
		"bounced":    {chat.StatusBounced, chat.SuppressedBounce},
		"blocked":    {chat.StatusUndelivered, ""},
		"a new word": {chat.StatusNone, ""},
	} {
		l := &logs{messages: map[string]string{longID: loggedMessage(longID, status, deliveryID, "2026-11-22T10:01:00Z", "")}}
		for _, id := range []string{longID, shortID} {
			report, err := askedClient(t, l).Fetch(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, "lookup:sendgrid:"+shortID+":"+status, report.Key)
			assert.Equal(t, shortID, report.ProviderMessageID)
			assert.Equal(t, c.carrier, report.DeliveryStatus, status)
			assert.Equal(t, c.suppress, report.Suppress, status)
			assert.True(t, report.Accepts)
		}
	}
}

func TestFetchUnknown(t *testing.T) {
	t.Parallel()

	l := &logs{messages: map[string]string{longID: loggedMessage(longID, "delivered", deliveryID, "2026-11-22T10:01:00Z", "")}}
	for _, id := range []string{"", "other", "Xj5", "../mail/send", `a" OR "a`, "a b"} {
		_, err := askedClient(t, l).Fetch(t.Context(), id)
		require.Equal(t, chat.CodeNotFound, chat.CodeOf(err), id)
	}
}

func TestQuestionsThatFail(t *testing.T) {
	t.Parallel()

	answers := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}

	for name, answer := range map[string]http.HandlerFunc{
		"500":     answers(500, ""),
		"403":     answers(403, `{"errors":[{"message":"access forbidden"}]}`),
		"302":     answers(302, ""),
		"garbage": answers(200, `{"messages":[{`),
		"HTML":    answers(200, "<html>"),
		"empty":   answers(200, ""),
		"object":  answers(200, "{}"),
		"another": answers(200, loggedMessage("other", "delivered", deliveryID, "2026-11-22T10:01:00Z", "")),
		"a list of what cannot be read": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.WriteHeader(http.StatusBadGateway)
				return
			}

			_, _ = io.WriteString(w, `{"messages":[{"sg_message_id":"a",`+
				`"sg_message_id_created_at":"2026-11-22T10:01:00Z"}]}`)
		},
		"listed and not found": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.URL.Path != "/v3/logs/"+shortID {
				w.WriteHeader(http.StatusNotFound)
				return
			}

			_, _ = io.WriteString(w, `{"messages":[{"sg_message_id":"a",`+
				`"sg_message_id_created_at":"2026-11-22T10:01:00Z"}]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := askedClient(t, answer)
			_, finding := c.Find(t.Context(), lookUp())

			_, fetching := c.Fetch(t.Context(), shortID)
			for _, err := range []error{finding, fetching} {
				require.Error(t, err)
				require.NotEqual(t, chat.CodeNotFound, chat.CodeOf(err))
				require.NotContains(t, err.Error(), "mail.example")
				require.NotContains(t, err.Error(), key)
			}
		})
	}
}

func TestLogsThatAreNotThere(t *testing.T) {
	t.Parallel()
	_, err := askedClient(t, http.NotFoundHandler()).Find(t.Context(), lookUp())
	require.Error(t, err)
	require.NotEqual(t, chat.CodeNotFound, chat.CodeOf(err), "that is no empty list")
}

func TestTooManyQuestions(t *testing.T) {
	t.Parallel()

	c := askedClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}))

	_, finding := c.Find(t.Context(), lookUp())

	_, fetching := c.Fetch(t.Context(), shortID)
	for _, err := range []error{finding, fetching} {
		later, ok := errors.AsType[*chat.RetryLaterError](err)
		require.True(t, ok)
		assert.Equal(t, 7*time.Second, later.After)
		assert.Equal(t, "sendgrid_429", later.Code)
	}
}
