package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// statusReports are reports on one message, each with its code, as the provider makes them.
var statusReports = map[chat.Provider][]chat.Report{
	chat.ProviderTwilio: {
		{DeliveryStatus: chat.StatusSent},
		{DeliveryStatus: chat.StatusFailed, ErrorCode: "twilio_30001"},
		{DeliveryStatus: chat.StatusUndelivered, ErrorCode: "twilio_30003"},
		{DeliveryStatus: chat.StatusUndelivered, ErrorCode: "twilio_30008"},
		{DeliveryStatus: chat.StatusDelivered},
		{DeliveryStatus: chat.StatusRead},
	},
	chat.ProviderSendGrid: {
		{DeliveryStatus: chat.StatusDeferred, ErrorCode: "sendgrid_4.2.2"},
		{DeliveryStatus: chat.StatusDeferred, ErrorCode: chat.CodeSendGridDeferred},
		{DeliveryStatus: chat.StatusDelivered},
		{DeliveryStatus: chat.StatusUndelivered, ErrorCode: chat.CodeSendGridBlocked},
		{DeliveryStatus: chat.StatusFailed, ErrorCode: chat.CodeSendGridDropped},
		{DeliveryStatus: chat.StatusBounced, ErrorCode: "sendgrid_5.1.1"},
		{}, // a complaint says nothing of where the email is
	},
}

// TestReportsComeToTheSameInEveryOrder tries every set of reports in every order.
func TestReportsComeToTheSameInEveryOrder(t *testing.T) {
	t.Parallel()

	for provider, reports := range statusReports {
		for set := range 1 << len(reports) {
			var chosen []chat.Report

			for i := range reports {
				if set&(1<<i) != 0 {
					chosen = append(chosen, reports[i])
				}
			}

			var first *chat.Delivery

			permute(chosen, func(order []chat.Report) {
				d := chat.Delivery{Provider: provider, Submission: chat.SubmissionAccepted}
				losses := 0

				for i := range order {
					switch d.RecordStatus(&order[i]) {
					case chat.StatusLost:
						losses++
					case chat.StatusArrived:
						losses--
					case chat.StatusKept, chat.StatusLostOtherwise:
					}
				}

				if d.DeliveryStatus.Lost() != (losses == 1) || losses > 1 {
					require.Fail(t, "each loss is told once, and taken back if it was none", "%v", order)
				}

				if first == nil {
					first = &d
				}

				if standing(first) != standing(&d) {
					require.Equal(t, standing(first), standing(&d), "%v", order)
				}
			})
		}
	}
}

// standing is what reports come to.
func standing(d *chat.Delivery) [4]string {
	return [4]string{string(d.DeliveryStatus), string(d.AlsoReported), d.ErrorCode, d.ErrorMessage}
}

// permute calls with every order of the reports.
func permute(reports []chat.Report, call func([]chat.Report)) {
	var swap func(int)

	swap = func(from int) {
		if from >= len(reports)-1 {
			call(reports)
			return
		}

		for i := from; i < len(reports); i++ {
			reports[from], reports[i] = reports[i], reports[from]
			swap(from + 1)
			reports[from], reports[i] = reports[i], reports[from]
		}
	}

	swap(0)
}

func TestWhichReportCounts(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		provider chat.Provider
		heard    []chat.DeliveryStatus
		want     chat.DeliveryStatus
		also     chat.DeliveryStatus
	}{
		{chat.ProviderTwilio, []chat.DeliveryStatus{"undelivered", "delivered"}, "delivered", "undelivered"},
		{chat.ProviderTwilio, []chat.DeliveryStatus{"delivered", "failed"}, "delivered", "failed"},
		{chat.ProviderTwilio, []chat.DeliveryStatus{"failed", "undelivered"}, "undelivered", ""},
		{chat.ProviderTwilio, []chat.DeliveryStatus{"delivered", "read", "undelivered"}, "read", "undelivered"},
		{chat.ProviderTwilio, []chat.DeliveryStatus{"unconfirmed", "delivered"}, "delivered", ""},
		{chat.ProviderSendGrid, []chat.DeliveryStatus{"delivered", "bounced"}, "bounced", "delivered"},
		{chat.ProviderSendGrid, []chat.DeliveryStatus{"delivered", "failed"}, "failed", "delivered"},
		{chat.ProviderSendGrid, []chat.DeliveryStatus{"delivered", "undelivered"}, "undelivered", "delivered"},
		{chat.ProviderSendGrid, []chat.DeliveryStatus{"delivered", "deferred"}, "delivered", ""},
	} {
		permuteStatuses(tt.heard, func(heard []chat.DeliveryStatus) {
			d := chat.Delivery{Provider: tt.provider, Submission: chat.SubmissionAccepted}
			for _, status := range heard {
				d.RecordStatus(&chat.Report{DeliveryStatus: status})
			}

			assert.Equal(t, tt.want, d.DeliveryStatus, "%v", heard)
			assert.Equal(t, tt.also, d.AlsoReported, "%v", heard)
		})
	}
}

func permuteStatuses(statuses []chat.DeliveryStatus, call func([]chat.DeliveryStatus)) {
	reports := make([]chat.Report, len(statuses))
	for i := range statuses {
		reports[i].DeliveryStatus = statuses[i]
	}

	permute(reports, func(order []chat.Report) {
		heard := make([]chat.DeliveryStatus, len(order))
		for i := range order {
			heard[i] = order[i].DeliveryStatus
		}

		call(heard)
	})
}

func TestAContradictionIsTold(t *testing.T) {
	t.Parallel()

	bounced := chat.Delivery{
		Provider:       chat.ProviderSendGrid,
		Submission:     chat.SubmissionAccepted,
		DeliveryStatus: chat.StatusBounced,
		AlsoReported:   chat.StatusDelivered,
		ErrorCode:      "sendgrid_5.1.1",
		ErrorMessage:   "the recipient's mailbox does not exist",
	}

	assert.Equal(
		t,
		"SendGrid accepted the message, and it did not arrive: it reports it as bounced (sendgrid_5.1.1, the "+
			"recipient's mailbox does not exist). It has also reported it as delivered; bounced counts. Retry it with "+
			"another address.",
		bounced.Explain(),
	)

	snapshot := bounced.Snapshot()
	assert.Equal(t, bounced.Explain(), snapshot.Explain())

	arrived := chat.Delivery{
		Provider:       chat.ProviderTwilio,
		Submission:     chat.SubmissionAccepted,
		DeliveryStatus: chat.StatusDelivered,
		AlsoReported:   chat.StatusUndelivered,
		RetriedBy:      "d-2",
		Events: []chat.ProviderEvent{
			{Provider: chat.ProviderTwilio, Type: "undelivered"},
			{Provider: chat.ProviderTwilio, Type: "delivered"},
		},
	}

	assert.Equal(
		t,
		"Twilio accepted the message and reports it as delivered. It has also reported it as undelivered; delivered "+
			"counts. It was tried again as delivery d-2.",
		arrived.Explain(),
	)

	moments := arrived.Timeline()
	assert.Equal(t, "Twilio reports it as undelivered. What counts is delivered.", moments[0].What)
	assert.Equal(t, "Twilio reports it as delivered.", moments[1].What)
}
