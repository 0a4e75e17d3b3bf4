package chat

import "time"

// webhookWaits are the waits after the tries of one event: after the first one that has failed, the second one, and
// so on. When they have run out, the event is not tried again by itself. Where another first wait is configured, all
// of them are in proportion to it.
var webhookWaits = []time.Duration{
	5 * time.Second,
	30 * time.Second,
	2 * time.Minute,
	5 * time.Minute,
	30 * time.Minute,
	2 * time.Hour,
	5 * time.Hour,
	10 * time.Hour,
	14 * time.Hour,
	20 * time.Hour,
	24 * time.Hour,
}

const (
	// webhookLaneTries is how often the lane tries an event before it steps aside.
	webhookLaneTries = 3
	// WebhookDisabledAfter is how long an endpoint may fail, without any success, until it is disabled.
	WebhookDisabledAfter = 5 * 24 * time.Hour
	// MaxWebhookRetryAfter is the longest wait that a receiver may ask for.
	MaxWebhookRetryAfter = 24 * time.Hour
	// WebhookTimeout is how long a receiver may take to answer.
	WebhookTimeout = 10 * time.Second
	// statusGone is the HTTP status by which a receiver wants no more events: RFC 9110, 15.5.11.
	statusGone = 410
	// MaxWebhookAnswer is how many bytes of an answer are read and kept.
	MaxWebhookAnswer = 1 << 10
)

// WebhookFirstWait is the first of the waits between the tries of one event, unless another one is configured.
const WebhookFirstWait = 5 * time.Second

// WebhookWaits are the waits between the tries of one event.
func WebhookWaits() []time.Duration { return append([]time.Duration(nil), webhookWaits...) }

// waitAfter returns how long to wait after so many tries have failed.
func (t *WebhookTry) waitAfter(tries int) time.Duration {
	wait := webhookWaits[tries-1]
	if t.FirstWait == 0 {
		return wait
	}

	times := wait / WebhookFirstWait

	return t.FirstWait * time.Duration(int64(times))
}

// WebhookFault is why a post has failed, or was not made; "" if it has arrived.
type WebhookFault string

// The faults.
const (
	WebhookTimedOut          WebhookFault = "timeout"
	WebhookConnectionFailed  WebhookFault = "connection_failed"
	WebhookAddressRefused    WebhookFault = "address_refused"
	WebhookSecretUnreadable  WebhookFault = "secret_unreadable"
	WebhookRedirectNotTaken  WebhookFault = "redirect_not_followed"
	WebhookStatusNotAccepted WebhookFault = "status_not_accepted"
)

// WebhookFaults lists the faults.
func WebhookFaults() []WebhookFault {
	return []WebhookFault{
		WebhookTimedOut,
		WebhookConnectionFailed,
		WebhookAddressRefused,
		WebhookSecretUnreadable,
		WebhookRedirectNotTaken,
		WebhookStatusNotAccepted,
	}
}

// WebhookAnswer is what a receiver has answered.
type WebhookAnswer struct {
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Fault is why the post has failed, "" if it has arrived.
	Fault WebhookFault
	// Body is how the answer begins.
	Body     string
	Duration time.Duration
	// RetryAfter is for how long the receiver wants no posts, 0 if it has not said so.
	RetryAfter time.Duration
}

// Arrived reports whether the receiver has taken the event.
func (a *WebhookAnswer) Arrived() bool { return a.Fault == "" }

// WebhookFaultOf returns the fault of an HTTP status, "" for 2xx. A redirect is a failure, because it leads to an
// address that nobody has checked.
func WebhookFaultOf(status int) WebhookFault {
	switch {
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return WebhookRedirectNotTaken
	}

	return WebhookStatusNotAccepted
}

// WebhookMove is what becomes of an event after a post. For an event that stays in the lane it is zero.
type WebhookMove struct {
	// Done reports that the event is not tried again by itself.
	Done bool
	// AsideAt is when it is tried again outside of the lane, and Tries is how often it was tried.
	AsideAt *time.Time
	Tries   int
}

// TakeOutcome changes the endpoint by the outcome of a post, and returns what becomes of the event.
//
// In the lane, an event that has failed three times steps aside, so that the ones behind it go on. From then on it is
// tried on its own schedule, until that has run out. While a receiver asks for a pause (Retry-After), the whole
// endpoint waits. 410 disables the endpoint at once, and so does [WebhookDisabledAfter] without any success; the event
// stays where it is, and is the first one when the endpoint is enabled again.
func (e *WebhookEndpoint) TakeOutcome(try *WebhookTry, answer *WebhookAnswer, now time.Time) WebhookMove {
	lane := &e.Lane
	lane.Last = &WebhookLast{Status: answer.Status, Fault: answer.Fault, At: now}

	if answer.Arrived() {
		lane.FailingSince = nil
		lane.QuietUntil = nil

		e.passEvent(try)

		return WebhookMove{Done: true}
	}

	if lane.FailingSince == nil {
		lane.FailingSince = &now
	}

	if answer.RetryAfter > 0 {
		lane.QuietUntil = new(now.Add(min(answer.RetryAfter, MaxWebhookRetryAfter)))
	}

	switch {
	case answer.Status == statusGone:
		e.disable(WebhookGone)
		return keepEvent(try, now)

	case !now.Before(lane.FailingSince.Add(WebhookDisabledAfter)):
		e.disable(WebhookFailing)
		return keepEvent(try, now)
	}

	return e.planNextTry(try, now)
}

// keepEvent returns the move of an event that is to be tried when its endpoint is enabled again.
func keepEvent(try *WebhookTry, now time.Time) WebhookMove {
	if !try.Aside {
		return WebhookMove{}
	}

	return WebhookMove{AsideAt: &now, Tries: try.Tries}
}

// passEvent moves the lane over an event that has left it. An event outside of the lane does not move it.
func (e *WebhookEndpoint) passEvent(try *WebhookTry) {
	if try.Aside {
		return
	}

	e.Lane.Position = try.Event.Sequence
	e.Lane.Tries = 0
	e.Lane.RetryAt = nil
}

// planNextTry returns when an event that has failed is tried again, in the lane or outside of it.
func (e *WebhookEndpoint) planNextTry(try *WebhookTry, now time.Time) WebhookMove {
	tries := try.Tries + 1
	if tries > len(webhookWaits) {
		e.passEvent(try)
		return WebhookMove{Done: true}
	}

	next := now.Add(try.waitAfter(tries))
	if quiet := e.Lane.QuietUntil; quiet != nil && quiet.After(next) {
		next = *quiet
	}

	switch {
	case try.Aside:
		return WebhookMove{AsideAt: &next, Tries: tries}
	case tries < webhookLaneTries:
		e.Lane.Tries = tries
		e.Lane.RetryAt = &next

		return WebhookMove{}
	}

	e.passEvent(try)

	return WebhookMove{AsideAt: &next, Tries: tries}
}
