package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"handrail/chat"
)

// When output is coloured: the values of --color.
const (
	colourAuto   = "auto"
	colourAlways = "always"
	colourNever  = "never"
)

// display is where a command writes: a terminal of a width, or a file or pipe, which has none.
type display struct {
	io.Writer
	// width is in columns; 0 has no end.
	width int
	// colours reports whether text is painted.
	colours bool
}

// displayOf returns the display that out is, or one that neither cuts nor paints.
func displayOf(out io.Writer) *display {
	if d, ok := out.(*display); ok {
		return d
	}

	return &display{Writer: out}
}

// colour is a parameter of the terminal's sequence that sets how text looks (ECMA-48, SGR); "" leaves it as it is.
type colour string

const (
	colourGood    colour = "32"
	colourBad     colour = "1;31"
	colourWaits   colour = "33"
	colourOver    colour = "2"
	colourHeading colour = "1"
	colourPlain   colour = ""
)

// paint returns text in a colour, where the display has colours.
func (d *display) paint(as colour, text string) string {
	if !d.colours || as == colourPlain || text == "" {
		return text
	}

	return "\x1b[" + string(as) + "m" + text + "\x1b[0m"
}

// statusColours is how each status is painted, of whatever kind it is: good is done, bad needs a person or has failed,
// what waits goes on by itself, and what is over is of no more interest.
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

// paintStatus paints a status, which may go on after its word: "waiting (void)".
func (d *display) paintStatus(text string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")

	return d.paint(statusColours[word], text)
}

// showHeading writes the heading of a part, below a blank line.
func (c *console) showHeading(heading string) {
	fmt.Fprintln(c.out, "\n"+displayOf(c.out).paint(colourHeading, heading))
}

// setDisplay makes out a display, as --color and the environment have it.
func (c *console) setDisplay(when string) {
	c.colours = c.hasColours(when, isTerminal(c.errs))
	c.out = &display{
		Writer:  c.out,
		width:   c.width,
		colours: c.hasColours(when, c.draws),
	}
}

// hasColours reports whether a stream is painted. NO_COLOR is heeded as https://no-color.org has it.
func (c *console) hasColours(when string, onTerminal bool) bool {
	switch when {
	case colourAlways:
		return true
	case colourNever:
		return false
	}

	return onTerminal && c.variable("NO_COLOR") == "" && c.variable("TERM") != "dumb"
}

// usualWidth is that of a terminal that does not tell its own.
const usualWidth = 80

// widthOf returns the width of a terminal; 0 when the stream is none.
func widthOf(stream any) int {
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
