package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// messagePage is a page of messages as Twilio's API shows it, newest first.
type messagePage struct {
	Messages        []messageResource `json:"messages"`
	Page            int               `json:"page"`
	PageSize        int               `json:"page_size"`
	Start           int               `json:"start"`
	End             int               `json:"end"`
	URI             string            `json:"uri"`
	FirstPageURI    string            `json:"first_page_uri"`
	NextPageURI     *string           `json:"next_page_uri"`
	PreviousPageURI *string           `json:"previous_page_uri"`
}

// listing is one request for a page.
type listing struct {
	filter url.Values // those of To, From and DateSent that were given
	size   int
	number int
	token  string // "PA"+sid: after that message; "PB"+sid: before it; "": by number
}

func (s *Sandbox) listMessages(w http.ResponseWriter, r *http.Request) *twilioProblem {
	list := readListing(r.URL.Query())

	sent, p := readSentFilter(list.filter)
	if p != nil {
		return p
	}

	to := list.filter.Get("To")
	from := list.filter.Get("From")
	at := currentTime()
	found := selectKept(s.arrived.look().messages, func(m Message) bool {
		return (to == "" || to == m.To) && (from == "" || from == m.From) && sent.matches(m) && m.listed(at)
	})

	slices.Reverse(found)

	first, p := list.first(found)
	if p != nil {
		return p
	}

	writeJSON(w, http.StatusOK, s.page(list, found, first))

	return nil
}

func (m Message) listed(at time.Time) bool { return m.ListedAt == nil || !m.ListedAt.After(at) }

func readListing(query url.Values) listing {
	list := listing{filter: url.Values{}, size: defaultPageSize, token: query.Get("PageToken")}
	for _, name := range []string{"To", "From", "DateSent", "DateSent<", "DateSent>"} {
		if query.Get(name) != "" {
			list.filter.Set(name, query.Get(name))
		}
	}

	if size, err := strconv.Atoi(query.Get("PageSize")); err == nil && size > 0 {
		list.size = min(size, maxPageSize)
	}

	if number, err := strconv.Atoi(query.Get("Page")); err == nil && number > 0 {
		list.number = number
	}

	return list
}

// first is the index at which the page begins. A token keeps its place while newer
// messages arrive.
func (l listing) first(matching []Message) (int, *twilioProblem) {
	if l.token == "" {
		return min(l.number*l.size, len(matching)), nil
	}

	for _, way := range []struct {
		prefix string
		step   int
	}{{"PA", 1}, {"PB", -l.size}} {
		sid, ok := strings.CutPrefix(l.token, way.prefix)

		at := slices.IndexFunc(matching, func(m Message) bool { return m.SID == sid })
		if ok && at >= 0 {
			return max(at+way.step, 0), nil
		}
	}

	return 0, invalidParameter(20001, "The PageToken is not one of this list")
}

func (s *Sandbox) page(list listing, matching []Message, first int) messagePage {
	shown := matching[first:min(first+list.size, len(matching))]
	start := list.number * list.size
	page := messagePage{
		Messages:     make([]messageResource, 0, len(shown)),
		Page:         list.number,
		PageSize:     list.size,
		Start:        start,
		End:          max(start+len(shown)-1, 0),
		URI:          s.listURI(list, list.number, list.token),
		FirstPageURI: s.listURI(list, 0, ""),
	}

	for _, m := range shown {
		page.Messages = append(page.Messages, s.resource(m))
	}

	if first+len(shown) < len(matching) {
		page.NextPageURI = new(s.listURI(list, list.number+1, "PA"+shown[len(shown)-1].SID))
	}

	if list.number > 0 && first > 0 && len(shown) > 0 {
		page.PreviousPageURI = new(s.listURI(list, list.number-1, "PB"+shown[0].SID))
	}

	return page
}

func (s *Sandbox) listURI(list listing, number int, token string) string {
	query := url.Values{"PageSize": {strconv.Itoa(list.size)}, "Page": {strconv.Itoa(number)}}
	maps.Copy(query, list.filter)

	if token != "" {
		query.Set("PageToken", token)
	}

	return "/2010-04-01/Accounts/" + s.config.AccountSID + "/Messages.json?" + query.Encode()
}

// sentFilter is a condition on when a message was sent; one that has not been sent
// fulfils none.
type sentFilter struct{ on, before, after *moment }

// moment is a whole GMT day, or a second.
type moment struct {
	at   time.Time
	unit time.Duration
}

func readSentFilter(filter url.Values) (sent sentFilter, p *twilioProblem) {
	if sent.on, p = readMoment(filter.Get("DateSent")); p != nil {
		return sent, p
	}

	if sent.before, p = readMoment(filter.Get("DateSent<")); p != nil {
		return sent, p
	}

	sent.after, p = readMoment(filter.Get("DateSent>"))

	return sent, p
}

func readMoment(raw string) (*moment, *twilioProblem) {
	if raw == "" {
		return nil, nil
	}

	if day, err := time.Parse(time.DateOnly, raw); err == nil {
		return &moment{at: day, unit: 24 * time.Hour}, nil
	}

	if second, err := time.Parse(time.RFC3339, raw); err == nil {
		return &moment{at: second, unit: time.Second}, nil
	}

	return nil, invalidParameter(20001, "DateSent must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ")
}

// matches includes the given day or second itself, as Twilio's "DateSent<=" and
// "DateSent>=" do.
func (f sentFilter) matches(m Message) bool {
	compare := func(to *moment) int { return m.SentAt.UTC().Truncate(to.unit).Compare(to.at) }

	if m.SentAt == nil {
		return f == sentFilter{}
	}

	return (f.on == nil || compare(f.on) == 0) &&
		(f.before == nil || compare(f.before) <= 0) &&
		(f.after == nil || compare(f.after) >= 0)
}
