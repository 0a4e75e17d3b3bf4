package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"handrail/chat"
)

// The values of --color.
const (
	colourAuto   = "auto"
	colourAlways = "always"
	colourNever  = "never"
)

// display is the output of a command: a terminal with a width, or a file or pipe without one.
type display struct {
	io.Writer
	// width is in columns, 0 for an unlimited one.
	width int
	// colours reports whether text is coloured.
	colours bool
}

// displayOf returns out if it is a display, or one of unlimited width without colours.
func displayOf(out io.Writer) *display {
	if d, ok := out.(*display); ok {
		return d
	}

	return &display{Writer: out}
}

// colour is the parameter of the terminal sequence that sets the look of text (ECMA-48, SGR). "" leaves it as it is.
type colour string

const (
	colourGood    colour = "32"
	colourBad     colour = "1;31"
	colourWaits   colour = "33"
	colourOver    colour = "2"
	colourHeading colour = "1"
	colourPlain   colour = ""
)

// paint returns text in a colour if the display has colours.
func (d *display) paint(as colour, text string) string {
	if !d.colours || as == colourPlain || text == "" {
		return text
	}

	return "\x1b[" + string(as) + "m" + text + "\x1b[0m"
}

// statusColours are the colours of statuses of all kinds. colourGood is for what has succeeded, colourBad for what has
// failed or needs a person, colourWaits for what continues automatically, and colourOver for what has ended otherwise.
var statusColours = map[string]colour{
	"approved":                           colourGood,
	"active":                             colourGood,
	"answered":                           colourGood,
	"current":                            colourGood,
	"finished":                           colourGood,
	"ok":                                 colourGood,
	"succeeded":                          colourGood,
	"taken":                              colourGood,
	string(chat.SubmissionAccepted):      colourGood,
	string(chat.SubmissionConfirmedSent): colourGood,
	string(chat.StatusDelivered):         colourGood,
	string(chat.StatusRead):              colourGood,
	string(chat.StatusSent):              colourGood,
	"confirmed":                          colourBad,
	"fail":                               colourBad,
	"orphaned":                           colourBad,
	"refused":                            colourBad,
	"yes":                                colourBad,
	string(chat.SubmissionNeedsReview):   colourBad,
	string(chat.SubmissionRejected):      colourBad,
	string(chat.StatusBounced):           colourBad,
	string(chat.StatusFailed):            colourBad,
	string(chat.StatusUndelivered):       colourBad,
	"maybe":                              colourWaits,
	"open":                               colourWaits,
	"parked":                             colourWaits,
	"paused":                             colourWaits,
	"running":                            colourWaits,
	"waiting":                            colourWaits,
	"warn":                               colourWaits,
	string(chat.SubmissionBlocked):       colourWaits,
	string(chat.SubmissionPending):       colourWaits,
	string(chat.SubmissionSending):       colourWaits,
	string(chat.SubmissionUnknown):       colourWaits,
	string(chat.StatusDeferred):          colourWaits,
	string(chat.StatusQueued):            colourWaits,
	string(chat.StatusScheduled):         colourWaits,
	string(chat.StatusUnconfirmed):       colourWaits,
	"archived":                           colourOver,
	"closed":                             colourOver,
	"revoked":                            colourOver,
	"skipped":                            colourOver,
	"void":                               colourOver,
	string(chat.SubmissionAbandoned):     colourOver,
	string(chat.SubmissionCanceled):      colourOver,
	string(chat.SubmissionExpired):       colourOver,
	string(chat.SubmissionSuppressed):    colourOver,
}

// paintStatus colours a status by its first word, as in "waiting (void)".
func (d *display) paintStatus(text string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")

	return d.paint(statusColours[word], text)
}

// showHeading writes a blank line and a heading.
func (c *console) showHeading(heading string) {
	fmt.Fprintln(c.out, "\n"+displayOf(c.out).paint(colourHeading, heading))
}

// setDisplay makes the console's output a display, by --color and the environment.
func (c *console) setDisplay(when string) {
	c.colours = c.hasColours(when, isTerminal(c.errs))
	c.out = &display{
		Writer:  c.out,
		width:   c.width,
		colours: c.hasColours(when, c.draws),
	}
}

// hasColours reports whether a stream is coloured. It follows NO_COLOR (https://no-color.org).
func (c *console) hasColours(when string, onTerminal bool) bool {
	switch when {
	case colourAlways:
		return true
	case colourNever:
		return false
	}

	return onTerminal && c.variable("NO_COLOR") == "" && c.variable("TERM") != "dumb"
}

// usualWidth is the width of a terminal that does not report its own.
const usualWidth = 80

// readWidth returns the width of a terminal, 0 if the stream is not one.
func readWidth(stream any) int {
	if !isTerminal(stream) {
		return 0
	}

	f, ok := stream.(*os.File)
	if !ok {
		return 0
	}

	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return usualWidth
	}

	return width
}
