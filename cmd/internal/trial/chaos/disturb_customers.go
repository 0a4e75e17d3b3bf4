package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"handrail/chat"
	"handrail/client"
)

// needsCustomers keeps it to one customer at a time that wants no messages, so that no two
// such times of one customer overlap.
const needsCustomers = "customers"

// How customers are disturbed.
const (
	// refusesLeast and refusesMost are how long a customer wants no messages.
	refusesLeast = 3 * time.Second
	refusesMost  = 7 * time.Second
	// refuseWithin is how long it may take until Handrail has heard it, and heardAgain how
	// often it is said. A customer's provider repeats it too.
	refuseWithin = 20 * time.Second
	heardAgain   = 500 * time.Millisecond
	// allowWithin is the same for the word that lets messages come again, which must be heard.
	allowWithin = 2 * time.Minute
)

// refusal is a time in which a customer wanted no messages, and Handrail knew it.
type refusal struct {
	// chat is the index of the customer's chat.
	chat int
	// from is when Handrail had taken the word, until is when the customer began to take it back.
	from, until time.Time
}

// customerDisturbances are what customers decide in between.
func (r *run) customerDisturbances() []disturbance {
	return []disturbance{
		{kind: "stop_word", needs: needsCustomers, play: r.sayStop},
		{kind: "withdraw_consent", needs: needsCustomers, play: r.withdrawConsent},
	}
}

// sayStop has a customer write STOP by SMS, and START after a while.
func (r *run) sayStop(ctx context.Context, chance *rand.Rand) bool {
	at := r.randomChat(chance, chat.ChannelSMS)
	customer := r.seeded.Customers[at]

	say := func(ctx context.Context, refuses bool) error {
		word := "START"
		if refuses {
			word = "STOP"
		}

		return r.providers.answer(ctx, customer.Phone, r.seeded.From, word)
	}

	return r.refuseFor(ctx, chance, at, say)
}

// withdrawConsent withdraws a customer's consent by Handrail's API, and grants it again.
func (r *run) withdrawConsent(ctx context.Context, chance *rand.Rand) bool {
	channel := oneOf(chance, []chat.Channel{chat.ChannelSMS, chat.ChannelEmail})
	at := r.randomChat(chance, channel)
	customer := r.seeded.Customers[at]

	say := func(ctx context.Context, refuses bool) error {
		consent := chat.ConsentGranted
		if refuses {
			consent = chat.ConsentRevoked
		}

		return r.callers.changeConsent(ctx, customer.ID, channel, consent)
	}

	return r.refuseFor(ctx, chance, at, say)
}

// randomChat returns the index of a chat on the channel.
func (r *run) randomChat(chance *rand.Rand, channel chat.Channel) int {
	for {
		at := chance.IntN(len(r.seeded.Chats))
		if isEmail := at%emailEvery == emailEvery-1; isEmail == (channel == chat.ChannelEmail) {
			return at
		}
	}
}

// refuseFor says that the customer of a chat wants no messages, waits, and takes it back. It notes
// the time in between.
func (r *run) refuseFor(
	ctx context.Context,
	chance *rand.Rand,
	at int,
	say func(ctx context.Context, refuses bool) error,
) bool {
	in := refusal{chat: at}
	heard := repeatWord(ctx, refuseWithin, func(ctx context.Context) error { return say(ctx, true) })
	in.from = time.Now()
	played := heard && waitFor(ctx, pickBetween(chance, refusesLeast, refusesMost))
	in.until = time.Now()

	if heard {
		r.mu.Lock()
		r.refusals = append(r.refusals, in)
		r.mu.Unlock()
	}

	// It must be taken back even at the end of a run, and if nobody knows whether it was heard.
	steady := context.WithoutCancel(ctx)
	repeatWord(steady, allowWithin, func(ctx context.Context) error { return say(ctx, false) })

	return played
}

// repeatWord says something until it was heard, and reports whether it was.
func repeatWord(ctx context.Context, within time.Duration, say func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()

	for {
		if say(ctx) == nil {
			return true
		}

		if !waitFor(ctx, heardAgain) {
			return false
		}
	}
}

// answer has a customer write an SMS to one of Handrail's numbers. It returns nil when Handrail
// has taken it.
func (p *providers) answer(ctx context.Context, from, to, text string) error {
	body, err := json.Marshal(map[string]string{"from": from, "to": to, "text": text})
	if err != nil {
		return err
	}

	_, status, err := p.request(ctx, http.MethodPost, "/sandbox/answers", body)
	if err == nil && status != http.StatusOK {
		return fmt.Errorf("the sandbox has not yet passed on %q: %d", text, status)
	}

	return err
}

// changeConsent changes a member's consent for a channel. It returns nil when that is done.
func (c *callers) changeConsent(
	ctx context.Context,
	member chat.MemberID,
	channel chat.Channel,
	consent chat.Consent,
) error {
	api, err := c.dial(c.api(int(member)), c.seeded.Secrets[0])
	if err != nil {
		return err
	}

	state := new(client.ConsentState(consent))

	patch := client.MemberPatch{Consent: &client.NewConsent{}}
	if channel == chat.ChannelEmail {
		patch.Consent.Email = state
	} else {
		patch.Consent.PhoneSms = state
	}

	_, err = api.UpdateMemberWithResponse(ctx, string(c.seeded.Workspace), int64(member), patch)

	return err
}
