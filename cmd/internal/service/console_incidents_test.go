package service_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// mendedByClicks are the incidents of docs/operations.md, "Ten incidents, and what to click". Each makes something go
// wrong, and mends it as that page says.
var mendedByClicks = []struct {
	name string
	mend func(n *night, to customerOf)
}{
	{"the provider refuses a message", mendRefused},
	{"the account is suspended", mendSuspended},
	{"nobody knows whether a message was taken", mendUnknown},
	{"a message arrived twice", mendDuplicate},
	{"a message does not arrive", mendUndelivered},
	{"the recipient has opted out", mendOptedOut},
	{"a send waits for an approval", mendApproval},
	{"nobody knows whether a tool has acted", mendToolCall},
	{"a colleague does not answer", mendQuestion},
	{"a bulk retry stops at its canary", mendBulkRetry},
	{"a customer may have opted out", mendPossibleOptOut},
	{"the chat has moved on", mendMovedOn},
}

// night is a workspace in which things go wrong, and the windows of its two managers, who mend them.
type night struct {
	*testing.T

	w *env
	d *desk
	// mara and noor are the windows of the managers. Those who run the workspace's assistant use
	// another key of Mara's.
	mara, noor *browser
	// customers counts those that were made.
	customers *int
}

// newNight makes a workspace in which nothing needs a person, and logs the managers in.
func newNight(t *testing.T) *night {
	t.Helper()

	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(d.Server), func(c *config.Config) {
		c.Settle = time.Second
	})

	answered := w.call("PATCH", fmt.Sprintf("/chats/%d", w.people.sms.ID), map[string]any{"needs_response": false})
	require.Equal(t, http.StatusOK, answered.status, answered.raw)

	w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))
	w.defineTool(httpTool(d, "book"))

	n := &night{
		T:         t,
		w:         w,
		d:         d,
		mara:      newBrowser(t, w.url),
		customers: new(int),
	}
	n.noor = n.mara.newWindow()

	n.mara.logInWith(w, w.newKeyOf(w.people.manager.ID))
	n.noor.logInWith(w, w.secondManager())

	return n
}

// within is the night for a part of its test.
func (n *night) within(t *testing.T) *night {
	t.Helper()

	part := *n
	part.T = t
	part.w = n.w.within(t)
	part.mara = n.mara.within(t)
	part.noor = n.noor.within(t)

	return &part
}

// newCustomer makes a customer who writes by SMS.
func (n *night) newCustomer() customerOf {
	n.Helper()

	*n.customers++
	to := customerOf{phone: fmt.Sprintf("+141555503%02d", *n.customers)}
	_, to.chat = n.w.customerChat(fmt.Sprintf("Customer %d", *n.customers), to.phone)

	return to
}

// strike has a fault strike the next message to a customer.
func (n *night) strike(to customerOf, kinds ...sandbox.FaultKind) {
	n.Helper()

	var faults []sandbox.Fault
	for _, kind := range kinds {
		faults = append(faults, sandbox.Fault{Kind: kind, To: to.phone, Times: 1})
	}

	n.w.setFaults(faults...)
}

// openChat opens the chat of a customer in a list of chats.
func (n *night) openChat(b *browser, to customerOf) {
	n.Helper()
	b.clickOn(fmt.Sprintf(`//main//tbody//a[@href="/console/w/%s/chats/%d"]`, n.w.ws, to.chat))
	b.awaitText("Participants")
}

// TestTenIncidentsAreMendedInABrowser plays the incidents of docs/operations.md from the fault to the page on which
// nothing needs a person. What a person does is clicks and typing; faults, and what customers and assistants do, are
// not.
func TestTenIncidentsAreMendedInABrowser(t *testing.T) {
	t.Parallel()

	n := newNight(t)

	for i := range mendedByClicks {
		incident := &mendedByClicks[i]
		to := n.newCustomer()

		t.Run(incident.name, func(t *testing.T) {
			incident.mend(n.within(t), to)
		})
	}
}

// saidInDocs are the words of the console and of the API that documentation quotes.
var saidInDocs = regexp.MustCompile(`\*\*(.+?)\*\*|"(.+?)"`)

// TestTheIncidentsOfTheDocumentationArePlayed holds that docs/operations.md has these incidents, and quotes nothing
// that neither the console nor the API says.
func TestTheIncidentsOfTheDocumentationArePlayed(t *testing.T) {
	t.Parallel()

	read := func(paths ...string) string {
		var all strings.Builder

		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			all.Write(text)
		}

		return all.String()
	}

	_, section, _ := strings.Cut(read("../../../docs/operations.md"), "\n## Ten incidents, and what to click\n")
	section, _, _ = strings.Cut(section, "\n## ")

	var documented, played []string

	for heading := range strings.Lines(section) {
		if name, isHeading := strings.CutPrefix(heading, "### "); isHeading {
			documented = append(documented, strings.ToLower(strings.TrimSpace(name)))
		}
	}

	for _, incident := range mendedByClicks {
		played = append(played, strings.ToLower(incident.name))
	}

	assert.Equal(t, played, documented)

	sources, err := filepath.Glob("../../../console/*.templ")
	require.NoError(t, err)

	code, err := filepath.Glob("../../../console/*.go")
	require.NoError(t, err)

	said := read(slices.Concat(sources, code, []string{"../../../chat/workspace_status.go", "../../../chat/explain.go"})...)

	for _, found := range saidInDocs.FindAllStringSubmatch(strings.ReplaceAll(section, "\n  ", " "), -1) {
		assert.Contains(t, said, found[1]+found[2])
	}
}
