package service_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"handrail/chat"
)

// raw is a client of Temporal beside Handrail's own.
func (w *env) raw() client.Client {
	w.Helper()

	server, err := temporal()
	require.NoError(w, err)

	raw, err := client.DialContext(
		w.Context(),
		client.Options{
			HostPort:  server.Address(),
			Namespace: "default",
			Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		},
	)

	require.NoError(w, err)
	w.Cleanup(raw.Close)

	return raw
}

// recorded is a workflow as Temporal keeps it.
func (w *env) recorded(workflowID string) *historypb.History {
	w.Helper()
	raw := w.raw()
	var history historypb.History

	all := raw.GetWorkflowHistory(w.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for all.HasNext() {
		event, err := all.Next()
		require.NoError(w, err)

		history.Events = append(history.Events, event)
	}

	return &history
}

// historyText is all that stands in a history: as JSON, and its payloads as they are stored.
func historyText(history *historypb.History) string {
	stored := bytes.Join(collectPayloads(history.ProtoReflect()), []byte("\n"))
	return protojson.Format(history) + string(stored)
}

func TestEncryptedHistoriesHoldNoText(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withEncryption)
	secrets := []string{
		"hush-hush",
		"4155550101",
		"5005550001",
		"ana@customers",
		"wants-a-call",
		"order 7-1184",
		"Priya",
		w.secret,
	}

	sent := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("hush-hush", newToolCall("talk_to_human", map[string]any{"reason": "wants-a-call"})),
	)

	require.Equal(t, http.StatusOK, sent.status, sent.raw)

	mail := w.call("POST", sendPath(w.people.email.ID), sendBody("hush-hush"))
	require.Equal(t, http.StatusOK, mail.status, mail.raw)

	phone := "+15005550001"
	_, err := w.store.UpdateMember(
		t.Context(),
		w.ws,
		chat.Actor{MemberID: w.people.manager.ID},
		w.people.ana.ID,
		chat.MemberPatch{Phone: &phone},
	)

	require.NoError(t, err)

	refused := w.call("POST", sendPath(w.people.sms.ID), sendBody("hush-hush"))
	require.Equal(t, "delivery_failed", refused.at("code"), refused.raw)

	for _, id := range []any{sent.at("action_id"), mail.at("action_id"), refused.at("action_id")} {
		kept := historyText(w.recorded(chat.ActionWorkflowID(w.ws, chat.ActionID(id.(string)))))
		assert.Contains(t, kept, base64.StdEncoding.EncodeToString([]byte("binary/encrypted")))

		for _, secret := range secrets {
			assert.NotContains(t, kept, secret)
		}
	}
}

// TestASendIsCheap holds one SMS without tools, receipt included, to its cost.
func TestASendIsCheap(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		before := w.store.Transactions()
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Your order is on its way."))
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(r.at("action_id"))
		transactions := w.store.Transactions() - before
		require.Equal(t, "delivered", w.delivery(r.at("delivery", "id")).at("status"))
		history := w.recorded(chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string))))
		events, size := len(history.GetEvents()), proto.Size(history)
		t.Logf("one SMS with its receipt: %d events, %d bytes of history, %d transactions", events, size, transactions)
		assert.LessOrEqual(t, events, 16)
		assert.LessOrEqual(t, size, 6<<10)
		// Preparing with the claim, the acceptance, two reports, and the first use of the key.
		assert.LessOrEqual(t, transactions, int64(5))
	})
}

func TestOperatorsFindWorkflowsBySearchAttribute(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("On its way"))
	require.Equal(t, http.StatusOK, r.status, r.raw)
	w.awaitSettled(r.at("action_id"))
	id := chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))

	kept := historyText(w.recorded(id))
	for _, attribute := range []string{"HandrailWorkspace", "HandrailChat", "HandrailChannel", "HandrailStatus"} {
		assert.Contains(t, kept, attribute)
	}

	assert.NotContains(t, id, "4155550101")
}
