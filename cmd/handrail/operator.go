package main

import (
	"cmp"
	"os/user"
	"strings"

	"handrail/chat"
)

// operator is who works on this command line, for the audit log: the user that the machine knows them as,
// and before sudo. That is a note and no proof: whoever has the database can write any.
func (p *process) operator() chat.Actor {
	name := ""

	for _, entry := range p.environ {
		if value, ok := strings.CutPrefix(entry, "SUDO_USER="); ok {
			name = value
		}
	}

	if name == "" {
		if current, err := user.Current(); err == nil {
			name = current.Username
		}
	}

	return chat.Actor{Operator: cmp.Or(name, "unknown")}
}
