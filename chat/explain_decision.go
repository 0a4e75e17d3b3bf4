package chat

import (
	"cmp"
	"fmt"
	"strings"
)

// nameDecider begins a sentence with who decided.
func (d *Delivery) nameDecider() string {
	if d.Decision == nil {
		return "A person"
	}

	who := d.Decision.nameMember()

	return strings.ToUpper(who[:1]) + who[1:]
}

// nameMember says who decided, as in the middle of a sentence.
func (d *Decision) nameMember() string {
	if d.By.MemberID == 0 {
		return "a person"
	}

	return fmt.Sprintf("member %d", d.By.MemberID)
}

// describe says who decided what, as in the middle of a sentence.
func (d *Decision) describe() string {
	words := map[Verdict]string{
		VerdictRetry:   "asked for another try",
		VerdictCancel:  "canceled it",
		VerdictSent:    "confirmed that it was sent",
		VerdictNotSent: "said that it was not sent",
	}

	return d.nameMember() + " " + cmp.Or(words[d.Verdict], "decided")
}

// decidedBefore begins the end of a refusal that says who was first. [ExplainSkip] leaves it away.
const decidedBefore = "; decided before: "

// tellDecision returns who has decided about the delivery, what and when, to end a refusal with: whoever comes second
// has to know who was first. It returns "" if nobody has.
func (d *Delivery) tellDecision() string {
	if d.Decision == nil {
		return ""
	}

	return decidedBefore + d.Decision.describe() + ", at " + formatTime(d.Decision.At)
}

// Explain says who decided what, with the reason as it was given.
func (d *Decision) Explain() string {
	sentence := d.describe()
	sentence = strings.ToUpper(sentence[:1]) + sentence[1:]

	if reason := strings.TrimRight(strings.TrimSpace(d.Reason), "."); reason != "" {
		sentence += ": " + reason
	}

	return sentence + "."
}
