package chat

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
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
	case l.Color != "" && !color.MatchString(l.Color):
		return Invalid("color", "must be like #3366ff")
	case utf8.RuneCountInString(l.Description) > 500:
		return Invalid("description", "must be at most 500 characters")
	}

	return nil
}

// FoldName is the form in which label names are compared.
func FoldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }
