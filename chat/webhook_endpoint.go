package chat

import (
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

// WebhookEndpointID identifies a webhook endpoint.
type WebhookEndpointID int64

// WebhookAttemptID is the UUIDv7 of one post to a webhook endpoint.
type WebhookAttemptID string

// MaxWebhookEndpoints is how many webhook endpoints a workspace may have: each has a workflow of its own.
const MaxWebhookEndpoints = 50

const (
	maxWebhookURL         = 2000
	maxWebhookDescription = 500
)

// WebhookPayload is how much a webhook says of an event.
type WebhookPayload string

// The payloads.
const (
	// PayloadThin has ids, states, one sentence and a link: no text and no address of a customer.
	PayloadThin WebhookPayload = "thin"
	// PayloadFull also has the text of the message or the summary that the event is about.
	PayloadFull WebhookPayload = "full"
)

// WebhookPayloads lists the payloads.
func WebhookPayloads() []WebhookPayload { return []WebhookPayload{PayloadThin, PayloadFull} }

// WebhookDisabledReason is why an endpoint is disabled, "" while it is enabled.
type WebhookDisabledReason string

// The reasons.
const (
	// WebhookDisabledByMember: somebody has switched it off.
	WebhookDisabledByMember WebhookDisabledReason = "member"
	// WebhookGone: the receiver has answered 410, which asks for no more.
	WebhookGone WebhookDisabledReason = "gone"
	// WebhookFailing: nothing has arrived for [WebhookDisabledAfter].
	WebhookFailing WebhookDisabledReason = "failing"
)

// WebhookDisabledReasons lists the reasons.
func WebhookDisabledReasons() []WebhookDisabledReason {
	return []WebhookDisabledReason{WebhookDisabledByMember, WebhookGone, WebhookFailing}
}

// WebhookEndpoint is an address of somebody's program, to which a workspace's events are posted in their order.
type WebhookEndpoint struct {
	ID          WebhookEndpointID
	WorkspaceID WorkspaceID
	URL         string
	Description string
	// Types are the types of events that are posted; if empty, all are.
	Types          []EventType
	Payload        WebhookPayload
	Enabled        bool
	DisabledReason WebhookDisabledReason
	// Sealed are its signing keys, encrypted.
	Sealed    []byte
	Lane      WebhookLane
	CreatedAt time.Time
	UpdatedAt time.Time
}

// WebhookEndpointPatch changes the fields that are not nil.
type WebhookEndpointPatch struct {
	URL         *string
	Description *string
	Types       *[]EventType
	Payload     *WebhookPayload
	Enabled     *bool
}

// IsSwitchOff reports whether the patch only disables the endpoint, which needs no right to read chats.
func (p *WebhookEndpointPatch) IsSwitchOff() bool {
	others := p.URL != nil || p.Description != nil || p.Types != nil || p.Payload != nil

	return !others && p.Enabled != nil && !*p.Enabled
}

// Validate checks an endpoint that is to be stored. Whether posts may go to its address is checked by whoever posts.
// Errors: CodeInvalidRequest, which names the field.
func (e *WebhookEndpoint) Validate() error {
	u, err := url.Parse(e.URL)

	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(e.URL) > maxWebhookURL:
		return Invalid("url", "must be a URL like https://example.com/handrail of at most %d characters", maxWebhookURL)
	case utf8.RuneCountInString(e.Description) > maxWebhookDescription:
		return Invalid("description", "must be at most %d characters", maxWebhookDescription)
	case !slices.Contains(WebhookPayloads(), e.Payload):
		return Invalid("payload", "must be thin or full")
	}

	for _, kind := range e.Types {
		if !kind.Valid() {
			return Invalid("types", "must be types of events, like delivery.delivered: %q is none", kind)
		}
	}

	return nil
}

// Apply applies a patch, and validates the result. With another URL, or when it is enabled again, its lane goes on
// where it has stopped, without the waits that it had. Errors: those of [WebhookEndpoint.Validate].
func (e *WebhookEndpoint) Apply(p *WebhookEndpointPatch) error {
	if p.URL != nil && *p.URL != e.URL {
		e.URL = *p.URL
		e.Lane.resetTries()
	}

	if p.Description != nil {
		e.Description = *p.Description
	}

	if p.Types != nil {
		e.Types = slices.Clone(*p.Types)
	}

	if p.Payload != nil {
		e.Payload = *p.Payload
	}

	switch {
	case p.Enabled == nil || *p.Enabled == e.Enabled:
	case *p.Enabled:
		e.Enabled = true
		e.DisabledReason = ""
		e.Lane.resetTries()
	default:
		e.disable(WebhookDisabledByMember)
	}

	return e.Validate()
}

func (e *WebhookEndpoint) disable(reason WebhookDisabledReason) {
	e.Enabled = false
	e.DisabledReason = reason
}

// NeedsToRead reports whether a caller who changes the endpoint must have the right to read chats, because texts are
// posted to it.
func (e *WebhookEndpoint) NeedsToRead() bool { return e.Payload == PayloadFull }

// WebhookAttempt is one post of one event, and its outcome.
type WebhookAttempt struct {
	ID         WebhookAttemptID
	EndpointID WebhookEndpointID
	EventID    EventID
	EventType  EventType
	// Sequence is that of the event; 0 for a test.
	Sequence int64
	// Number counts the posts of the event since it was first tried, or was replayed.
	Number int
	At     time.Time
	WebhookAnswer
}

// WebhookAttemptFilter narrows a list of attempts.
type WebhookAttemptFilter struct {
	EventID EventID
	// Failed selects those that have not arrived.
	Failed bool
	Page   Page
}

// WebhookStep names an endpoint. It is the input of the endpoint's workflow and of its steps.
type WebhookStep struct {
	WorkspaceID WorkspaceID       `json:"workspace_id"`
	EndpointID  WebhookEndpointID `json:"endpoint_id"`
}

// WebhookProgress is how an endpoint's lane stands after a step.
type WebhookProgress struct {
	// Ended reports that the endpoint was deleted, or is disabled.
	Ended bool `json:"ended,omitempty"`
	// More reports that there is something to post now.
	More bool `json:"more,omitempty"`
	// Retrying reports that the lane waits because a post has failed. New events do not end the wait.
	Retrying bool `json:"retrying,omitempty"`
	// In is how long to wait until something is to be posted, 0 if nothing is.
	In time.Duration `json:"in,omitempty"`
	// Explanation says in a sentence how the endpoint stands.
	Explanation string `json:"explanation"`
}

// WebhookTry is one event that is to be posted.
type WebhookTry struct {
	Event Event
	// Texts are the texts of the full payload.
	Texts WebhookTexts
	// Aside reports that the event is tried on its own schedule, not in the lane.
	Aside bool
	// Tries is how often it was tried before.
	Tries int
	// FirstWait is how long to wait after the first try has failed; 0 for [WebhookFirstWait]. Later waits are longer in
	// the same proportion.
	FirstWait time.Duration
	// Position is where the lane stood. The outcome moves the lane only if it still stands there.
	Position int64
}

// WebhookBatch is what is to be posted to an endpoint now, in this order.
type WebhookBatch struct {
	Endpoint WebhookEndpoint
	Tries    []WebhookTry
}

// Progress returns how the lane stands at a time.
func (b *WebhookBatch) Progress(now time.Time) WebhookProgress {
	progress := WebhookProgress{
		Ended:       !b.Endpoint.Enabled,
		More:        len(b.Tries) > 0,
		Retrying:    b.Endpoint.Lane.LaneWaits(now),
		Explanation: b.Endpoint.Explain(now),
	}

	if next := b.Endpoint.Lane.NextTry(now); next != nil {
		// 0 would mean that nothing waits.
		progress.In = max(next.Sub(now), time.Millisecond)
	}

	return progress
}

// WebhookResult is the outcome of a post, as it is to be stored.
type WebhookResult struct {
	WebhookStep

	AttemptID WebhookAttemptID
	Try       WebhookTry
	Answer    WebhookAnswer
	At        time.Time
}
