package service_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

func TestWhatAToolHasDoneIsTakenBackWhenTheMessageDoesNotArrive(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "cancel", map[string]any{"idempotent": true}))

		w.defineTool(
			httpTool(
				d,
				"book",
				map[string]any{
					"undo": map[string]any{"tool": "cancel", "arguments": map[string]any{"what": "$result.booking_id"}},
				},
			),
		)

		w.setFaults(sandbox.Fault{Kind: "refuse", To: "+14155550101"})

		r := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody(
				"Booked.",
				newToolCall("book", map[string]any{"what": "a"}),
				newToolCall("add_label", map[string]any{"label": "vip"}),
			),
		)

		require.Equal(t, "delivery_failed", r.at("code"), r.raw)
		action := r.at("action_id").(string)

		w.eventually(func() bool {
			return w.call("GET", "/actions/"+action, nil).
				at("message", "tool_calls", 0, "undo", "status") == "succeeded"
		})

		require.Len(t, d.calls(), 2)
		assert.Equal(t, "/cancel", d.calls()[1].path)
		assert.JSONEq(t, `{"what":"b-1"}`, d.calls()[1].body)
		w.setFaults()

		again := w.call(
			"POST",
			"/deliveries/"+r.at("delivery_id").(string)+"/retry",
			map[string]any{"reason": "try again"},
		)

		assert.Equal(
			t,
			http.StatusConflict,
			again.status,
			"the message would say what is no longer true: %s",
			again.raw,
		)
	})
}

func TestARetryThatDoesNotArriveTakesBackToo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withShortWaits, allowHost(d.Server))
	w.defineTool(httpTool(d, "cancel", map[string]any{"idempotent": true}))
	w.defineTool(httpTool(d, "book", map[string]any{"undo": map[string]any{"tool": "cancel"}}))
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1})
	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
	)
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	id := r.at("delivery", "id").(string)

	w.eventually(func() bool { return w.delivery(id).at("status") == "needs_review" })
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse})
	again := w.call("POST", "/deliveries/"+id+"/retry", map[string]any{
		"to":                    "+14155550199",
		"reason":                "new number",
		"acknowledge_duplicate": true,
	})
	require.Equal(t, "delivery_failed", again.at("code"), again.raw)
	w.awaitSettled(again.at("action_id"))
	w.awaitSettled(r.at("action_id"))
	shown := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
	assert.Equal(t, "succeeded", shown.at("message", "tool_calls", 0, "undo", "status"), shown.raw)
	require.Len(t, d.calls(), 2, "one of the two workflows takes it back")
	assert.Equal(t, "/cancel", d.calls()[1].path)
}
