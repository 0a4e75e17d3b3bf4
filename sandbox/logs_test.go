package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

type logEntry struct {
	SGMessageID string            `json:"sg_message_id"`
	ToEmail     string            `json:"to_email"`
	FromEmail   string            `json:"from_email"`
	Subject     string            `json:"subject"`
	Status      string            `json:"status"`
	CreatedAt   time.Time         `json:"sg_message_id_created_at"`
	CustomArgs  map[string]string `json:"custom_args"`
	Events      []event           `json:"events"`
}

func (w *world) logs(t *testing.T, query string, limit int) answer {
	t.Helper()

	body, err := json.Marshal(map[string]any{"query": query, "limit": limit})
	require.NoError(t, err)

	return w.do(t, http.MethodPost, "/v3/logs", string(body), asSendGridCaller)
}

func (w *world) found(t *testing.T, query string) []logEntry {
	t.Helper()
	got := w.logs(t, query, 1000)
	require.Equal(t, http.StatusOK, got.status, got.body)
	var list struct{ Messages []logEntry }
	got.decode(t, &list)

	return list.Messages
}

func TestLogs(t *testing.T) {
	t.Parallel()
	w := setup(t, fastCallbacks)
	w.mail(t, validMail)
	w.mailSettled(t)
	w.mail(t, mailWithReplyTo)

	for query, want := range map[string]int{
		``:                                  2,
		`to_email="ana@customer.example"`:   2,
		`to_email = 'eve@customer.example'`: 0,
		`subject="Your order"`:              2,
		`status IN ('bounced', 'dropped')`:  0,
		`categories IN ("news")`:            0,
		`to_email="ana@customer.example" AND sg_message_id_created_at > TIMESTAMP "2026-01-01T00:00:00Z"`: 2,
		`sg_message_id_created_at > TIMESTAMP "2999-01-01T00:00:00Z"`:                                     0,
		`sg_message_id_created_at >= TIMESTAMP "2026-01-01T00:00:00Z" AND sg_message_id_created_at < TIMESTAMP ` +
			`"2999-01-01T00:00:00.5Z"`: 2,
	} {
		assert.Len(t, w.found(t, query), want, query)
	}

	all := w.found(t, "")
	oldest := all[1]
	assert.Equal(t, "ana@customer.example", oldest.ToEmail)
	assert.Equal(t, "delivered", oldest.Status)
	assert.False(t, oldest.CreatedAt.IsZero())
	assert.Equal(t, []logEntry{oldest}, w.found(t, `sg_message_id="`+oldest.SGMessageID+`"`))

	var detail logEntry
	w.do(t, http.MethodGet, "/v3/logs/"+oldest.SGMessageID, "", asSendGridCaller).decode(t, &detail)
	assert.Equal(t, map[string]string{"delivery_id": "d-1", "fence": "1"}, detail.CustomArgs)
	require.Len(t, detail.Events, 2)
	assert.Equal(t, "processed", detail.Events[0]["event"])
	assert.NotContains(t, detail.Events[0], "delivery_id", "they are not merged here")
}

func TestLogsRefuse(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for _, query := range []string{
		`delivery_id="1"`, `to_email > "a"`, `to_email IN ("a")`, `subject="a" OR subject="b"`, `status="delivered"`,
		`sg_message_id_created_at > "2026-01-01"`, `sg_message_id_created_at > TIMESTAMP "soon"`, `nonsense`,
	} {
		assert.Equal(t, http.StatusBadRequest, w.logs(t, query, 10).status, query)
	}

	assert.Equal(t, http.StatusBadRequest, w.logs(t, "", 0).status)
	assert.Equal(t, http.StatusBadRequest, w.logs(t, "", 1001).status)
	assert.Equal(t, http.StatusNotFound, w.do(t, http.MethodGet, "/v3/logs/other", "", asSendGridCaller).status)
	assert.Equal(t, http.StatusUnauthorized, w.do(t, http.MethodPost, "/v3/logs", "{}", nil).status)
	assert.Equal(t, http.StatusUnauthorized, w.do(t, http.MethodGet, "/v3/logs/other", "", nil).status)
}

func TestWhatIsHiddenIsNeverListed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.ListHide}))
	w.sms(t)
	w.mail(t, validMail)
	assert.Empty(t, w.list(t, messagesPath).Messages)
	assert.Empty(t, w.found(t, ""))
	assert.Equal(t, []sandbox.FaultKind{sandbox.ListHide}, w.Messages(sandbox.MessageFilter{})[0].Faults)
	assert.Equal(t, []sandbox.FaultKind{sandbox.ListHide}, w.Mails()[0].Faults)
	assert.Equal(
		t,
		http.StatusNotFound,
		w.do(t, http.MethodGet, "/v3/logs/"+w.Mails()[0].SGMessageID, "", asSendGridCaller).status,
	)
}

func TestListsLag(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.ListLag, Delay: time.Hour, Times: 2}))
	w.sms(t, "Body", "lagging")
	w.mail(t, validMail)
	w.sms(t, "Body", "prompt")
	assert.Equal(t, []string{"prompt"}, w.list(t, messagesPath).bodies())
	assert.Empty(t, w.found(t, ""))
	m := w.Messages(sandbox.MessageFilter{})[0]
	assert.Equal(
		t,
		http.StatusOK,
		w.do(t, http.MethodGet, "/2010-04-01/Accounts/"+account+"/Messages/"+m.SID+".json", "", asTwilioCaller).status,
	)

	assert.Equal(
		t,
		http.StatusNotFound,
		w.do(t, http.MethodGet, "/v3/logs/"+w.Mails()[0].SGMessageID, "", asSendGridCaller).status,
	)
}
