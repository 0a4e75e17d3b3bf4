package console

import (
	"regexp"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// piece is a part of a sentence: a text, a link or a time.
type piece struct {
	text string
	// path is the page of the object that the piece names; "" for none.
	path templ.SafeURL
	// at is the time that the piece stands for; the zero time for a text or a link.
	at time.Time
}

// namedThings are the things that sentences of the API name by their ids.
var namedThings = regexp.MustCompile(
	`(?i)\b(?:(delivery|action) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(member|chat) ([0-9]{1,18}))\b`,
)

// namedInstants are the times that sentences of the API name, which are RFC 3339.
var namedInstants = regexp.MustCompile(
	`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)`,
)

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

		if who := parseNumber(number); thing == "member" && v.knowsName(who) {
			named.text = v.nameOf(who) + " (member " + number + ")"
		}

		pieces = append(pieces, splitTimes(sentence[end:at[0]])...)
		pieces = append(pieces, named)
		end = at[1]
	}

	return append(pieces, splitTimes(sentence[end:])...)
}

// splitTimes returns the parts of a text, in which times are parts of their own.
func splitTimes(text string) []piece {
	var pieces []piece

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

// learnNamed reads the names of the members that sentences of the API name by their numbers, so that pages say who it
// was.
func (v *viewer) learnNamed(sentences ...string) { v.learnNames(membersIn(sentences...)...) }

// membersIn returns the ids of the members that sentences of the API name.
func membersIn(sentences ...string) []int64 {
	var ids []int64

	for _, sentence := range sentences {
		for _, found := range namedThings.FindAllStringSubmatch(sentence, -1) {
			if strings.EqualFold(found[3], "member") {
				ids = append(ids, parseNumber(found[4]))
			}
		}
	}

	return ids
}
