package chat

import "time"

// Report is what a carrier told about one message: a status callback, an event, or what
// its API answered when it was asked.
type Report struct {
	Provider Provider
	// Key tells this report from every other one; the same, told twice, has the same key.
	Key string
	// DeliveryID and Fence name the claim that the report belongs to, "" and 0 when the
	// carrier does not say.
	DeliveryID        DeliveryID
	Fence             int64
	ProviderMessageID string
	// Type is the carrier's own word: "delivered", "bounce".
	Type string
	// Accepts tells that the report proves that the carrier took the message.
	Accepts bool
	// Carrier is what became of the message, CarrierNone when the report does not say,
	// or says it with a word that we do not know.
	Carrier CarrierState
	// ErrorCode is stable, "twilio_30003"; ErrorMessage is ours and names no address.
	ErrorCode    string
	ErrorMessage string
	// Segments is how many parts the carrier charges, 0 when it does not say.
	Segments int
	// Suppress is why the recipient must not be written to any more, "" when it may.
	Suppress SuppressionReason
	// Raw is the report as it came.
	Raw []byte
}

// Reported is what a report has changed.
type Reported struct {
	// Known is false for an orphan: a report on a message that is none of ours, kept as
	// evidence.
	Known bool
	// Repeated tells that the same report had been stored before; nothing was changed.
	Repeated bool
	// Changed tells that the delivery is not what it was.
	Changed bool
	// Routine tells that the change is a word in between: the carrier was known to have
	// the message, and has still to say what became of it.
	Routine bool
	// Duplicate tells that the carrier has taken a second message for the delivery.
	Duplicate   bool
	WorkspaceID WorkspaceID
	// WorkflowID is where the delivery is followed.
	WorkflowID string
	Receipt    Receipt
}

// LookUp asks a carrier for a message of which it is not known whether it was taken.
type LookUp struct {
	DeliveryID DeliveryID
	Channel    Channel
	From, To   string
	Payload    Payload
	// Since and Until bound the time in which the carrier may have taken it, with a
	// margin for clocks.
	Since, Until time.Time
}

// EventType of provider events that Handrail itself writes.
const (
	// EventDuplicate records that a carrier took a delivery, or a delivery and its retry,
	// a second time: the recipient may have got the message twice.
	EventDuplicate = "duplicate_confirmed"
)
