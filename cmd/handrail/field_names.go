package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"handrail/chat"
)

// commandWords are the names of the arguments and the flags of the command that was run.
type commandWords struct{ arguments, flags []string }

// wordsOfCommand lists the names of a command's arguments and flags. Flags of [remote] say where the API is, and name
// no field of it.
func wordsOfCommand(command *kong.Node) commandWords {
	var words commandWords

	if command == nil {
		return words
	}

	for _, argument := range command.Positional {
		words.arguments = append(words.arguments, argument.Name)
	}

	for _, flag := range command.Flags {
		if !flag.Tag.Has("from") {
			words.flags = append(words.flags, flag.Name)
		}
	}

	return words
}

// indexOfField is what a field in a list ends with, like [0].
var indexOfField = regexp.MustCompile(`\[\d+\]$`)

// nameField returns what the command line calls a field of the API: an argument like <url>, or a flag.
func (w commandWords) nameField(field string) string {
	if strings.HasPrefix(field, "path.") {
		return "the id"
	}

	name := strings.TrimPrefix(strings.TrimPrefix(field, "query."), "body.")
	name = indexOfField.ReplaceAllString(name, "")

	switch name {
	case "workspace_uuid":
		name = "workspace"
	case chat.FieldAcknowledgeDuplicate:
		name = "may-duplicate"
	}

	name = strings.TrimSuffix(strings.TrimSuffix(name, "_per_second"), "_seconds")
	name = strings.ReplaceAll(name, "_", "-")

	if slices.Contains(w.arguments, name) {
		return "<" + name + ">"
	}

	return "--" + w.chooseFlag(name)
}

// chooseFlag returns the flag of the command for a name of the API: flags leave -id out.
func (w commandWords) chooseFlag(name string) string {
	for _, shorter := range []string{name, strings.TrimSuffix(name, "-id"), strings.TrimSuffix(name, "-ids") + "s"} {
		if slices.Contains(w.flags, shorter) {
			return shorter
		}
	}

	return name
}

var numberInText = regexp.MustCompile(`\b\d+\b`)

// sayDurations writes the seconds in a message about a field as its flag wants them, like 24h.
func sayDurations(field, message string) string {
	if !strings.HasSuffix(field, "_seconds") {
		return message
	}

	return numberInText.ReplaceAllStringFunc(message, func(digits string) string {
		seconds, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			return digits
		}

		words := (time.Duration(seconds) * time.Second).String()
		words = strings.Replace(words, "m0s", "m", 1)

		return strings.Replace(words, "h0m", "h", 1)
	})
}
