package eval_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm/eval"
)

func loadDialogues(t *testing.T) []eval.Dialogue {
	t.Helper()

	all, err := eval.Dialogues()
	require.NoError(t, err)

	return all
}

func loadHeldOut(t *testing.T) []eval.Dialogue {
	t.Helper()

	all, err := eval.HeldOut()
	require.NoError(t, err)

	return all
}

func TestTheSetIsLargeAndVaried(t *testing.T) {
	t.Parallel()

	ids := map[string]bool{}
	languages := map[string]bool{}
	channels := map[chat.Channel]bool{}

	for _, d := range loadDialogues(t) {
		assert.False(t, ids[d.ID], "%s is there twice", d.ID)
		ids[d.ID] = true
		languages[d.Language] = true
		channels[d.Channel] = true
		assert.True(t, strings.HasPrefix(d.ID, d.Language+"-"), "%s is in the file of %s", d.ID, d.Language)
	}

	assert.GreaterOrEqual(t, len(ids), 60)
	assert.GreaterOrEqual(t, len(languages), 8)
	assert.Len(t, channels, 3)
}

func TestEachDialogueIsWellFormed(t *testing.T) {
	t.Parallel()

	for _, d := range loadDialogues(t) {
		t.Run(d.ID, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, chat.Channels(), d.Channel)
			assert.GreaterOrEqual(t, len(d.Messages), 2)
			assert.LessOrEqual(t, len(d.Messages), 40)
			assert.True(t, slices.ContainsFunc(d.Messages, func(m eval.Message) bool { return m.From == d.Customer }))
			r := d.Reading()
			assert.GreaterOrEqual(t, len(r.Labels), 6)
			assert.LessOrEqual(t, len(r.Labels), 12)

			for _, l := range r.Labels {
				require.NoError(t, l.Validate())
				assert.NotEmpty(t, l.Description)
			}

			for _, name := range d.Labels {
				assert.True(t, slices.ContainsFunc(r.Labels, func(l chat.Label) bool { return l.Name == name }), name)
			}

			assertPointsAreWellFormed(t, &d)
		})
	}
}

func assertPointsAreWellFormed(t *testing.T, d *eval.Dialogue) {
	t.Helper()

	assert.GreaterOrEqual(t, len(d.Points), 2)
	assert.LessOrEqual(t, len(d.Points), 5)

	for _, p := range d.Points {
		assert.NotEmpty(t, p.Text)
		require.NotEmpty(t, p.Any)

		for _, alternative := range p.Any {
			assert.NotEmpty(t, strings.TrimSpace(strings.Join(alternative, " ")))
		}
	}
}

// The chats that are held out are like those of public sets: short, with many turns.
func TestEachChatHeldOutIsWellFormed(t *testing.T) {
	t.Parallel()

	all := loadHeldOut(t)
	assert.GreaterOrEqual(t, len(all), 20)

	ids := map[string]bool{}
	languages := map[string]bool{}

	for _, d := range all {
		assert.False(t, ids[d.ID], "%s is there twice", d.ID)
		ids[d.ID] = true
		languages[d.Language] = true

		words := 0
		for _, m := range d.Messages {
			words += len(strings.Fields(m.Text))
		}

		assert.Contains(t, chat.Channels(), d.Channel, d.ID)
		assert.GreaterOrEqual(t, len(d.Messages), 8, d.ID)
		assert.LessOrEqual(t, len(d.Messages), 20, d.ID)
		assert.GreaterOrEqual(t, words, 90, d.ID)
		assert.LessOrEqual(t, words, 160, d.ID)
		assert.False(t, d.Reading().ChooseLabels, d.ID)
		assertPointsAreWellFormed(t, &d)
	}

	assert.GreaterOrEqual(t, len(languages), 5)
}

// What no copy of the whole chat covers, no summary can.
func TestEveryReferencePointIsInItsChat(t *testing.T) {
	t.Parallel()
	report := runEval(t, everything{}, slices.Concat(loadDialogues(t), loadHeldOut(t))...)

	for _, o := range report.Outcomes {
		assert.Empty(t, o.Missed, o.ID)
	}
}
