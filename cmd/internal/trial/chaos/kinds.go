package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// kindEqualText is the kind of trouble in which two sends to one chat have the same text.
const kindEqualText = "equal_text"

// Kinds returns all kinds of trouble that a run makes: what the run itself does, and then the
// faults of the providers and of the receiver of webhooks.
func Kinds() []string {
	var all []string

	for _, d := range (&run{}).disturbances() {
		all = append(all, d.kind)
	}

	all = append(all, kindEqualText)

	for _, f := range allFaults() {
		all = append(all, f.Fault)
	}

	for _, f := range receiverFaults() {
		all = append(all, f.kind)
	}

	return all
}

// Selection chooses kinds of trouble by name.
type Selection struct {
	// Only, if it has any, are all that are played; Without are not.
	Only, Without []string
}

// Validate returns an error that names a kind that is not known.
func (s Selection) Validate() error {
	for _, kind := range slices.Concat(s.Only, s.Without) {
		if !slices.Contains(Kinds(), kind) {
			return fmt.Errorf("there is no kind %q; there are %s", kind, strings.Join(Kinds(), ", "))
		}
	}

	return nil
}

// has reports whether a kind is played.
func (s Selection) has(kind string) bool {
	return (len(s.Only) == 0 || slices.Contains(s.Only, kind)) && !slices.Contains(s.Without, kind)
}

// disturbances returns what the run itself does, of the kinds that are selected.
func (r *run) disturbances() []disturbance {
	all := slices.Concat(
		r.processDisturbances(),
		r.databaseDisturbances(),
		r.workflowDisturbances(),
		r.customerDisturbances(),
		r.peopleDisturbances(),
	)

	return slices.DeleteFunc(all, func(d disturbance) bool { return !r.Kinds.has(d.kind) })
}

// equalShare is the part of the sends that have the text of another send to the same chat.
const equalShare = 0.05

// chooseTexts returns the marker in the text of each send. Most have their own; an equal one
// has that of the send before it to the same chat.
func chooseTexts(seed uint64, sends, chats int, equal bool) []string {
	chance := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // to be repeated, not to be secret
	texts := make([]string, sends)

	for n := range texts {
		texts[n] = markerOf(n)
		if drawn := chance.Float64() < equalShare; equal && n >= chats && drawn {
			texts[n] = texts[n-chats]
		}
	}

	return texts
}

// countEqual returns how many sends have the text of another one.
func countEqual(texts []string) int {
	count := 0

	for n, text := range texts {
		if text != markerOf(n) {
			count++
		}
	}

	return count
}
