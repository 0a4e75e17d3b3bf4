package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// What is shown at once; the older rest is counted, and is in the JSON.
	shownMessages = 200
	shownMails    = 50
	shownLatest   = 30
	shownOrders   = 50
	shownWebhooks = 30
	shownSource   = 100_000 // bytes of raw JSON
	shownPreview  = 90      // characters
)

// pageView is what the template shows.
type pageView struct {
	AccountSID string
	Phones     []correspondent
	Mailboxes  []correspondent
	// At most one of Phone and Mailbox is chosen; with neither, Latest is shown.
	Phone   *phoneView
	Mailbox *mailboxView
	Latest  []arrivalView
	// Orders are the restaurant's, the newest first.
	Orders []orderView
	Faults []faultJSON
	Kinds  []faultChoice
	// Receivers are those of webhooks, with the newest posts, and Modes how they may answer.
	Receivers []receiverView
	Modes     []receiverChoice
	// Console is the address of Handrail's console; "" for none.
	Console string
	// Creates reports whether endpoints can be created here.
	Creates bool
}

// Empty reports whether nothing has arrived at all.
func (p pageView) Empty() bool { return len(p.Phones)+len(p.Mailboxes) == 0 }

// Untouched reports whether there is nothing to forget.
func (p pageView) Untouched() bool { return p.Empty() && len(p.Orders) == 0 && !p.Told() }

// Told reports whether a webhook has come.
func (p pageView) Told() bool {
	return slices.ContainsFunc(p.Receivers, func(r receiverView) bool { return len(r.Posts) > 0 })
}

// Chosen reports whether a phone or mailbox is shown.
func (p pageView) Chosen() bool { return p.Phone != nil || p.Mailbox != nil }

// correspondent is one phone or mailbox in the list.
type correspondent struct {
	Address string
	// Name is whose address it is, "" if nobody knows.
	Name    string
	Link    string
	Count   int
	Newest  time.Time
	Preview string
	Chosen  bool
}

type phoneView struct {
	Number   string
	Name     string
	Older    int
	Messages []messageView
	// Senders are whom the phone can answer, the newest first.
	Senders []string
}

type messageView struct {
	Message
	Key     string
	Version string
	Media   []string
}

// Sent reports whether it came from the phone.
func (m messageView) Sent() bool { return m.Direction == Inbound }

type mailboxView struct {
	Address string
	Name    string
	Older   int
	Mails   []mailView
	Answers []mailAnswerView
}

// mailAnswerView is a mail from the mailbox.
type mailAnswerView struct {
	MailAnswer
	Key, Version string
}

type mailView struct {
	Mail
	Key    string
	Source string
	SMTPID string
}

// orderView is one line of the restaurant's orders.
type orderView struct {
	Order
	// What is ordered, in words, and Version what changes when it does.
	What, Version string
}

// arrivalView is one line of the newest arrivals.
type arrivalView struct {
	Key, Kind, Address, Name, Link, Preview string
	At                                      time.Time
}

func (s *Sandbox) newPage(v view, phone, mailbox string) pageView {
	page := pageView{
		AccountSID: s.config.AccountSID,
		Kinds:      listFaultChoices(),
		Receivers:  s.receivers.list(),
		Modes:      listReceiverChoices(),
		Console:    s.config.Console,
		Creates:    s.config.CreateEndpoint != nil,
	}

	for i, r := range page.Receivers {
		shown := min(len(r.Posts), shownWebhooks)
		page.Receivers[i].Older += len(r.Posts) - shown
		page.Receivers[i].Posts = r.Posts[:shown]
	}

	for _, f := range s.Faults() {
		page.Faults = append(page.Faults, f.wire())
	}

	page.Phones = phonesOf(v.messages, phone)
	page.Mailboxes = mailboxesOf(v.mails, mailbox)
	page.Orders = ordersOf(v)

	switch {
	case phone != "":
		page.Phone = newPhone(v, phone)
	case mailbox != "":
		page.Mailbox = newMailbox(v, mailbox)
	default:
		page.Latest = latestArrivals(v)
	}

	return page
}

// nameCorrespondents fills in whose the phones and mailboxes are.
func (p *pageView) nameCorrespondents(names map[string]string) {
	for _, list := range [][]correspondent{p.Phones, p.Mailboxes} {
		for i := range list {
			list[i].Name = names[strings.ToLower(list[i].Address)]
		}
	}

	for i := range p.Latest {
		p.Latest[i].Name = names[strings.ToLower(p.Latest[i].Address)]
	}

	if p.Phone != nil {
		p.Phone.Name = names[p.Phone.Number]
	}

	if p.Mailbox != nil {
		p.Mailbox.Name = names[strings.ToLower(p.Mailbox.Address)]
	}
}

// customer is whose phone a message is seen on.
func (m Message) customer() string {
	if m.Direction == Inbound {
		return m.From
	}

	return m.To
}

// phonesOf are those of the people written to, the newest first.
func phonesOf(messages []*kept[Message], chosen string) []correspondent {
	var list roll

	for _, k := range messages {
		m := k.now()
		list.add(m.customer(), phoneLink(m.customer()), m.CreatedAt, m.Body, m.customer() == chosen)
	}

	return list.newestFirst()
}

func mailboxesOf(mails []*kept[Mail], chosen string) []correspondent {
	var list roll

	for _, k := range mails {
		m := k.now()
		for _, address := range m.mailboxes() {
			list.add(address, mailboxLink(address), m.ReceivedAt, m.Subject, strings.EqualFold(address, chosen))
		}
	}

	return list.newestFirst()
}

func phoneLink(number string) string    { return "/?" + url.Values{"phone": {number}}.Encode() }
func mailboxLink(address string) string { return "/?" + url.Values{"mailbox": {address}}.Encode() }

// mailboxes are all addresses the mail went to, folded: a mailbox has one spelling.
func (m Mail) mailboxes() []string {
	var addresses []string
	for _, to := range slices.Concat(m.To, m.CC, m.BCC) {
		addresses = append(addresses, strings.ToLower(to.Email))
	}

	return addresses
}

// roll gathers correspondents from arrivals in their order.
type roll struct {
	entries []correspondent
	at      map[string]int
}

func (r *roll) add(address, link string, at time.Time, preview string, chosen bool) {
	i, known := r.at[address]
	if !known {
		if r.at == nil {
			r.at = make(map[string]int)
		}

		i = len(r.entries)
		r.at[address] = i
		r.entries = append(r.entries, correspondent{Address: address, Link: link, Chosen: chosen})
	}

	entry := &r.entries[i]
	entry.Count++
	entry.Newest, entry.Preview = at, shortenText(preview)
}

func (r *roll) newestFirst() []correspondent {
	slices.SortFunc(r.entries, func(a, b correspondent) int {
		return cmp.Or(b.Newest.Compare(a.Newest), cmp.Compare(a.Address, b.Address))
	})

	return r.entries
}

func latestArrivals(v view) []arrivalView {
	var arrivals []arrivalView

	for i, k := range slices.Backward(v.messages) {
		m := k.now()

		arrivals = append(arrivals, arrivalView{
			Key:     arrivalKey(v, "sms", i),
			Kind:    "SMS",
			Address: m.customer(),
			Link:    phoneLink(m.customer()),
			Preview: shortenText(m.Body),
			At:      m.CreatedAt,
		})
		if len(arrivals) == shownLatest {
			break
		}
	}

	for i, k := range slices.Backward(v.mails) {
		if len(v.mails)-i > shownLatest {
			break
		}

		m := k.now()
		address := m.mailboxes()[0]
		arrivals = append(arrivals, arrivalView{
			Key:     arrivalKey(v, "mail", i),
			Kind:    "Mail",
			Address: address,
			Link:    mailboxLink(address),
			Preview: shortenText(m.Subject),
			At:      m.ReceivedAt,
		})
	}

	slices.SortStableFunc(arrivals, func(a, b arrivalView) int { return b.At.Compare(a.At) })

	return arrivals[:min(len(arrivals), shownLatest)]
}

func ordersOf(v view) []orderView {
	var shown []orderView

	for _, k := range slices.Backward(v.orders) {
		o := k.now()

		shown = append(shown, orderView{Order: o, What: o.words(), Version: fmt.Sprint(o.Calls, o.CanceledAt != nil)})
		if len(shown) == shownOrders {
			break
		}
	}

	return shown
}

// words say what is ordered.
func (o Order) words() string {
	switch o.Kind {
	case OrderTable:
		return fmt.Sprintf("Table %d for %d, %s, %s", o.Table, o.People, o.Name, o.At)
	case OrderRefund:
		return fmt.Sprintf("Refund of %d.%02d: %s", o.AmountCents/100, o.AmountCents%100, o.Reason)
	case OrderTaxi:
		return fmt.Sprintf("Taxi to %s, %s, %s", o.To, countOf(o.People, "rider"), o.At)
	}

	return string(o.Kind)
}

// arrivalKey names an arrival on the page, so that a refresh leaves it alone once it is shown.
func arrivalKey(v view, kind string, index int) string {
	return fmt.Sprintf("%s-%d-%d", kind, v.generation, index)
}

func sourceText(raw json.RawMessage) string {
	var indented bytes.Buffer
	if err := json.Indent(&indented, raw, "", "  "); err != nil {
		return string(raw)
	}

	if indented.Len() <= shownSource {
		return indented.String()
	}

	return strings.ToValidUTF8(indented.String()[:shownSource], "") +
		"\n… cut here; /sandbox/mails.json has all of it."
}

func shortenText(text string) string {
	characters := []rune(strings.Join(strings.Fields(text), " "))
	if len(characters) <= shownPreview {
		return string(characters)
	}

	return string(characters[:shownPreview]) + "…"
}

func joinAddresses(addresses []Address) string {
	written := make([]string, 0, len(addresses))
	for _, a := range addresses {
		written = append(written, a.String())
	}

	return strings.Join(written, ", ")
}

// String writes an address as mail programs show it.
func (a Address) String() string {
	if a.Name == "" {
		return a.Email
	}

	return a.Name + " <" + a.Email + ">"
}
