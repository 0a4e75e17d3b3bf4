package chat

import "slices"

// progressStatuses are what a provider reports before the end, the earliest first, and last our own
// word for an end that it never reported.
var progressStatuses = []DeliveryStatus{
	StatusNone,
	StatusScheduled,
	StatusAccepted,
	StatusQueued,
	StatusSending,
	StatusSent,
	StatusDeferred,
	StatusUnconfirmed,
}

// finalStatuses are what a provider reports in the end, the weakest first: of two that it has
// reported on one message, the later in its list stands, whichever came first.
var finalStatuses = map[Provider][]DeliveryStatus{
	// Of an SMS, carriers' receipts decide. A phone that has it proves that it has arrived, whatever
	// was said before: "undelivered" is also what Twilio says after it has waited for a receipt in
	// vain. "failed" and "canceled" are Twilio's own words from before a carrier had it
	// (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values).
	ProviderTwilio: {
		StatusBounced,
		StatusCanceled,
		StatusFailed,
		StatusUndelivered,
		StatusDelivered,
		StatusRead,
	},
	// Of an email, "delivered" means that the recipient's server took it, which may find out later
	// that nobody gets it: an asynchronous bounce
	// (https://www.twilio.com/docs/sendgrid/ui/sending-email/bounces). A bounce knows most, because
	// it is about the address; "undelivered" is a bounce of the type blocked, "failed" a drop
	// (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event). Complaints and
	// unsubscriptions are not here: they say nothing of where the email is.
	ProviderSendGrid: {
		StatusDelivered,
		StatusRead,
		StatusCanceled,
		StatusUndelivered,
		StatusFailed,
		StatusBounced,
	},
}

// DeliveryStatuses lists all of them, StatusNone included.
func DeliveryStatuses() []DeliveryStatus {
	all := slices.Concat(progressStatuses, finalStatuses[ProviderTwilio])
	slices.Sort(all)

	return all
}

// Rank orders what one provider reports on one message; statuses that are not known rank lowest. The
// steps are tens, as in the rows that earlier versions have stored.
func (s DeliveryStatus) Rank(by Provider) int {
	finals, known := finalStatuses[by]
	if !known {
		finals = finalStatuses[ProviderTwilio]
	}

	all := slices.Concat(progressStatuses, finals)

	return 10 * max(0, slices.Index(all, s))
}

// Supersedes reports whether hearing s after old from the provider changes what is known.
func (s DeliveryStatus) Supersedes(old DeliveryStatus, by Provider) bool {
	return s.Rank(by) > old.Rank(by)
}

// Final reports whether the provider has told its final status, or we have stopped waiting.
func (s DeliveryStatus) Final() bool { return s == StatusUnconfirmed || s.Arrived() || s.Lost() }

// contradicts reports whether one of the two says that the message arrived, and the other that it
// did not.
func (s DeliveryStatus) contradicts(other DeliveryStatus) bool {
	return s.Arrived() && other.Lost() || s.Lost() && other.Arrived()
}

// StatusEffect is what a report on a message that the provider took means for the message.
type StatusEffect string

// The effects.
const (
	// StatusKept: nothing changes but the delivery itself, if at all.
	StatusKept StatusEffect = ""
	// StatusLost: the message was thought to be on its way, or to have arrived, and is lost.
	StatusLost StatusEffect = "lost"
	// StatusLostOtherwise: it was lost before, and is now known better why.
	StatusLostOtherwise StatusEffect = "lost_otherwise"
	// StatusArrived: it was thought to be lost, and has arrived.
	StatusArrived StatusEffect = "arrived"
)

// RecordStatus takes in what the provider reports to have become of a message that it took. The
// delivery is the same afterwards in whichever order the reports on it come, and however often.
func (d *Delivery) RecordStatus(r *Report) StatusEffect {
	known := d.DeliveryStatus
	beaten := r.DeliveryStatus

	switch {
	case r.DeliveryStatus.Supersedes(known, d.Provider):
		d.takeStatus(r)

		beaten = known
	case r.DeliveryStatus == known && saysMore(r.ErrorCode, d.ErrorCode):
		d.takeStatus(r)
	}

	if beaten.contradicts(d.DeliveryStatus) && beaten.Supersedes(d.AlsoReported, d.Provider) {
		d.AlsoReported = beaten
	}

	switch {
	case d.DeliveryStatus.Lost() && !known.Lost():
		return StatusLost
	case d.DeliveryStatus.Lost() && (d.DeliveryStatus != known || r.DeliveryStatus == known):
		return StatusLostOtherwise
	case d.DeliveryStatus.Arrived() && known.Lost():
		return StatusArrived
	}

	return StatusKept
}

// takeStatus makes what is reported the delivery's status. What is on its way to a better end, or
// has come to one, has no error.
func (d *Delivery) takeStatus(r *Report) {
	d.DeliveryStatus = r.DeliveryStatus

	switch {
	case r.DeliveryStatus.Lost(), r.DeliveryStatus == StatusDeferred:
		d.ErrorCode = r.ErrorCode
		d.ErrorMessage = r.ErrorMessage
	case r.DeliveryStatus.Final():
		d.ErrorCode = ""
		d.ErrorMessage = ""
	}
}

// saysMore reports whether a code takes the place of another one for the same status: any of none,
// one that names a reason of one that does not, and of two the first by the alphabet, so that it
// does not matter which came first.
func saysMore(code, than string) bool {
	if code == "" || than == "" || code == than {
		return code != "" && than == ""
	}

	if namesReason(code) != namesReason(than) {
		return namesReason(code)
	}

	return code < than
}

// namesReason reports whether the code says more than which event it came with.
func namesReason(code string) bool {
	switch code {
	case CodeSendGridDeferred, CodeSendGridDropped, CodeSendGridBounce, CodeSendGridBlocked:
		return false
	}

	return true
}
