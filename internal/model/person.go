package model

import "handrail/chat"

// addPerson is what a person may do about a delivery.
func (c *stepper) addPerson(i int) {
	d := &c.from.deliveries[i]

	for _, verdict := range c.commandsOf(i) {
		switch {
		case verdict == chat.VerdictRetry:
			c.addRetry(i)
		case verdict == chat.VerdictCancel && d.fence == 0: // as if there had been no send
		case verdict == chat.VerdictNotSent && !c.Bounds.Retries: // as if it had been the other verdict
		default:
			c.addVerdict(i, verdict)
		}
	}
}

// commandsOf are what [chat.Delivery.Commands] says, remembered: it makes its refusals anew each time.
func (c *stepper) commandsOf(i int) []chat.Verdict {
	d := &c.from.deliveries[i]
	hasRetry := i < sends && c.from.deliveries[i+sends].exists
	known := commandKey{d.submission, d.status, hasRetry}

	commands, ok := c.commands[known]
	if !ok {
		domain := c.from.domain(i)
		commands = domain.Commands()
		c.commands[known] = commands
	}

	return commands
}

// commandKey is all that a person's commands depend on.
type commandKey struct {
	submission uint8
	status     uint8
	hasRetry   bool
}

func (c *stepper) addVerdict(i int, verdict chat.Verdict) {
	next := *c.from
	decide := func(d *chat.Delivery) chat.Effect {
		effect, err := d.Decide(&chat.Decision{Verdict: verdict})
		if err != nil {
			panic(err)
		}

		return effect
	}

	if c.move(&next, i, decide) {
		c.offer(label{text: "a person says of {delivery}: " + string(verdict), delivery: i}, next)
	}
}

// addRetry lets a releasable delivery go on under its own id, and repeats any other as a new one.
func (c *stepper) addRetry(i int) {
	d := c.from.deliveries[i]
	if d.is(chat.SubmissionPending) && d.reason == 0 || !c.from.hasSpareClaim() {
		return
	}

	domain := c.from.domain(i)
	next := *c.from

	switch {
	case domain.Releasable():
		c.move(&next, i, func(d *chat.Delivery) chat.Effect {
			d.Release()
			return chat.EffectResumes
		})
		next.deliveries[i].gone = false
		next.deliveries[i].closed = false

	case i < sends && c.Bounds.Retries:
		next.deliveries[i+sends] = newDelivery()

	default:
		return
	}

	c.offer(label{text: "a person tries {delivery} again", delivery: i}, next)
}
