package eval

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"

	"handrail/chat"
)

//go:embed labels.json dialogues/*.json held-out/*.json
var files embed.FS

// Dialogue is a chat with what its summary should say.
type Dialogue struct {
	ID       string       `json:"id"`
	Language string       `json:"-"`
	Channel  chat.Channel `json:"channel"`
	LabelSet string       `json:"label_set"`
	// Customer is who of the speakers is the customer; the others answer for the business.
	Customer string    `json:"customer"`
	Messages []Message `json:"messages"`
	// Labels are those of the set that fit.
	Labels []string    `json:"labels"`
	Points []Reference `json:"points"`

	choice []chat.Label
}

// Message is one message of a dialogue.
type Message struct {
	From string `json:"from"`
	Text string `json:"text"`
}

// Reference is a point that a good summary makes. It does if it has all the words of one
// of the alternatives.
type Reference struct {
	Text string     `json:"text"`
	Any  [][]string `json:"any"`
}

// Dialogues are those that summaries are improved on, by language.
func Dialogues() ([]Dialogue, error) { return loadDialogues("dialogues") }

// HeldOut are short chats that nobody looks at while improving the offline model, by language.
// They have no labels.
func HeldOut() ([]Dialogue, error) { return loadDialogues("held-out") }

func loadDialogues(folder string) ([]Dialogue, error) {
	var sets map[string][]chat.Label
	if err := parseFile("labels.json", &sets); err != nil {
		return nil, err
	}

	names, err := fs.Glob(files, folder+"/*.json")
	if err != nil {
		return nil, fmt.Errorf("list dialogues: %w", err)
	}

	var all []Dialogue

	for _, name := range names {
		var file struct {
			Language  string     `json:"language"`
			Dialogues []Dialogue `json:"dialogues"`
		}

		if err := parseFile(name, &file); err != nil {
			return nil, err
		}

		for _, d := range file.Dialogues {
			d.Language, d.choice = file.Language, sets[d.LabelSet]
			all = append(all, d)
		}
	}

	return all, nil
}

func parseFile(name string, into any) error {
	data, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}

	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}

	return nil
}

// Reading is the dialogue as a model is given it.
func (d *Dialogue) Reading() chat.Reading {
	r := chat.Reading{
		ChatID:       1,
		Channel:      d.Channel,
		ChooseLabels: len(d.choice) > 0,
		Labels:       d.choice,
	}

	for i, m := range d.Messages {
		role := chat.RoleAssistantMessage
		if m.From == d.Customer {
			role = chat.RoleUserMessage
		}

		r.Messages = append(r.Messages, chat.Line{
			ID:      chat.MessageID("m" + strconv.Itoa(i+1)),
			Role:    role,
			Speaker: m.From,
			Text:    m.Text,
		})
	}

	return r
}
