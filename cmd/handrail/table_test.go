package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// narrowTable is a table with an id, a status, a text that may be cut and one that may not.
func narrowTable(t *testing.T, d *display, rows ...[]string) string {
	t.Helper()

	var b bytes.Buffer

	d.Writer = &b
	table := newTable(d, "DELIVERY", "STATUS", "TWICE", "TO", "ERROR", "REASON")

	for _, row := range rows {
		table.row(row...)
	}

	require.NoError(t, table.flush())

	return b.String()
}

func TestATableIsAsWideAsItIsWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()

	out := narrowTable(t, &display{},
		[]string{stubDelivery, "needs_review", "", strings.Repeat("a", 200) + "@example.com", "timeout", "why"})

	assert.Contains(t, out, strings.Repeat("a", 200)+"@example.com")
	assert.Contains(t, out, "TWICE")
	assert.NotContains(t, out, "\x1b", "it is painted")
	assert.Equal(t, 2, strings.Count(out, "\n"))
}

func TestATableFitsItsTerminal(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("日本語のとても長い名前", 4) + "@example.com"
	reason := "the caller asked for it, and " + strings.Repeat("x", 120) + " ends here"

	for _, width := range []int{40, 60, 80, 100, 132} {
		out := narrowTable(t, &display{width: width},
			[]string{stubDelivery, "needs_review", "", long, "provider_message_id_taken_by_another", reason},
			[]string{stubDelivery, "delivered", "", "", "", ""})

		for line := range strings.Lines(out) {
			assert.LessOrEqual(t, displaywidth.String(strings.TrimSuffix(line, "\n")), width, out)
		}

		assert.Equal(t, 2, strings.Count(out, stubDelivery), "an id is cut at %d:\n%s", width, out)
		assert.NotContains(t, out, "TWICE", "a column without any value takes room")
		assert.Contains(t, out, "…", "what is cut is marked")
		assert.Regexp(t, `ends\s+here`, out, "what is said nowhere else is cut")
	}
}

func TestListsFitEightyColumns(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET deliveries": {aPage("", aDelivery(t, map[string]any{
		"status":     "confirmed_sent",
		"duplicate":  "possible",
		"to":         "somebody.with.a.long.name@mail.example.com",
		"error_code": "provider_message_id_taken_by_another",
	}))}})

	status, out, errs := s.doNarrow("deliveries", "list")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{stubDelivery, "confirmed_sent", "maybe", "somebody.with.a.long"} {
		assert.Contains(t, out, want)
	}
}

func TestColourIsForTerminalsAndForWhoWantsIt(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		flags    []string
		environ  []string
		terminal bool
		want     bool
	}{
		"a pipe":                 {nil, nil, false, false},
		"a terminal":             {nil, nil, true, true},
		"a terminal, NO_COLOR":   {nil, []string{"NO_COLOR=1"}, true, false},
		"a terminal, empty":      {nil, []string{"NO_COLOR="}, true, true},
		"a terminal without any": {nil, []string{"TERM=dumb"}, true, false},
		"never":                  {[]string{"--color=never"}, nil, true, false},
		"always":                 {[]string{"--color=always"}, []string{"NO_COLOR=1"}, false, true},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newStub(t, map[string][]reply{"GET deliveries": {aPage("", aDelivery(t, nil))}})
			one := s.session("")
			one.draws = tt.terminal
			one.environ = append(one.environ, tt.environ...)

			require.Equal(t, 0, one.run(append([]string{"deliveries", "list"}, tt.flags...)), one.errs.String())

			painted := regexp.MustCompile(`\x1b\[1;31mneeds_review\x1b\[0m`).MatchString(one.out.String())
			assert.Equal(t, tt.want, painted, "%q", one.out.String())
			assert.Equal(t, tt.want, strings.Contains(one.out.String(), "\x1b"))
		})
	}
}

func TestColourIsNoPartOfJSON(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET deliveries": {aPage("", aDelivery(t, nil))}})
	one := s.session("")

	require.Equal(t, 0, one.run([]string{"deliveries", "list", "--json", "--color=always"}), one.errs.String())
	assert.NotContains(t, one.out.String(), "\x1b")
}

func TestEveryStatusOfADeliveryHasAColour(t *testing.T) {
	t.Parallel()

	for _, s := range chat.SubmissionStates() {
		assert.Contains(t, statusColours, string(s))
	}

	for _, s := range chat.DeliveryStatuses() {
		if s != chat.StatusNone {
			assert.Contains(t, statusColours, string(s))
		}
	}
}

func TestAnErrorIsPaintedOnATerminal(t *testing.T) {
	t.Parallel()

	one := newStub(t, nil).session("")
	assert.Equal(t, 1, one.fail(assert.AnError))
	assert.NotContains(t, one.errs.String(), "\x1b")

	one.colours = true
	one.fail(assert.AnError)
	assert.Contains(t, one.errs.String(), "\x1b[1;31mhandrail:\x1b[0m")
}

// TestTheDocumentedExitStatuses holds the table of docs/operations.md to what commands really end with.
func TestTheDocumentedExitStatuses(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)

	waits := aDelivery(t, map[string]any{"status": "pending", "submission": "pending"})
	begun := `{"action_id":"` + stubAction + `","state":"running","delivery":{"id":"` + stubDelivery + `"}}`
	s := newStub(t, map[string][]reply{
		"GET deliveries":                             {aPage("")},
		"GET deliveries/" + stubDelivery:             {okReply(waits)},
		"POST deliveries/" + stubDelivery + "/retry": {acceptedReply(begun)},
	})

	for status, args := range map[int][]string{
		0:             {"deliveries", "list"},
		exitFailed:    {"deliveries", "list", "--url", "http://127.0.0.1:1"},
		exitUsage:     {"deliveries", "list", "--nonsense"},
		exitUnsettled: {"deliveries", "retry", stubDelivery, "--wait", "10ms"},
	} {
		got, _, errs := s.do(args...)
		assert.Equal(t, status, got, errs)
		assert.Regexp(t, fmt.Sprintf(`(?m)^\| %d \| \S`, status), string(page))
	}

	_, _, errs := s.do("deliveries", "retry", stubDelivery, "--wait", "10ms")
	assert.Contains(t, errs, "awaited for up to 10ms", "it is silent while it waits")
}
