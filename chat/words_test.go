package chat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// explainedTypes are the types whose values each table explains. A status of a send before its delivery has
// none: its values are those of [chat.Waiting.Status].
var explainedTypes = map[string]string{
	"Submission of a delivery":         "SubmissionState",
	"Delivery status":                  "DeliveryStatus",
	"Duplicate":                        "Duplicate",
	"Outcome of an attempt":            "SubmissionOutcome",
	"Advice":                           "Advice",
	"A person's verdict on a delivery": "Verdict",
	"Policy for unknown outcomes":      "UnknownPolicy",
	"What something waits for":         "Waiting",
	"State of an action":               "ActionState",
	"Status of a tool call":            "ToolCallState",
	"State of an approval":             "ApprovalState",
	"Kind of an approval":              "ApprovalKind",
	"State of a bulk retry":            "BulkState",
	"State of a summary":               "SummaryState",
	"State of a contributor request":   "ContributorRequestState",
	"State of one person's question":   "QuestionState",
	"State of a chat":                  "State",
	"State of a message":               "MessageState",
	"Status of an inbound message":     "InboundStatus",
	"Reason of a suppression":          "SuppressionReason",
	"Kind of a member":                 "MemberKind",
	"Role in the workspace":            "WorkspaceRole",
	"Role in a chat":                   "ParticipantRole",
	"Consent":                          "Consent",
	"State of a sender":                "SenderState",
	"Trust in what came in":            "TrustLevel",

	"Reason of a disabled webhook endpoint": "WebhookDisabledReason",
	"Fault of a post to a webhook endpoint": "WebhookFault",

	"Whether an attempt reached the provider": "AttemptReach",
}

const beforeDelivery = "Status of an action before its delivery begins"

func TestEveryWordIsExplained(t *testing.T) {
	t.Parallel()

	values := readTypedConstants(t)

	values[beforeDelivery] = nil

	for _, waiting := range chat.Waitings() {
		if status := waiting.Status(); status != "" {
			values[beforeDelivery] = append(values[beforeDelivery], status)
		}
	}

	tables := chat.WordTables()
	assert.Len(t, tables, len(explainedTypes)+1)

	for _, table := range tables {
		name := explainedTypes[table.Title]
		if table.Title == beforeDelivery {
			name = beforeDelivery
		}

		require.NotEmpty(t, values[name], "%s explains no type", table.Title)
		assert.NotEmpty(t, table.Fields, table.Title)

		var explained []string

		for _, word := range table.Words {
			explained = append(explained, word.Word)

			assertSentences(t, word.Meaning)

			for _, optional := range []string{word.ByItself, word.Remedy} {
				if optional != "" {
					assertSentences(t, optional)
				}
			}
		}

		assert.ElementsMatch(t, values[name], explained, table.Title)
	}
}

// readTypedConstants returns the texts of all typed constants of the package but empty ones, by type.
func readTypedConstants(t *testing.T) map[string][]string {
	t.Helper()

	files, err := filepath.Glob("*.go")
	require.NoError(t, err)

	values := map[string][]string{}

	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}

		source, err := os.ReadFile(file)
		require.NoError(t, err)

		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, 0)
		require.NoError(t, err)

		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, isValue := node.(*ast.ValueSpec)
			if !isValue {
				return true
			}

			typed, isNamed := spec.Type.(*ast.Ident)
			if !isNamed || len(spec.Values) != 1 {
				return true
			}

			literal, isLiteral := spec.Values[0].(*ast.BasicLit)
			if !isLiteral || literal.Kind != token.STRING {
				return true
			}

			if value, err := strconv.Unquote(literal.Value); err == nil && value != "" {
				values[typed.Name] = append(values[typed.Name], value)
			}

			return true
		})
	}

	return values
}

func TestTheGlossaryIsSortedAndWhole(t *testing.T) {
	t.Parallel()

	var terms []string

	for _, term := range chat.Glossary() {
		terms = append(terms, strings.ToLower(term.Word))

		assertSentences(t, term.Meaning)
	}

	assert.True(t, slices.IsSorted(terms), "%v", terms)
	assert.Len(t, slices.Compact(terms), len(chat.Glossary()), "a term stands there once")
}

// assertSentences holds a text to the form of all such texts: sentences without markup but code and links.
func assertSentences(t *testing.T, text string) {
	t.Helper()

	assert.True(t, strings.HasSuffix(text, "."), text)
	assert.NotContains(t, text, "|", "it stands in a table")
	assert.Zero(t, strings.Count(text, "`")%2, text)
}
