package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/reply/corpus"
)

const mailFolder = "../../carrier/reply/testdata/mails"

func TestMailReportsArePrintedAndWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new", "mail.json")
	c := mailCmd{
		Mails:    mailFolder,
		Language: []string{"fr", "pl"},
		Client:   []string{"Yahoo", "Thunderbird"},
		JSON:     file,
	}

	var out bytes.Buffer
	require.NoError(t, c.run(&out))

	for _, row := range []string{"fr", "pl", "Yahoo", "Thunderbird", "total"} {
		assert.Regexp(t, `(?m)^ *`+row+` +\d`, out.String())
	}

	assert.NotRegexp(t, `(?m)^ *(en|Outlook) `, out.String())

	data, err := os.ReadFile(file)
	require.NoError(t, err)

	var report corpus.Report
	require.NoError(t, json.Unmarshal(data, &report))
	assert.Len(t, report.Languages, 2)
	assert.Len(t, report.Mails, report.Total.Mails)
}

func TestMailsThatAreNotThereAreRefused(t *testing.T) {
	t.Parallel()

	require.EqualError(
		t,
		(&mailCmd{Mails: mailFolder, Language: []string{"xx"}}).run(&bytes.Buffer{}),
		"there is no mail in this language or of this client",
	)

	require.ErrorContains(t, (&mailCmd{Mails: t.TempDir()}).run(&bytes.Buffer{}), "there is no mail (*.txt) in this folder")
}
