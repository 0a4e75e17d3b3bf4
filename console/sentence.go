package console

import (
	"regexp"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// piece is a part of a sentence. path is the page of what it names, "" for none.
type piece struct {
	text string
	path templ.SafeURL
}

// namedThings are the things that sentences of the API name by their ids.
var namedThings = regexp.MustCompile(
	`(?i)\b(?:(delivery|action) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(member|chat) ([0-9]{1,18}))\b`,
)

// thingPages are the pages of what sentences name.
var thingPages = map[string]string{
	"delivery": "/deliveries/",
	"action":   "/actions/",
	"member":   "/people/",
	"chat":     "/chats/",
}

// timePattern finds the times in sentences of the API, which are RFC 3339.
var timePattern = regexp.MustCompile(
	`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)`,
)

// timedPiece is a part of a text: a time, or words where at is the zero time.
type timedPiece struct {
	text string
	at   time.Time
}

// splitTimes returns the parts of a text, so that its times can be shown like all others.
func splitTimes(text string) []timedPiece {
	var pieces []timedPiece

	end := 0

	for _, found := range timePattern.FindAllStringIndex(text, -1) {
		at, err := time.Parse(time.RFC3339, text[found[0]:found[1]])
		if err != nil {
			continue
		}

		pieces = append(pieces, timedPiece{text: text[end:found[0]]}, timedPiece{at: at})
		end = found[1]
	}

	return append(pieces, timedPiece{text: text[end:]})
}

// splitSentence returns the parts of a sentence, so that what it names by an id can be opened.
func (v *viewer) splitSentence(sentence string) []piece {
	var pieces []piece

	end := 0

	for _, at := range namedThings.FindAllStringSubmatchIndex(sentence, -1) {
		kind, id := 2, 4
		if at[kind] < 0 {
			kind, id = 6, 8
		}

		page := thingPages[strings.ToLower(sentence[at[kind]:at[kind+1]])] + sentence[at[id]:at[id+1]]
		pieces = append(pieces, piece{text: sentence[end:at[0]]}, piece{
			text: sentence[at[0]:at[1]],
			path: v.path(page),
		})
		end = at[1]
	}

	return append(pieces, piece{text: sentence[end:]})
}
