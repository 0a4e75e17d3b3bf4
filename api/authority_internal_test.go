package api

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// authorityPage is the page that says who may do what.
const authorityPage = "../docs/authority.md"

// TestAuthorityTable holds the table of docs/authority.md against the routes. With
// UPDATE_GOLDEN=1 it writes the table.
func TestAuthorityTable(t *testing.T) {
	t.Parallel()

	want := authorityTable(newDocumented(t).registered)

	page, err := os.ReadFile(authorityPage)
	require.NoError(t, err)

	before, rest, found := strings.Cut(string(page), tableHead)
	require.True(t, found, "the page has the table")

	_, after, _ := strings.Cut(rest, "\n\n")

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(authorityPage, []byte(before+want+"\n"+after), 0o600))
		return
	}

	got := tableHead + strings.TrimSuffix(rest, after)
	assert.Equal(t, strings.TrimSpace(want), strings.TrimSpace(got), "UPDATE_GOLDEN=1 writes the table anew")
}

const tableHead = "| Route | What | Scope | Who else, or with whom |\n"

// authorityTable is the table that the routes make.
func authorityTable(routes []route) string {
	rows := make([]string, len(routes))
	for i, r := range routes {
		rows[i] = fmt.Sprintf("| `%s %s` | %s | %s | %s |", r.method, r.path, r.summary, scopeCell(r.access), whoCell(&r))
	}

	slices.SortFunc(rows, func(a, b string) int {
		return strings.Compare(pathOf(a), pathOf(b))
	})

	return tableHead + "|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n"
}

// pathOf orders rows by path, then by method.
func pathOf(row string) string {
	method, path, _ := strings.Cut(strings.TrimPrefix(row, "| `"), " ")
	path, _, _ = strings.Cut(path, "`")

	return path + " " + method
}

func scopeCell(who access) string {
	switch {
	case who.reads:
		return "that of reading what it is about"
	case who.asked:
		return "that of what was asked for"
	case who.needsNoScope():
		return "none"
	}

	if who.also != "" {
		return "`" + string(who.scope) + "` or `" + string(who.also) + "`"
	}

	return "`" + string(who.scope) + "`"
}

func whoCell(r *route) string {
	var who []string

	if r.access.own {
		who = append(who, "any key of who takes part in the chat")
	}

	if r.access.contributor {
		who = append(who, "any key of who was asked")
	}

	if r.access.asked && !r.access.reads {
		who = append(who, "who could have asked for it")
	}

	if r.second != "" {
		who = append(who, "**a second member** for "+strings.TrimSuffix(r.second, "."))
	}

	if only := map[chat.KeyUse]string{
		chat.UseLogin:  "API keys and login links only",
		chat.UseSelf:   "any key but a login link",
		chat.UseLogout: "sessions only",
		chat.UseGrant:  "API keys only",
	}[r.access.use]; only != "" {
		who = append(who, only)
	}

	if isDecision(r) {
		who = append(who, "**not who asked**, nor their hand")
	}

	return strings.Join(who, "; ")
}

// isDecision reports whether a route takes a second member's decision.
func isDecision(r *route) bool { return r.id == "decideApproval" || r.id == "decideRequest" }
