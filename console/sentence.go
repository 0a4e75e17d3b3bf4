package console

import (
	"regexp"
	"strings"

	"github.com/a-h/templ"
)

// piece is a part of a sentence. path is the page of what it names, "" for none, and memberID the member, 0 for none.
type piece struct {
	text     string
	path     templ.SafeURL
	memberID int64
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

		thing := strings.ToLower(sentence[at[kind]:at[kind+1]])
		named := piece{
			text: sentence[at[0]:at[1]],
			path: v.path(thingPages[thing] + sentence[at[id]:at[id+1]]),
		}

		if thing == "member" {
			named.memberID = parseNumber(sentence[at[id]:at[id+1]])
		}

		pieces = append(pieces, piece{text: sentence[end:at[0]]}, named)
		end = at[1]
	}

	return append(pieces, piece{text: sentence[end:]})
}

// nameMembers returns the pieces of a sentence with the names of its members, so that people are told who it was. A
// member whose name cannot be read is left as the number that the API has told.
func (v *viewer) nameMembers(pieces []piece) []piece {
	if !v.may("members:read") {
		return pieces
	}

	for i := range pieces {
		if pieces[i].memberID == 0 {
			continue
		}

		answer, err := v.GetMemberWithResponse(v.ctx(), v.ws(), pieces[i].memberID)
		if err == nil && answer.JSON200.Name != "" {
			pieces[i].text = answer.JSON200.Name + " (" + strings.ToLower(pieces[i].text) + ")"
		}
	}

	return pieces
}
