package service_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"
)

const busyServer = "The model's server takes no more requests for now (429 Too Many Requests, rate_limit_exceeded). " +
	"It is asked again at "

// A summary whose model's server is busy says so wherever somebody looks for it.
func TestASummaryExplainsItsWaitForTheModel(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		s := newScribe(t)
		s.busy("600", 1)

		w := newEnv(t, url, s.option)
		base := fmt.Sprintf("/chats/%d", w.people.sms.ID)
		workflowID := fmt.Sprintf("summary:%s:%d", w.ws, w.people.sms.ID)

		r := w.call("POST", base+"/summarize", nil, "Prefer", "respond-async")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		action := "/actions/" + r.at("action_id").(string)

		w.eventually(func() bool {
			return w.call("GET", action, nil).at("explanation") != "It is being carried out."
		})

		r = w.call("GET", action, nil)
		said := r.at("explanation")
		assert.Contains(t, said, busyServer)
		assert.Equal(t, "running", r.at("state"))
		assert.Equal(t, said, r.at("timeline", 1, "what"))
		assert.Equal(t, said, w.call("GET", base+"/summaries", nil).at("items", 0, "explanation"))

		raw := w.raw()
		asked, err := raw.QueryWorkflow(t.Context(), workflowID, "", "__temporal_workflow_metadata")
		require.NoError(t, err)

		var metadata sdkpb.WorkflowMetadata

		require.NoError(t, asked.Get(&metadata))
		assert.Equal(t, said, metadata.GetCurrentDetails())
		assert.Equal(t, []any{said}, w.timers(workflowID))

		require.NoError(t, raw.CancelWorkflow(t.Context(), workflowID, ""))

		r = w.call("GET", action+"?wait=30", nil)
		assert.Equal(t, []any{"failed", nil}, []any{r.at("state"), r.at("waiting_for")}, r.raw)
		assert.Contains(t, r.raw, "canceled in Temporal")
		assert.Equal(t, 1, s.asked())
	})
}

func TestASummaryGoesOnAfterItsWaitForTheModel(t *testing.T) {
	t.Parallel()

	s := newScribe(t)
	s.busy("1", 1)

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", s.option)
	r := w.summarize("")
	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.Equal(t, 2, s.asked())

	timers := w.timers(fmt.Sprintf("summary:%s:%d", w.ws, w.people.sms.ID))
	require.Len(t, timers, 1)
	assert.Contains(t, timers[0], busyServer)
	assert.Nil(t, w.summaries()[0].ModelWait)
}

// An automatic summary is an action, too, which its version names.
func TestAnAutomaticSummaryExplainsItsWaitForTheModel(t *testing.T) {
	t.Parallel()

	s := newScribe(t)
	s.busy("600", 1)

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", s.option)
	r := w.call("PATCH", "/summary-settings", map[string]any{"every_messages": 1})
	require.Equal(t, http.StatusOK, r.status, r.raw)

	path := fmt.Sprintf("/chats/%d/messages", w.people.sms.ID)
	r = w.call("POST", path, map[string]any{"content": "Hello?"})
	require.Equal(t, http.StatusCreated, r.status, r.raw)

	w.eventually(func() bool {
		versions := w.summaries()
		return len(versions) > 0 && versions[0].ModelWait != nil
	})

	v := w.summaries()[0]
	assert.True(t, v.Automatic)
	r = w.call("GET", "/actions/"+string(v.ActionID), nil)
	assert.Contains(t, r.at("explanation"), busyServer)
}

// timers are the summaries of a workflow's timers.
func (w *env) timers(workflowID string) []any {
	w.Helper()

	var summaries []any

	for _, event := range w.recorded(workflowID).GetEvents() {
		if event.GetTimerStartedEventAttributes() == nil {
			continue
		}

		var summary string
		err := converter.GetDefaultDataConverter().FromPayload(event.GetUserMetadata().GetSummary(), &summary)
		require.NoError(w, err)

		summaries = append(summaries, summary)
	}

	return summaries
}
