package db

import (
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// waitingOfDelivery is what the delivery d waits for. It says in SQL what [chat.Delivery.Standing] says of what is
// loaded; a test holds that both say the same. Its parameters are those of [waitingOf].
const waitingOfDelivery = `COALESCE(
	CASE WHEN d.submission = 'pending' AND d.fence = 0 AND d.error_code NOT IN ?0 AND ` + toolsUnfinished + ` THEN (
		SELECT CASE WHEN EXISTS (SELECT 1 FROM approvals AS ap
			WHERE ap.workspace_id = m.workspace_id AND ap.id = m.action_id AND ap.state = 'waiting') THEN 'approval'
		WHEN ` + hasCall + `t.state = 'unknown') THEN 'tool_decision'
		WHEN ` + hasCall + `t.undoes IS NULL AND t.state = 'waiting') THEN 'contributor'
		WHEN ` + hasCall + `t.state IN ('pending', 'running')) THEN 'tool'
		END FROM messages AS m WHERE m.workspace_id = d.workspace_id AND m.action_id = d.action_id) END,
	CASE ` + waitsItself + ` ELSE '' END)`

// filterDeliveryWaits narrows a query of a workspace's deliveries, d, to what waits for any of the words. Those that
// have not ended are found by the index of statuses first, so that what has ended costs nothing.
func filterDeliveryWaits(q *bun.SelectQuery, ws chat.WorkspaceID, words []chat.Waiting) {
	q.
		Where("d.id IN (SELECT x.id FROM deliveries AS x WHERE x.workspace_id = ? AND x.status IN ?)",
			ws, bun.Tuple(listWaitingStatuses(words))).
		Where(waitingOfDelivery+" IN ?3", append(waitingArgs(), bun.Tuple(words))...)
}

// listWaitingStatuses returns the statuses of deliveries that may wait for any of the words. Those that wait for a
// receipt are many, and are read only if they are asked for.
func listWaitingStatuses(words []chat.Waiting) []chat.SubmissionState {
	statuses := slices.DeleteFunc(chat.SubmissionStates(), chat.SubmissionState.Settled)
	if !slices.Contains(words, chat.WaitingReceipt) {
		return statuses
	}

	return append(statuses, chat.SubmissionAccepted)
}
