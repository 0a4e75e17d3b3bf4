package corpus_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/reply"
	"handrail/carrier/reply/corpus"
)

func loadMails(t *testing.T) []corpus.Mail {
	t.Helper()

	mails, err := corpus.Load(os.DirFS("../testdata/mails"))
	require.NoError(t, err)

	return mails
}

func TestTheCorpusIsLargeAndVaried(t *testing.T) {
	t.Parallel()

	languages := map[string]bool{}
	clients := map[string]bool{}
	kinds := map[corpus.Kind]int{}

	for _, m := range loadMails(t) {
		languages[m.Language] = true
		clients[m.Client] = true
		kinds[m.Kind]++
		assert.True(t, strings.HasPrefix(m.Name, m.Language+"-"), "%s says it is in %s", m.Name, m.Language)
		assert.NotEmpty(t, strings.TrimSpace(m.Own), m.Name)
	}

	all := kinds[corpus.KindReply] + kinds[corpus.KindForward] + kinds[corpus.KindTrap]
	assert.GreaterOrEqual(t, all, 120)
	assert.GreaterOrEqual(t, len(languages), 20)
	assert.GreaterOrEqual(t, len(clients), 15)
	assert.GreaterOrEqual(t, 3*(kinds[corpus.KindForward]+kinds[corpus.KindTrap]), all, "a third at least must stay whole")
}

func TestNoOwnWordIsLost(t *testing.T) {
	t.Parallel()

	for _, m := range loadMails(t) {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()

			kept := reply.TrimMail(m.Subject, m.Text)
			assert.True(t, strings.HasPrefix(m.Text, kept), "something else than the end is cut")
			assert.True(t, strings.HasPrefix(kept, strings.TrimSpace(m.Own)), "kept only %q", kept)
		})
	}
}

func TestFewQuotesAreLeft(t *testing.T) {
	t.Parallel()

	report := corpus.Measure(loadMails(t))
	assert.Zero(t, report.Total.Lost)
	assert.LessOrEqual(t, report.Total.LeftPercent(), 10.0)

	for _, c := range report.Languages {
		assert.Zero(t, c.Lost, c.Name)
		assert.LessOrEqual(t, c.LeftPercent(), 10.0, c.Name)
	}
}

func TestLossesAndLeftoversAreCounted(t *testing.T) {
	t.Parallel()

	report := corpus.Measure([]corpus.Mail{
		{
			Name:     "too much",
			Language: "en",
			Client:   "Gmail web",
			Own:      "Yes\n-- \nAna Reed",
			Text:     "Yes\n-- \nAna Reed",
		},
		{
			Name:     "too little",
			Language: "zh",
			Client:   "Gmail web",
			Own:      "好的",
			Text:     "好的\n三个字",
		},
	})
	assert.Equal(t, 2, report.Total.Lost)
	assert.Equal(t, 3, report.Total.Left)
	assert.Equal(t, 5, report.Total.Own)
	assert.Zero(t, report.Total.Exact)
	assert.InDelta(t, 100, report.Total.LeftPercent(), 0)

	var out bytes.Buffer
	require.NoError(t, corpus.Print(&out, &report))
	assert.Contains(t, out.String(), "too much: 2 own words lost, 0 quoted words left\n")
	assert.Contains(t, out.String(), "too little: 0 own words lost, 3 quoted words left\n")
}

func TestAFileThatIsNoMailIsRefused(t *testing.T) {
	t.Parallel()

	for name, file := range map[string]string{
		"no blank line":     "Language: en\nClient: Yahoo\nKind: trap\n",
		"unknown header":    "Language: en\nClient: Yahoo\nKind: trap\nColour: red\n\nHello\n",
		"no client":         "Language: en\nKind: trap\n\nHello\n",
		"unknown kind":      "Language: en\nClient: Yahoo\nKind: letter\n\nHello\n",
		"reply without cut": "Language: en\nClient: Yahoo\nKind: reply\n\nHello\n",
		"forward with cut":  "Language: en\nClient: Yahoo\nKind: forward\n\nHello\n%%% cut %%%\nBye\n",
	} {
		_, err := corpus.Load(fstest.MapFS{"a.txt": {Data: []byte(file)}})
		require.ErrorContains(t, err, "a.txt: ", name)
	}
}
