package db_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// permuteReports calls with every order of the reports.
func permuteReports(reports []chat.Report, call func([]chat.Report)) {
	if len(reports) < 2 {
		call(reports)
		return
	}

	for i := range reports {
		rest := append(append([]chat.Report{}, reports[:i]...), reports[i+1:]...)
		permuteReports(rest, func(order []chat.Report) {
			call(append([]chat.Report{reports[i]}, order...))
		})
	}
}

// outcome is what reports on one message have come to.
type outcome struct {
	status, code  string
	also          chat.DeliveryStatus
	message       chat.MessageState
	needsResponse bool
	reason        string
	suppressions  string
}

// TestReportsAreStoredTheSameInEveryOrder brings each set of reports in every order, each on a
// message of its own.
func TestReportsAreStoredTheSameInEveryOrder(t *testing.T) {
	t.Parallel()

	for name, set := range map[string]struct {
		email bool
		kinds []chat.Report
		want  outcome
	}{
		"bounced after delivered": {
			email: true,
			kinds: []chat.Report{
				{Type: "processed", Accepts: true, DeliveryStatus: chat.StatusSending},
				{Type: "delivered", Accepts: true, DeliveryStatus: chat.StatusDelivered},
				{
					Type:           "bounce",
					Accepts:        true,
					DeliveryStatus: chat.StatusBounced,
					ErrorCode:      "sendgrid_5.1.1",
					Suppress:       chat.SuppressedBounce,
				},
			},
			want: outcome{
				status:        "bounced",
				code:          "sendgrid_5.1.1",
				also:          chat.StatusDelivered,
				message:       chat.MessageNotSent,
				needsResponse: true,
				reason:        "A message was not delivered: SendGrid reports it as bounced (sendgrid_5.1.1).",
				suppressions:  "bounce",
			},
		},
		"complaints change no delivery": {
			email: true,
			kinds: []chat.Report{
				{Type: "delivered", Accepts: true, DeliveryStatus: chat.StatusDelivered},
				{Type: "spamreport", Suppress: chat.SuppressedSpam},
				{Type: "unsubscribe", Suppress: chat.SuppressedUnsubscribe},
			},
			want: outcome{status: "delivered", message: chat.MessageSent, suppressions: "spam_report"},
		},
		"undelivered, and delivered after all": {
			kinds: []chat.Report{
				{Type: "failed", Accepts: true, DeliveryStatus: chat.StatusFailed, ErrorCode: "twilio_30001"},
				{Type: "undelivered", Accepts: true, DeliveryStatus: chat.StatusUndelivered, ErrorCode: "twilio_30003"},
				{Type: "delivered", Accepts: true, DeliveryStatus: chat.StatusDelivered},
			},
			want: outcome{status: "delivered", also: chat.StatusUndelivered, message: chat.MessageSent},
		},
		"lost twice": {
			kinds: []chat.Report{
				{Type: "failed", Accepts: true, DeliveryStatus: chat.StatusFailed, ErrorCode: "twilio_30001"},
				{Type: "sent", Accepts: true, DeliveryStatus: chat.StatusSent},
				{Type: "undelivered", Accepts: true, DeliveryStatus: chat.StatusUndelivered, ErrorCode: "twilio_30003"},
			},
			want: outcome{
				status:        "undelivered",
				code:          "twilio_30003",
				message:       chat.MessageNotSent,
				needsResponse: true,
				reason:        "A message was not delivered: Twilio reports it as undelivered (twilio_30003).",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				permuteReports(set.kinds, func(order []chat.Report) {
					assert.Equal(t, set.want, reportInOrder(t, s, set.email, order), "%v", typesOf(order))
				})
			})
		})
	}
}

func typesOf(reports []chat.Report) []string {
	types := make([]string, len(reports))
	for i := range reports {
		types[i] = reports[i].Type
	}

	return types
}

// reportInOrder sends a message in a world of its own, and brings the reports on it.
func reportInOrder(t *testing.T, s *db.Store, email bool, order []chat.Report) outcome {
	t.Helper()

	w, clock := dbtest.Seed(t, s), newClock()
	id, provider := w.SMS.ID, chat.ProviderTwilio

	if email {
		id, provider = w.Email.ID, chat.ProviderSendGrid
	}

	sent, d := sendNow(t, s, w, id, clock.now)
	acceptDelivery(t, s, w, &d, "PM-"+string(d.ID), clock.now)

	for i, report := range order {
		report.Provider = provider
		report.DeliveryID = d.ID
		report.Fence = d.Fence
		report.ProviderMessageID = "PM-" + string(d.ID)
		report.Key = fmt.Sprintf("%s:%s", d.ID, report.Type)
		report.HappenedAt = clock.now.Add(time.Duration(-i) * time.Second)
		reporter{t, s, clock}.report(report)
	}

	after, _, message, c := readStanding(t, s, w, &sent)
	got := outcome{
		status:        after.Status(),
		code:          after.ErrorCode,
		also:          after.AlsoReported,
		message:       message.State,
		needsResponse: c.NeedsResponse,
		reason:        c.AttentionReason,
	}

	require.Len(t, after.Events, len(order), "every report is kept")

	list, err := s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
	require.NoError(t, err)

	for i := range list.Items {
		got.suppressions += string(list.Items[i].Reason)
	}

	return got
}

// TestALossThatWasNoneLeavesWhatElseNeedsAResponse takes back a loss while a member's message waits.
func TestALossThatWasNoneLeavesWhatElseNeedsAResponse(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}

		first, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		addMessage(t, s, w, w.SMS.ID, "where is it?")
		r.report(newCallback(&d, "SM1", chat.StatusUndelivered))
		r.report(newCallback(&d, "SM1", chat.StatusDelivered))

		_, _, _, c := readStanding(t, s, w, &first)
		assert.True(t, c.NeedsResponse, "the member's message")
		assert.Empty(t, c.AttentionReason)
	})
}

// TestTwoLossesOfWhichOneWasNone keep the response that the other one needs.
func TestTwoLossesOfWhichOneWasNone(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}

		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &first, "SM1", clock.now)
		sent, second := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &second, "SM2", clock.now)

		r.report(newCallback(&first, "SM1", chat.StatusUndelivered))
		r.report(newCallback(&second, "SM2", chat.StatusUndelivered))
		r.report(newCallback(&second, "SM2", chat.StatusDelivered))

		_, _, _, c := readStanding(t, s, w, &sent)
		assert.True(t, c.NeedsResponse)
		assert.Equal(t, "A message was not delivered: Twilio reports it as undelivered (twilio_30003).", c.AttentionReason)
	})
}

// TestAResubscriptionIsTheLastWord brings what a recipient has said, twice each, in every order.
func TestAResubscriptionIsTheLastWord(t *testing.T) {
	t.Parallel()

	begin := newClock().now.Add(-time.Hour)
	said := func(minute int, report chat.Report) chat.Report {
		report.HappenedAt = begin.Add(time.Duration(minute) * time.Minute)
		report.Type = strconv.Itoa(minute)

		return report
	}

	leave := chat.Report{Suppress: chat.SuppressedGroup}
	back := chat.Report{Lifts: chat.SuppressedGroup}
	bounce := chat.Report{Suppress: chat.SuppressedBounce}
	everything := chat.Report{Suppress: chat.SuppressedUnsubscribe}

	for name, set := range map[string]struct {
		said []chat.Report
		want chat.SuppressionReason
	}{
		"left, and came back":             {[]chat.Report{said(1, leave), said(2, back)}, ""},
		"came back, and left":             {[]chat.Report{said(1, leave), said(2, back), said(3, leave)}, "group_unsubscribe"},
		"came back to a dead address":     {[]chat.Report{said(1, leave), said(2, bounce), said(3, back)}, "bounce"},
		"left everything, and came back":  {[]chat.Report{said(1, everything), said(2, leave), said(3, back)}, "unsubscribe"},
		"came back, and left everything":  {[]chat.Report{said(1, leave), said(2, back), said(3, everything)}, "unsubscribe"},
		"came back without having left":   {[]chat.Report{said(2, back)}, ""},
		"left in the second of coming in": {[]chat.Report{said(1, leave), said(1, chat.Report{Lifts: chat.SuppressedGroup, Segments: 1})}, "group_unsubscribe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				permuteReports(set.said, func(order []chat.Report) {
					w, clock := dbtest.Seed(t, s), newClock()
					_, d := sendNow(t, s, w, w.Email.ID, clock.now)
					acceptDelivery(t, s, w, &d, "PM-"+string(d.ID), clock.now)

					for _, report := range order {
						report.Provider = chat.ProviderSendGrid
						report.DeliveryID = d.ID
						report.Key = fmt.Sprintf("%s:%s:%s", d.ID, report.Type, report.Lifts)
						reporter{t, s, clock}.report(report)
					}

					list, err := s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
					require.NoError(t, err)

					var reason chat.SuppressionReason

					if len(list.Items) > 0 {
						require.Len(t, list.Items, 1)
						reason = list.Items[0].Reason
					}

					assert.Equal(t, set.want, reason, "%v", typesOf(order))
				})
			})
		})
	}
}

// TestABounceIsFoundByOurMessageID has a bounce that names neither SendGrid's id nor ours.
func TestABounceIsFoundByOurMessageID(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		sent, d := sendNow(t, s, w, w.Email.ID, clock.now)
		acceptDelivery(t, s, w, &d, "sg1", clock.now)
		r.report(chat.Report{
			Provider:          chat.ProviderSendGrid,
			ProviderMessageID: "sg1",
			Type:              "delivered",
			Accepts:           true,
			DeliveryStatus:    chat.StatusDelivered,
		})

		own := fmt.Sprintf("<%s@handrail.example>", sent.MessageID)
		_, err := s.Bun().
			NewRaw("UPDATE messages SET email_message_id = ? WHERE workspace_id = ? AND id = ?", own, w.Workspace, sent.MessageID).
			Exec(t.Context())
		require.NoError(t, err)

		bounce := func(key, id, to string) chat.Reported {
			return r.report(chat.Report{
				Provider:       chat.ProviderSendGrid,
				Key:            key,
				Type:           "bounce",
				EmailMessageID: id,
				To:             to,
				Accepts:        true,
				DeliveryStatus: chat.StatusBounced,
				ErrorCode:      "sendgrid_5.1.1",
				Suppress:       chat.SuppressedBounce,
			})
		}

		assert.False(t, bounce("1", fmt.Sprintf("<%s@other.example>", sent.MessageID), d.To).Known, "not our domain")
		assert.False(t, bounce("2", own, "other@example.com").Known, "not its recipient")
		assert.True(t, bounce("3", own, d.To).Changed)

		after, _, message, c := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{"bounced", chat.MessageNotSent, true}, []any{after.Status(), message.State, c.NeedsResponse})
		assert.Equal(t, chat.StatusDelivered, after.AlsoReported)
		assert.True(t, bounce("3", own, d.To).Repeated)
	})
}
