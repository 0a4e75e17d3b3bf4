package chat

import "time"

// Report is what a provider told about one message: a status callback, an event, or what
// its API answered when it was asked.
type Report struct {
	Provider Provider
	// Key tells this report from every other one; the same, told twice, has the same key.
	Key string
	// DeliveryID and Fence name the claim that the report belongs to, "" and 0 when the
	// provider does not say.
	DeliveryID        DeliveryID
	Fence             int64
	ProviderMessageID string
	// EmailMessageID is the Message-ID of an email of ours to which the report gives no other id,
	// and To the address that it went to.
	EmailMessageID string
	To             string
	// Type is the provider's own word: "delivered", "bounce".
	Type string
	// Accepts reports that the report proves that the provider took the message.
	Accepts bool
	// DeliveryStatus is what became of the message, StatusNone when the report does not say,
	// or says it with a word that we do not know.
	DeliveryStatus DeliveryStatus
	// ErrorCode is stable, "twilio_30003"; ErrorMessage is ours and names no address.
	ErrorCode    string
	ErrorMessage string
	// Segments is how many parts the provider charges, 0 when it does not say.
	Segments int
	// Suppress is why the recipient must not be written to any more, "" when it may.
	Suppress SuppressionReason
	// Lifts is the reason not to write to the recipient that they have taken back, "" for none.
	Lifts SuppressionReason
	// HappenedAt is when it happened by the provider's clock, zero if the provider does not say.
	HappenedAt time.Time
	// MadeAt is when the provider made the message, which only a look-up tells.
	MadeAt time.Time
	// Raw is the report as it came.
	Raw []byte
}

// Reported is what a report has changed.
type Reported struct {
	// Known is false for an orphan: a report on a message that is none of ours, kept as
	// evidence.
	Known bool
	// Repeated reports that the same report had been stored before; nothing was changed.
	Repeated bool
	// Changed reports that the delivery is not what it was.
	Changed bool
	// Routine reports that the change is a word in between: the provider was known to have
	// the message, and has still to say what became of it.
	Routine bool
	// Duplicate reports that the provider has taken a second message for the delivery.
	Duplicate bool
	// Settled reports that the delivery has a final status by it, or another one than before. AcceptedAt is
	// when the provider had taken the message, if it is the first one and that is known.
	Settled     bool
	AcceptedAt  *time.Time
	WorkspaceID WorkspaceID
	// WorkflowID is where the delivery is followed.
	WorkflowID string
	Snapshot   DeliverySnapshot
}

// ProviderQuery asks a provider for a message of which it is not known whether it was taken.
type ProviderQuery struct {
	DeliveryID DeliveryID
	Channel    Channel
	From, To   string
	Payload    Payload
	// Since and Until bound the time in which the provider may have taken it, with a
	// margin for clocks.
	Since, Until time.Time
}

// EventType of provider events that Handrail itself writes.
const (
	// EventDuplicate records that a provider took a delivery, or a delivery and its retry,
	// a second time: the recipient may have got the message twice.
	EventDuplicate = "duplicate_confirmed"
	// EventAmbiguous records the messages at the provider of which some may be the delivery's,
	// and some somebody else's.
	EventAmbiguous = "evidence_ambiguous"
)
