// Package corpus owns what trimming is measured by: mails written for it, each with the
// right cut, and the measure itself. The mails are in carrier/reply/testdata/mails, one
// file each, and the README beside them says how one is written.
package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// cutMark is the line of a file below which the mail is to be cut.
const cutMark = "%%% cut %%%"

// Kind is what is to be learned from a mail.
type Kind string

// The kinds of mails.
const (
	// KindReply is an answer, of which something is to be cut.
	KindReply Kind = "reply"
	// KindForward is a forward. What is forwarded is content.
	KindForward Kind = "forward"
	// KindTrap is a mail that looks as if more were to be cut than is.
	KindTrap Kind = "trap"
)

// Mail is a mail with its right cut.
type Mail struct {
	Name     string
	Language string
	Client   string
	Kind     Kind
	Subject  string
	// Own is what is to be kept of Text, from its beginning.
	Own, Text string
}

// Load reads the mails of a folder: every file *.txt in it.
func Load(folder fs.FS) ([]Mail, error) {
	names, err := fs.Glob(folder, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}

	if len(names) == 0 {
		return nil, errors.New("there is no mail (*.txt) in this folder")
	}

	mails := make([]Mail, len(names))

	for i, name := range names {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read mail: %w", err)
		}

		if mails[i], err = parseMail(string(data)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}

		mails[i].Name = strings.TrimSuffix(path.Base(name), ".txt")
	}

	return mails, nil
}

// parseMail reads a file: headers, a blank line, the mail.
func parseMail(file string) (Mail, error) {
	head, body, found := strings.Cut(file, "\n\n")
	if !found {
		return Mail{}, errors.New("a blank line is missing below the headers")
	}

	var m Mail

	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Language":
			m.Language = value
		case "Client":
			m.Client = value
		case "Kind":
			m.Kind = Kind(value)
		case "Subject":
			m.Subject = value
		case "Note":
		default:
			return Mail{}, fmt.Errorf("unknown header %q", line)
		}
	}

	if m.Language == "" || m.Client == "" {
		return Mail{}, errors.New("it needs a Language and a Client")
	}

	if m.Kind != KindReply && m.Kind != KindForward && m.Kind != KindTrap {
		return Mail{}, fmt.Errorf("unknown kind %q", m.Kind)
	}

	own, rest, cut := strings.Cut(strings.TrimSuffix(body, "\n"), cutMark+"\n")
	m.Own, m.Text = own, own+rest

	if m.Kind == KindReply && !cut || m.Kind == KindForward && cut {
		return Mail{}, fmt.Errorf("a %s with the wrong number of cuts", m.Kind)
	}

	return m, nil
}
