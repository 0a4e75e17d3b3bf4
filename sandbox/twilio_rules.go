package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	maxBody  = 1600
	maxMedia = 10
)

var (
	e164             = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	shortCode        = regexp.MustCompile(`^[0-9]{3,8}$`)
	senderID         = regexp.MustCompile(`^[A-Za-z0-9 &+_-]{1,11}$`)
	letter           = regexp.MustCompile(`[A-Za-z]`)
	messagingService = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
)

// checkMessage applies Twilio's rules in Twilio's order: what is missing, then what is
// wrong, then the magic numbers of its test credentials.
func checkMessage(form url.Values) *twilioProblem {
	for _, check := range []func(url.Values) *twilioProblem{
		checkPresent, checkTo, checkFrom, checkContent, checkStatusCallback,
	} {
		if p := check(form); p != nil {
			return p
		}
	}

	return nil
}

func invalidParameter(code int, message string) *twilioProblem {
	return newProblem(http.StatusBadRequest, code, message)
}

func optedOut() *twilioProblem {
	return invalidParameter(21610, "Attempt to send to unsubscribed recipient")
}

func notMobile(to string) *twilioProblem {
	return invalidParameter(21614, "'To' number is not a valid mobile number: "+to)
}

func checkPresent(form url.Values) *twilioProblem {
	switch {
	case form.Get("To") == "":
		return invalidParameter(21604, "A 'To' phone number is required.")
	case form.Get("From") == "" && form.Get("MessagingServiceSid") == "":
		return invalidParameter(21603, "A 'From' phone number is required.")
	case form.Get("Body") == "" && !form.Has("MediaUrl") && !form.Has("ContentSid"):
		return invalidParameter(21602, "Message body is required.")
	}

	return nil
}

// checkTo knows the magic numbers of https://www.twilio.com/docs/iam/test-credentials.
func checkTo(form url.Values) *twilioProblem {
	to, from := form.Get("To"), form.Get("From")
	switch {
	case to == "+15005550001" || !e164.MatchString(to):
		return invalidParameter(21211, "Invalid 'To' Phone Number: "+to)
	case to == "+15005550002":
		return invalidParameter(
			21612,
			fmt.Sprintf(
				"Message cannot be sent with the current combination of 'To' (%s) and/or 'From' (%s) parameters",
				to,
				from,
			),
		)

	case to == "+15005550003":
		return invalidParameter(
			21408,
			"Permission to send an SMS has not been enabled for the region indicated by the 'To' number: "+to,
		)

	case to == "+15005550004":
		return optedOut()
	case to == "+15005550009":
		return notMobile(to)
	}

	return nil
}

func checkFrom(form url.Values) *twilioProblem {
	service, from := form.Get("MessagingServiceSid"), form.Get("From")
	switch {
	case service != "" && !messagingService.MatchString(service):
		return invalidParameter(21701, "The Messaging Service does not exist.")
	case from == "":
		return nil
	case from == "+15005550008":
		return invalidParameter(21611, "This 'From' number has exceeded the maximum number of queued messages: "+from)
	case from == "+15005550007" || !usableSender(from):
		return invalidParameter(
			21606,
			"The 'From' phone number provided ("+from+") is not a valid message-capable Twilio phone number for "+
				"this destination",
		)
	}

	return nil
}

// usableSender takes numbers, short codes and alphanumeric sender ids. Which of them
// belong to the account is not known here.
func usableSender(from string) bool {
	return e164.MatchString(from) || shortCode.MatchString(from) ||
		(senderID.MatchString(from) && letter.MatchString(from))
}

func checkContent(form url.Values) *twilioProblem {
	switch {
	case utf8.RuneCountInString(form.Get("Body")) > maxBody:
		return invalidParameter(
			21617,
			fmt.Sprintf("The concatenated message body exceeds the %d character limit", maxBody),
		)
	case len(form["MediaUrl"]) > maxMedia:
		return invalidParameter(21623, "Number of media files exceeds allowed limit")
	}

	return nil
}

// checkStatusCallback refuses what Twilio documents as refused, but takes loopback:
// that is where the sandbox's users live.
func checkStatusCallback(form url.Values) *twilioProblem {
	raw := form.Get("StatusCallback")
	if raw == "" {
		return nil
	}

	callback, err := url.Parse(raw)
	if err != nil || (callback.Scheme != "http" && callback.Scheme != "https") ||
		callback.Hostname() == "" || strings.Contains(callback.Hostname(), "_") {
		return invalidParameter(21609, "The 'StatusCallback' URL "+raw+" is not a valid URL.")
	}

	return nil
}
