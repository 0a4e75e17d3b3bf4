package service_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"
	"go.temporal.io/sdk/client"

	"handrail/chat"
	"handrail/sandbox"
	"handrail/workflows"
)

// lockChat holds the row of a chat until it is released.
func lockChat(t *testing.T, url string, id chat.ChatID) (release func()) {
	t.Helper()

	var pool *sql.DB

	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		var err error

		pool, err = sql.Open("sqlite", file)
		require.NoError(t, err)
	} else {
		pool = sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	}

	tx, err := pool.BeginTx(t.Context(), nil)
	require.NoError(t, err)

	_, err = tx.ExecContext(t.Context(), fmt.Sprintf("UPDATE chats SET title = title WHERE id = %d", id))
	require.NoError(t, err)

	return func() {
		require.NoError(t, tx.Rollback())
		require.NoError(t, pool.Close())
	}
}

// TestTerminatedWhileItsFirstStepWaits: an operator terminates a send in Temporal while its first step
// waits for a lock in the database, and goes on with it later. Nobody reads meanwhile that nothing was
// sent, and what is told then is what has happened.
func TestTerminatedWhileItsFirstStepWaits(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		// That the key is used is noted now, before the lock.
		w.call("GET", fmt.Sprintf("/chats/%d", w.people.sms.ID), nil)

		release := lockChat(t, url, w.people.sms.ID)
		begun := w.store.Transactions()
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Prefer", "respond-async")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)

		w.eventually(func() bool { return w.store.Transactions() > begun })

		id := r.at("action_id").(string)
		workflow := chat.ActionWorkflowID(w.ws, chat.ActionID(id))
		require.NoError(t, w.raw().TerminateWorkflow(t.Context(), workflow, "", "by mistake"))

		told := w.call("GET", "/actions/"+id, nil)
		assert.Equal(t, http.StatusServiceUnavailable, told.status, told.raw)
		assert.NotContains(t, told.raw, "nothing was sent")

		release()

		told = w.call("GET", "/actions/"+id, nil)
		require.Equal(t, http.StatusOK, told.status, told.raw)
		assert.NotContains(t, told.raw, "nothing was sent")

		w.eventually(func() bool { return len(w.box.Messages(sandbox.MessageFilter{})) == 1 })
	})
}

// TestAResumedSendThatIsRefused was ended before it had begun, and is taken up again when its recipient
// has withdrawn the consent. Whoever asks for it is told that, and it is sent when there is consent again.
func TestAResumedSendThatIsRefused(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		in := chat.SendAssistantMessage{Message: "Hello"}
		in.ActionID = chat.DeriveActionID(string(w.ws), "k")
		in.WorkspaceID = w.ws
		in.ChatID = w.people.sms.ID
		in.By = chat.Actor{MemberID: w.people.manager.ID}
		in.AcceptedAt = time.Now()

		// Its first task would come in an hour.
		_, err := w.raw().ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID:                    in.WorkflowID(),
			TaskQueue:             w.config.TaskQueue,
			StartDelay:            time.Hour,
			TypedSearchAttributes: workflows.StartAttributes(in.Request),
		}, string(chat.ActionSendAssistantMessage), in)
		require.NoError(t, err)
		require.NoError(t, w.raw().TerminateWorkflow(t.Context(), in.WorkflowID(), "", "by mistake"))

		path := "/actions/" + string(in.ActionID)
		told := w.call("GET", path, nil)
		require.Equal(t, "action_ended", told.at("problem", "code"), told.raw)

		consent := func(as string) {
			w.patchMember(w.people.ana.ID, map[string]any{"consent": map[string]any{"phone-sms": as}})
		}
		resume := func() {
			r := w.call("POST", path+"/resume", map[string]any{"reason": "by mistake"})
			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			w.awaitSettled(string(in.ActionID))
		}

		consent("revoked")

		for range 2 {
			resume()

			told = w.call("GET", path, nil)
			assert.Equal(t, "failed", told.at("state"), told.raw)
			assert.Equal(t, "recipient_opted_out", told.at("problem", "code"), told.raw)
			assert.NotContains(t, told.raw, "terminated")
		}

		same := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Idempotency-Key", "k")
		assert.Equal(t, "recipient_opted_out", same.at("code"), same.raw)
		assert.Equal(t, told.at("problem", "detail"), same.at("detail"))
		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))

		consent("granted")
		resume()

		told = w.call("GET", path, nil)
		assert.Equal(t, "succeeded", told.at("state"), told.raw)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}
