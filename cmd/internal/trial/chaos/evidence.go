package chaos

import "handrail/chat"

// records are what the three truths are, and what the run has done itself.
type records struct {
	answers []answer
	rows    []row
	copies  []received
	// workspace and chats are where the sends were made.
	workspace chat.WorkspaceID
	chats     int
	refusals  []refusal
	// ended are the workflows that the run has ended in Temporal.
	ended map[string]bool
}

// gatherEvidence puts together what belongs to each send.
//
// A copy belongs to the delivery that its post has named. One that names none that is stored
// belongs to a send with its text: to one without a delivery, if there is such a send.
func gatherEvidence(in *records) []evidence {
	all := make([]evidence, len(in.answers))
	byMarker := make(map[string]*evidence, len(in.answers))
	byText := make(map[string][]*evidence, len(in.answers))
	byDelivery := make(map[string]*evidence, len(in.rows))

	for n, a := range in.answers {
		e := &all[n]
		e.answer = a
		e.ended = in.ended[chat.ActionWorkflowID(
			in.workspace,
			chat.DeriveActionID(string(in.workspace), a.marker),
		)]

		byMarker[a.marker] = e
		byText[a.text] = append(byText[a.text], e)

		for _, one := range in.refusals {
			if one.chat == n%in.chats {
				e.refusals = append(e.refusals, one)
			}
		}
	}

	for _, r := range in.rows {
		if e := byMarker[r.marker]; e != nil {
			e.rows = append(e.rows, r)
			byDelivery[r.delivery] = e
		}
	}

	for _, c := range in.copies {
		e := byDelivery[c.delivery]
		if e == nil {
			e = chooseOwner(byText[c.text])
		}

		if e != nil {
			e.copies = append(e.copies, c)
		}
	}

	return all
}

// chooseOwner returns the send that a copy belongs to whose delivery is not stored.
func chooseOwner(sameText []*evidence) *evidence {
	for _, e := range sameText {
		if len(e.rows) == 0 {
			return e
		}
	}

	if len(sameText) == 0 {
		return nil
	}

	return sameText[0]
}
