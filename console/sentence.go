package console

import (
	"regexp"
	"strings"

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
