package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

const (
	stubInbound = "01a204a0-0000-7000-8000-0000000000f1"
	stubOrphan  = `{"id":"` + stubInbound + `","status":"orphaned","explanation":"It was sent to +442079460100.",` +
		`"channel":"phone-sms","from":"+14155550123","to":["+442079460100"],"chat_id":null,` +
		`"received_at":"2026-11-22T10:00:00Z"}`
	stubMarked = `{"id":"` + stubInbound + `","status":"automatic","automatic":{"reason":"loop"},` +
		`"explanation":"Marked.",` +
		`"channel":"email","from":"ana@example.com","subject":"Re: hi","files":[{}],"chat_id":7,` +
		`"received_at":"2026-11-22T10:00:00Z"}`
)

func TestWhatCameInIsListedShownAndReplayed(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET inbound":                              {aPage("", stubOrphan, stubMarked)},
		"GET inbound/" + stubInbound:               {okReply(stubMarked)},
		"POST inbound/" + stubInbound + "/replay":  {okReply(stubOrphan)},
		"POST inbound/" + stubDelivery + "/replay": {refusalReply(404, "inbound_not_found", "there is none")},
	})

	status, out, errs := s.do("inbound", "list", "--status", "orphaned", "--channel", "phone-sms", "--chat-id", "7")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"INBOUND", stubInbound, "orphaned", "automatic (loop)", "+14155550123"} {
		assert.Contains(t, out, want)
	}

	assert.Equal(t, "channel=phone-sms&chat_id=7&limit=20&status=orphaned", s.calls[0].query)

	status, out, errs = s.do("inbound", "show", stubInbound)
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"Marked.", "automatic (loop)", "ana@example.com", "Re: hi", "2026-11-22T10:00:00Z"} {
		assert.Contains(t, out, want)
	}

	status, out, errs = s.do("inbound", "replay", stubInbound)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "It was sent to +442079460100.")

	status, _, errs = s.do("inbound", "replay", stubDelivery)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "inbound_not_found")

	s = newStub(t, map[string][]reply{"GET inbound": {aPage("")}})
	_, out, _ = s.do("inbound", "list")
	assert.Contains(t, out, "nothing has come in yet")
	_, out, _ = s.do("inbound", "list", "--status", "refused")
	assert.Contains(t, out, "nothing that came in matches")
}

// TestInboundShowsWhoIsTrusted lists a mail that anybody may have written, and one that is its author's.
func TestInboundShowsWhoIsTrusted(t *testing.T) {
	t.Parallel()

	mark := func(level string) string {
		return strings.Replace(stubMarked, "{", `{"trust":{"level":"`+level+`"},`, 1)
	}

	s := newStub(t, map[string][]reply{"GET inbound": {aPage("", mark("unverified"), mark("verified"), stubOrphan)}})

	status, out, errs := s.do("inbound", "list")
	require.Equal(t, 0, status, errs)

	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 4)

	at := strings.Index(lines[0], "TRUST")
	require.Positive(t, at)

	var shown []string

	for _, line := range lines[1:] {
		shown = append(shown, strings.Fields(line[at:])[0])
	}

	assert.Equal(t, []string{"unverified", "verified"}, shown[:2])
	assert.NotContains(t, shown[2], "verified", "an SMS has no such level")
}

func TestTheOperatorSeesOrphansOfAllWorkspaces(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url)
	c.must("migrate", "up")
	assert.Contains(t, c.must("inbound", "orphans"), "no orphans")

	s, err := db.Open(t.Context(), url)
	require.NoError(t, err)

	defer func() { require.NoError(t, s.Close()) }()

	dbtest.Seed(t, s)
	w := dbtest.Seed(t, s)

	_, err = s.ReceiveInbound(t.Context(), chat.Inbound{
		Provider: chat.ProviderTwilio,
		Channel:  chat.ChannelSMS,
		Key:      "twilio:inbound:SM1",
		From:     "+14155550123",
		To:       []string{"+442079460100"},
		Text:     "hello",
	}, "01a204a0-0000-7000-8000-0000000000f2", time.Now())
	require.NoError(t, err)
	assert.Contains(t, c.must("inbound", "orphans"), "+442079460100")

	var all []struct {
		ID string `json:"id"`
	}

	require.NoError(t, json.Unmarshal([]byte(c.must("inbound", "orphans", "--json")), &all))
	require.Len(t, all, 1)
	assert.Contains(t, c.must("inbound", "orphans", "--replay", all[0].ID), "no phone number and no inbox here")

	w.Grant(t, s, "+442079460100")
	_, err = s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: "+442079460100"})
	require.NoError(t, err)
	assert.Contains(t, c.must("inbound", "orphans"), "no orphans")
	assert.Contains(t, strings.TrimSpace(c.must("inbound", "orphans", "--replay", all[0].ID)), "It is in its chat.")
}
