package db_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestQueriesOfReceiptsUseIndexes is about what providers and operators ask for: no table is
// read as a whole, and these indexes serve.
func TestQueriesOfReceiptsUseIndexes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now()

		fillWorkspace(t, s, w)
		bulk, err := s.BeginBulkRetry(t.Context(), w.NewBulkRetry(chat.DeliveryFilter{}), "bulk:1")
		require.NoError(t, err)

		for name, test := range map[string]struct {
			ask     func(context.Context, *db.Store) error
			indexes []string
		}{
			"report": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.RecordReport(ctx, chat.Report{
					Provider:          chat.ProviderTwilio,
					Key:               "k1",
					DeliveryID:        "1000005",
					ProviderMessageID: "SM1",
					Accepts:           true,
					DeliveryStatus:    chat.StatusDelivered,
				}, now))
			}, []string{"deliveries_retry_of"}},
			"orphan": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.RecordReport(ctx, chat.Report{Provider: chat.ProviderTwilio, Key: "k2", ProviderMessageID: "SM2"}, now))
			}, []string{"deliveries"}},
			"report by Message-ID": {func(ctx context.Context, s *db.Store) error {
				if err := errorOf(s.Bun().NewRaw(`UPDATE messages SET email_message_id = '<1000007@example.com>'
					WHERE workspace_id = ? AND id = '1000007'`, w.Workspace).Exec(ctx)); err != nil {
					return err
				}

				return errorOf(s.RecordReport(ctx, chat.Report{
					Provider:       chat.ProviderTwilio,
					Key:            "k3",
					EmailMessageID: "<1000007@example.com>",
				}, now))
			}, []string{"messages_email", "deliveries_of_message"}},
			"unsubscription": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.RecordReport(ctx, chat.Report{
					Provider:   chat.ProviderTwilio,
					Key:        "k4",
					DeliveryID: "1000006",
					Suppress:   chat.SuppressedGroup,
				}, now))
			}, []string{"suppressions_lifted"}},
			"inbound SMS": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.ReceiveInbound(ctx, newText("+14155550123", "hello"), inboundID(), now))
			}, []string{"phone_numbers_one_workspace", "members_phone", "contributor_asks"}},
			"inbound email": {func(ctx context.Context, s *db.Store) error {
				in := newMail("ana@example.com", "hello")
				in.ReplyTokens, in.References = []string{"nothing"}, []string{"<nothing@example.com>"}

				return errorOf(s.ReceiveInbound(ctx, in, inboundID(), now))
			}, []string{"inboxes_one_workspace", "deliveries_reply_token", "messages_email", "members_email"}},
			"stop": {func(ctx context.Context, s *db.Store) error {
				in := newText("+14155550123", "STOP")
				in.Keyword = chat.KeywordStop

				return errorOf(s.ReceiveInbound(ctx, in, inboundID(), now))
			}, []string{"deliveries_by_status"}},
			"stale deliveries": {func(ctx context.Context, s *db.Store) error {
				_, _, err := s.StaleDeliveries(ctx, now, time.Minute, 10)
				return err
			}, []string{"deliveries_unsettled", "deliveries_unreceipted"}},
			"retry candidates": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.RetryCandidates(ctx, chat.BulkStep{
					WorkspaceID: w.Workspace,
					Filter:      chat.DeliveryFilter{Status: "rejected"},
					Limit:       10,
				}))
			}, []string{"deliveries", "tool_calls"}},
			"suppressions": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Suppressions(ctx, w.Workspace, chat.SuppressionFilter{Page: pageOfTen()}))
			}, []string{"suppressions"}},
			"a bulk retry": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.BulkRetry(ctx, w.Workspace, bulk.ID))
			}, []string{"deliveries_of_bulk_retry", "bulk_skips"}},
			"tools": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Tools(ctx, w.Workspace, chat.ToolFilter{Page: pageOfTen()}))
			}, []string{"tools"}},
			"approvals": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Approvals(ctx, w.Workspace, []chat.ApprovalState{chat.ApprovalWaiting}, pageOfTen()))
			}, []string{"approvals_newest"}},
			"tool calls that wait": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.ToolCalls(ctx, w.Workspace, chat.ToolCallFilter{
					States: []chat.ToolCallState{chat.ToolCallUnknown},
					Page:   pageOfTen(),
				}))
			}, []string{"tool_calls_open", "messages"}},
			"messages of a tool call": {func(ctx context.Context, s *db.Store) error {
				_, err := s.ToolCallMessages(ctx, w.Workspace, w.SMS.ID, "call_1", pageOfTen())
				requireCode(t, chat.CodeToolCallNotFound, err)

				return nil
			}, []string{"tool_calls", "messages"}},
			"open questions": {func(ctx context.Context, s *db.Store) error {
				open := chat.ContributorFilter{States: requestStates{chat.RequestOpen}, Page: pageOfTen()}
				return errorOf(s.ContributorRequests(ctx, w.Workspace, open))
			}, []string{"contributor_requests_open"}},
			"questions of a chat": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.ContributorRequests(ctx, w.Workspace, chat.ContributorFilter{ChatID: w.SMS.ID, Page: pageOfTen()}))
			}, []string{"contributor_requests_of_chat"}},
			"bound ids": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.MessageOwners(ctx, chat.ProviderTwilio, []string{"SM1", "SM2"}))
			}, []string{"deliveries", "provider_events_duplicates"}},
			"duplicates": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.CountDuplicates(ctx))
			}, []string{"provider_events_duplicates"}},
			"deliveries that may have been sent twice": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{
					Duplicate: chat.DuplicateFilter{Possible: true, Confirmed: true},
					Page:      pageOfTen(),
				}))
			}, []string{"deliveries_duplicates"}},
			"rivals for evidence": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.EvidenceRivals(ctx, w.Workspace, "1000005"))
			}, []string{"deliveries_evidence_any"}},
		} {
			watch := &watcher{}
			require.NoError(t, test.ask(t.Context(), s.Watched(watch)), name)
			var plans []string

			for _, query := range watch.queries {
				plan := explainQuery(t, s, query)
				assert.NotContains(t, plan, "Seq Scan", "%s: %s", name, query)
				// Tables have short names; parts of a query may be read as a whole.
				assert.NotRegexp(t, `(?m)^ *SCAN \w{1,2}$`, plan, "%s: %s", name, query)
				plans = append(plans, plan)
			}

			for _, index := range test.indexes {
				assert.Contains(t, strings.Join(plans, "\n"), index, name)
			}
		}
	})
}
