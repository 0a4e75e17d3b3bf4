package console

import (
	"regexp"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// piece is a part of a sentence. path is the page of what it names, "" for none. at is the time that it is, the zero
// time for what is none.
type piece struct {
	text string
	path templ.SafeURL
	at   time.Time
}

// namedThings are the things that sentences of the API name by their ids.
var namedThings = regexp.MustCompile(
	`(?i)\b(?:(delivery|action) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(member|chat) ([0-9]{1,18}))\b`,
)

// namedInstants are the times that sentences of the API name with their date.
var namedInstants = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z`)

// thingPages are the pages of what sentences name.
var thingPages = map[string]string{
	"delivery": "/deliveries/",
	"action":   "/actions/",
	"member":   "/people/",
	"chat":     "/chats/",
}

// splitSentence returns the parts of a sentence, so that what it names by an id can be opened, and its times are shown
// like all others. Members whose names are known are named.
func (v *viewer) splitSentence(sentence string) []piece {
	var pieces []piece

	end := 0

	for _, at := range namedThings.FindAllStringSubmatchIndex(sentence, -1) {
		kind, id := 2, 4
		if at[kind] < 0 {
			kind, id = 6, 8
		}

		thing := strings.ToLower(sentence[at[kind]:at[kind+1]])
		number := sentence[at[id]:at[id+1]]
		named := piece{
			text: sentence[at[0]:at[1]],
			path: v.path(thingPages[thing] + number),
		}

		if thing == "member" {
			named.text = v.nameKnown(parseNumber(number), named.text)
		}

		pieces = append(splitTimes(pieces, sentence[end:at[0]]), named)
		end = at[1]
	}

	return splitTimes(pieces, sentence[end:])
}

// splitTimes adds the parts of a text without names, in which times are parts of their own.
func splitTimes(pieces []piece, text string) []piece {
	end := 0

	for _, found := range namedInstants.FindAllStringIndex(text, -1) {
		at, err := time.Parse(time.RFC3339, text[found[0]:found[1]])
		if err != nil {
			continue
		}

		pieces = append(pieces, piece{text: text[end:found[0]]}, piece{at: at})
		end = found[1]
	}

	return append(pieces, piece{text: text[end:]})
}

// maxNames is how many names of members are read for a page at most.
const maxNames = 20

// learnNames reads the names of the members that sentences of the API name by their numbers, so that pages say who it
// was. It is a help only: a name that cannot be read is left out.
func (v *viewer) learnNames(sentences ...string) {
	for _, sentence := range sentences {
		for _, found := range namedThings.FindAllStringSubmatch(sentence, -1) {
			if strings.EqualFold(found[3], "member") {
				v.learnName(parseNumber(found[4]))
			}
		}
	}
}

// learnName reads the name of a member, once for a page.
func (v *viewer) learnName(id int64) {
	if v.names == nil {
		v.names = map[int64]string{v.me.MemberID: v.me.MemberName}
	}

	if _, isKnown := v.names[id]; isKnown || id == 0 || len(v.names) > maxNames || !v.may("members:read") {
		return
	}

	v.names[id] = ""

	if answer, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id); err == nil {
		v.names[id] = answer.JSON200.Name
	}
}

// nameKnown returns the name of a member with the number, or what is said otherwise.
func (v *viewer) nameKnown(id int64, otherwise string) string {
	if name := strings.TrimSpace(v.names[id]); name != "" {
		return name + " (member " + formatCount(id) + ")"
	}

	return otherwise
}
