package chat

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// Label marks chats. Its name is unique in the workspace, whatever the case.
type Label struct {
	ID    LabelID
	Name  string
	Color string
	// Description tells people, and the model, when the label fits.
	Description string
	CreatedAt   time.Time
}

// LabelSource is who put a label on a chat.
type LabelSource string

// The sources of labels. A model removes only labels a model has set.
const (
	LabelByPerson LabelSource = "person"
	LabelByTool   LabelSource = "tool"
	LabelByModel  LabelSource = "model"
)

// LabelPatch changes the fields that are not nil.
type LabelPatch struct{ Name, Color, Description *string }

var color = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// Validate checks a label to be stored: CodeInvalidRequest naming the field.
func (l *Label) Validate() error {
	switch {
	case strings.TrimSpace(l.Name) == "" || !fitsLine(l.Name, 50):
		return Invalid("name", "must be 1 to 50 characters on one line")
	case FoldName(l.Name) == "":
		return Invalid("name", "must have a character that can be seen")
	case l.Color != "" && !color.MatchString(l.Color):
		return Invalid("color", "must be like #3366ff")
	case utf8.RuneCountInString(l.Description) > 500:
		return Invalid("description", "must be at most 500 characters")
	}

	return nil
}

// FoldName is the form in which names of labels and tools are compared: by Unicode's compatibility
// forms and case folding (NFKC and full folding, The Unicode Standard 3.13), with one space between words and
// without what cannot be seen. Straße is STRASSE, and σας is ΣΑΣ.
func FoldName(name string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.In(r, invisible...) {
			return -1
		}

		return r
	}, norm.NFKC.String(name))

	// Folding may make what has another composed form.
	folded := norm.NFKC.String(cases.Fold().String(visible))

	return strings.Join(strings.Fields(folded), " ")
}

// invisible are characters that no reader sees: of format, fillers and variation selectors, and the blank one of
// Braille.
var invisible = []*unicode.RangeTable{
	unicode.Cf,
	unicode.Other_Default_Ignorable_Code_Point,
	unicode.Variation_Selector,
	rangetable.New('\u2800'),
}
