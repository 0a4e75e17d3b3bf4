package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// index finds what arrived by its name.
type index struct {
	messages map[string]*kept[Message]    // by SID
	mails    map[string]*kept[Mail]       // by sg_message_id
	answers  map[string]*kept[MailAnswer] // by Message-ID
	orders   map[string]*kept[Order]      // by ID
	optedOut map[pair]bool
}

// pair is a customer's number, and the number or messaging service that writes to it.
type pair struct{ customer, sender string }

func newIndex() index {
	return index{
		messages: make(map[string]*kept[Message]),
		mails:    make(map[string]*kept[Mail]),
		answers:  make(map[string]*kept[MailAnswer]),
		orders:   make(map[string]*kept[Order]),
		optedOut: make(map[pair]bool),
	}
}

// edit is what a record changes, to be run by change. What is told of something that
// has been forgotten changes nothing.
func (l *ledger) edit(r record) (func(), error) {
	switch {
	case r.Message != nil:
		return func() { l.addMessage(*r.Message) }, nil
	case r.Send != nil:
		mails, err := r.Send.mails()
		if err != nil {
			return nil, fmt.Errorf("reading a mail: %w", err)
		}

		return func() { l.addMails(mails) }, nil

	case r.Move != nil:
		return func() { updateKept(l.index.messages, r.Move.SID, r.Move.apply) }, nil
	case r.Event != nil:
		return func() {
			updateKept(l.index.mails, r.Event.SGMessageID, func(m *Mail) {
				m.Events = append(slices.Clip(m.Events), r.Event.MailEvent)
			})
		}, nil

	case r.Answer != nil:
		return func() { l.addAnswer(*r.Answer) }, nil
	case r.Order != nil:
		return func() { l.putOrder(*r.Order) }, nil
	case r.Webhook != nil:
		result := r.Webhook.WebhookResult

		return func() {
			updateKept(l.index.messages, r.Webhook.ID, func(m *Message) { m.Webhook = &result })
			updateKept(l.index.answers, r.Webhook.ID, func(m *MailAnswer) { m.Webhook = &result })
		}, nil
	}

	return nil, errors.New("neither a message, a mail nor an order, nor news of one")
}

func updateKept[T any](all map[string]*kept[T], id string, change func(*T)) {
	if k, found := all[id]; found {
		next := k.now()
		change(&next)
		k.state.Store(&next)
	}
}

func (l *ledger) addMessage(m Message) {
	k := keepValue(m)
	l.current.messages = append(l.current.messages, k)

	l.index.messages[m.SID] = k
	if m.Direction == Inbound {
		l.obey(m)
	}
}

// obey ends or renews the consent of a customer, as Twilio does for long codes by the
// keywords of https://help.twilio.com/articles/223134027.
func (l *ledger) obey(m Message) {
	word := strings.ToUpper(strings.TrimSpace(m.Body))

	stop := slices.Contains(
		[]string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"},
		word,
	)
	if !stop && !slices.Contains([]string{"START", "YES", "UNSTOP"}, word) {
		return
	}

	l.index.optedOut[pair{m.From, m.To}] = stop
	if m.MessagingServiceSID != "" {
		l.index.optedOut[pair{m.From, m.MessagingServiceSID}] = stop
	}
}

func (l *ledger) addMails(mails []Mail) {
	for _, m := range mails {
		k := keepValue(m)
		l.current.mails = append(l.current.mails, k)
		l.index.mails[m.SGMessageID] = k
	}
}

func (l *ledger) addAnswer(a MailAnswer) {
	k := keepValue(a)
	l.current.answers = append(l.current.answers, k)
	l.index.answers[a.MessageID] = k
}

func (l *ledger) putOrder(o Order) {
	if k, found := l.index.orders[o.ID]; found {
		k.state.Store(&o)
		return
	}

	k := keepValue(o)
	l.current.orders = append(l.current.orders, k)
	l.index.orders[o.ID] = k
}

func (m *move) apply(to *Message) {
	to.Status = m.Status
	to.UpdatedAt = m.At

	to.ErrorCode = m.ErrorCode
	if to.SentAt == nil {
		to.SentAt = &m.At
	}

	if to.From == "" {
		to.From = m.From
	}
}

func (l *ledger) message(sid string) (Message, bool) {
	return findKept(l, sid, func() map[string]*kept[Message] { return l.index.messages })
}

func (l *ledger) mail(sgMessageID string) (Mail, bool) {
	return findKept(l, sgMessageID, func() map[string]*kept[Mail] { return l.index.mails })
}

// findKept asks for the map under the lock: forgetting replaces it.
func findKept[T any](l *ledger, id string, in func() map[string]*kept[T]) (found T, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()

	k, ok := in()[id]
	if ok {
		found = k.now()
	}

	return found, ok
}

func (l *ledger) stopped(customer string, senders ...string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()

	return slices.ContainsFunc(senders, func(sender string) bool { return l.index.optedOut[pair{customer, sender}] })
}
