package chat

import (
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

// WebhookEndpointID identifies an address of somebody's program that is told of events.
type WebhookEndpointID int64

// WebhookAttemptID is the UUIDv7 of one post to a webhook endpoint.
type WebhookAttemptID string

// MaxWebhookEndpoints is how many webhook endpoints a workspace may have: each has a workflow of its own.
const MaxWebhookEndpoints = 50

const (
	maxWebhookURL         = 2000
	maxWebhookDescription = 500
)

// WebhookPayload is how much a webhook tells.
type WebhookPayload string

// The payloads.
const (
	// PayloadThin has ids, states, one sentence and where to read more: nothing that is a secret of the customer's.
	PayloadThin WebhookPayload = "thin"
	// PayloadFull also has the text of the message or the summary that the event is about.
	PayloadFull WebhookPayload = "full"
)

// WebhookPayloads lists the payloads.
func WebhookPayloads() []WebhookPayload { return []WebhookPayload{PayloadThin, PayloadFull} }

// WebhookDisabledReason is why an endpoint is told nothing; "" while it is enabled.
type WebhookDisabledReason string

// The reasons.
const (
	// WebhookDisabledByMember: somebody has switched it off.
	WebhookDisabledByMember WebhookDisabledReason = "member"
	// WebhookGone: the receiver has answered 410, which asks for no more.
	WebhookGone WebhookDisabledReason = "gone"
	// WebhookFailing: nothing has arrived for [WebhookPatience].
	WebhookFailing WebhookDisabledReason = "failing"
)

// WebhookDisabledReasons lists the reasons.
func WebhookDisabledReasons() []WebhookDisabledReason {
	return []WebhookDisabledReason{WebhookDisabledByMember, WebhookGone, WebhookFailing}
}

// WebhookEndpoint is an address that is told of a workspace's events, in their order.
type WebhookEndpoint struct {
	ID          WebhookEndpointID
	WorkspaceID WorkspaceID
	URL         string
	Description string
	// Types are the types of events that it is told of; none is all of them.
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

// IsSwitchOff reports whether a patch does no more than to switch the endpoint off, which needs no further right.
func (p *WebhookEndpointPatch) IsSwitchOff() bool {
	others := p.URL != nil || p.Description != nil || p.Types != nil || p.Payload != nil

	return !others && p.Enabled != nil && !*p.Enabled
}

// Validate checks an endpoint to be stored: CodeInvalidRequest naming the field. Whether its address may be reached is
// for the one who reaches it to say.
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

	seen := map[EventType]bool{}

	for _, kind := range e.Types {
		switch {
		case !kind.Valid():
			return Invalid("types", "must be types of events, like delivery.delivered: %q is none", kind)
		case seen[kind]:
			return Invalid("types", "must have each type once: %s is there twice", kind)
		}

		seen[kind] = true
	}

	return nil
}

// Apply changes the endpoint as a patch asks, and checks what comes of it. A lane that is switched on again begins
// where it has stopped, without the waits that it had.
func (e *WebhookEndpoint) Apply(p *WebhookEndpointPatch) error {
	if p.URL != nil && *p.URL != e.URL {
		e.URL = *p.URL
		e.Lane.forgiveTrouble()
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
		e.Lane.forgiveTrouble()
	default:
		e.disable(WebhookDisabledByMember)
	}

	return e.Validate()
}

func (e *WebhookEndpoint) disable(reason WebhookDisabledReason) {
	e.Enabled = false
	e.DisabledReason = reason
}

// NeedsToRead reports whether whoever changes the endpoint must be allowed to read chats, since texts go to it.
func (e *WebhookEndpoint) NeedsToRead() bool { return e.Payload == PayloadFull }

// WebhookAttempt is one post of one event, and what came of it.
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

// MayHaveTexts reports whether the answer may have texts of chats: a receiver may send back what it was told.
func (a *WebhookAttempt) MayHaveTexts() bool { return a.EventType != EventTestPing }

// WebhookAttemptFilter narrows a list of attempts.
type WebhookAttemptFilter struct {
	EventID EventID
	// Failed leaves out, if true, those that have arrived.
	Failed bool
	Page   Page
}

// WebhookStep names an endpoint to a step of its workflow.
type WebhookStep struct {
	WorkspaceID WorkspaceID       `json:"workspace_id"`
	EndpointID  WebhookEndpointID `json:"endpoint_id"`
}

// WebhookProgress is how an endpoint's lane stands after a step.
type WebhookProgress struct {
	// Ended is an endpoint that is told nothing: it was deleted, or is disabled.
	Ended bool `json:"ended,omitempty"`
	// More says that there is something to post now.
	More bool `json:"more,omitempty"`
	// Retrying says that the lane waits because a post has failed: new events change nothing.
	Retrying bool `json:"retrying,omitempty"`
	// In is when something is to be posted; 0 if nothing is.
	In time.Duration `json:"in,omitempty"`
	// Explanation says how it stands, in words.
	Explanation string `json:"explanation"`
}

// WebhookTry is one event whose turn it is.
type WebhookTry struct {
	Event Event
	// Texts are what the full payload adds.
	Texts WebhookTexts
	// Aside is an event that is tried on its own schedule, not in the lane.
	Aside bool
	// Tries is how often it was tried before.
	Tries int
	// Position is where the lane must still stand for the outcome to move it.
	Position int64
}

// WebhookBatch is what is to be posted now, in this order.
type WebhookBatch struct {
	Endpoint WebhookEndpoint
	Tries    []WebhookTry
}

// Progress says how the lane stands at a time.
func (b *WebhookBatch) Progress(now time.Time) WebhookProgress {
	progress := WebhookProgress{
		Ended:       !b.Endpoint.Enabled,
		More:        len(b.Tries) > 0,
		Retrying:    b.Endpoint.Lane.LaneWaits(now),
		Explanation: b.Endpoint.Explain(now),
	}

	if next := b.Endpoint.Lane.NextTry(now); next != nil {
		progress.In = max(next.Sub(now), time.Millisecond)
	}

	return progress
}

// WebhookResult is what a post has come to, to be stored.
type WebhookResult struct {
	WebhookStep

	AttemptID WebhookAttemptID
	// Posted is the endpoint as it was when the event was posted to it.
	Posted WebhookEndpoint
	Try    WebhookTry
	Answer WebhookAnswer
	At     time.Time
}

// Counts reports whether the outcome moves the endpoint as it is now. It does not if the endpoint is disabled, if it
// has another URL, whose receiver was told of nothing, or if the lane stands elsewhere.
func (r *WebhookResult) Counts(now *WebhookEndpoint) bool {
	return now.Enabled && now.URL == r.Posted.URL && (r.Try.Aside || now.Lane.Position == r.Try.Position)
}

// GoesOn reports whether what was read together with the event may be posted next: the event has arrived, and nobody
// has changed, disabled or set back the endpoint since.
func (r *WebhookResult) GoesOn(now *WebhookEndpoint) bool {
	return r.Answer.Arrived() && r.Counts(now) && now.UpdatedAt.Equal(r.Posted.UpdatedAt)
}
