package schema_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/reply"
	"handrail/schema"
)

// madeUpAnswer is an answer by somebody who had not seen the code. Right is null for "ask again".
type madeUpAnswer struct {
	Type     string          `json:"type"`
	Options  []string        `json:"options"`
	Question string          `json:"question"`
	Answer   string          `json:"answer"`
	Right    json.RawMessage `json:"right"`
}

// schema is what the answer must fit.
func (a *madeUpAnswer) schema(t *testing.T) *schema.Schema {
	t.Helper()

	if a.Type != "choice" {
		return compileSchema(t, fmt.Sprintf(`{"type":%q}`, a.Type))
	}

	options, err := json.Marshal(a.Options)
	require.NoError(t, err)

	return compileSchema(t, `{"enum":`+string(options)+`}`)
}

// TestAnswersThatWereMadeUpAfterwards reads answers that were not looked at while the reader was built; some of them
// were while it was improved. docs/tools.md has these figures.
func TestAnswersThatWereMadeUpAfterwards(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile(filepath.Join("testdata", "answers-made-up.json"))
	require.NoError(t, err)

	var answers []madeUpAnswer
	require.NoError(t, json.Unmarshal(raw, &answers))
	require.GreaterOrEqual(t, len(answers), 140)

	const mostUnread = 18

	plain, unread := 0, 0

	for i := range answers {
		a := &answers[i]
		isPlain := string(a.Right) != "null"

		got, err := a.schema(t).ReadAnswer(schema.Asked{Question: a.Question}, reply.Comment(reply.Trim(a.Answer)))
		if err == nil {
			require.True(t, isPlain, "%q was read as %s", a.Answer, got)
			require.True(t, isSameJSON(t, string(a.Right), got), "%q was read as %s", a.Answer, got)
		}

		if isPlain {
			plain++
		}

		if err != nil && isPlain {
			unread++

			t.Logf("unread: %q", a.Answer)
		}
	}

	t.Logf("%d answers, %d of them plain: %d are asked again, none is read wrong", len(answers), plain, unread)
	assert.LessOrEqual(t, unread, mostUnread)
}
