package schema

import (
	"errors"
	"net/mail"
	"strings"
)

// checkEmail is the format email: one address, without a name. Values that are no text have no format.
func checkEmail(value any) error {
	text, isText := value.(string)
	if !isText {
		return nil
	}

	if _, err := mail.ParseAddress(text); err != nil || strings.ContainsAny(text, "<>") {
		return errors.New("is no email address")
	}

	return nil
}
