package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

func TestScopes(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		have, want chat.Scope
		ok         bool
	}{
		{"chats:admin", "chats:write", true},
		{"chats:admin", "chats:read", true},
		{"chats:write", "chats:read", true},
		{"chats:read", "chats:write", false},
		{"chats:write", "chats:admin", false},
		{"members:admin", "chats:read", false},
		{"chats:root", "chats:read", false},
		{"chats", "chats:read", false},
		{"", "", false},
	} {
		assert.Equal(t, tt.ok, tt.have.Includes(tt.want), "%s includes %s", tt.have, tt.want)
	}

	for _, s := range chat.AllScopes() {
		assert.True(t, s.Valid(), s)
	}
}

func TestAUserHoldsNoScope(t *testing.T) {
	t.Parallel()

	p := chat.Principal{Role: chat.RoleUser, Scopes: chat.AllScopes()}
	assert.False(t, p.May(chat.ScopeChatsRead))
	p.Role = chat.RoleManager
	assert.True(t, p.May(chat.ScopeChatsAdmin))
	p.Scopes = []chat.Scope{chat.ScopeChatsWrite}
	assert.False(t, p.May(chat.ScopeChatsAdmin), "a manager's key holds what it was given")
}

func TestKeySecretsAreLongPrefixedAndDifferent(t *testing.T) {
	t.Parallel()

	a, b := chat.NewKeySecret(), chat.NewKeySecret()
	assert.NotEqual(t, a, b)
	assert.True(t, strings.HasPrefix(a, chat.KeyPrefix))
	assert.Len(t, a, len(chat.KeyPrefix)+52)
	assert.NotEqual(t, chat.HashKey(a), chat.HashKey(b))
}

func TestKeyValidation(t *testing.T) {
	t.Parallel()

	now := time.Now()

	past := now.Add(-time.Second)
	for field, k := range map[string]chat.Key{
		"name": {Scopes: chat.AllScopes()}, "scopes": {Name: "a"},
		"expires_at": {Name: "a", Scopes: chat.AllScopes(), ExpiresAt: &past},
	} {
		assert.Equal(t, field, chat.AsError(k.Validate(now)).Fields[0].Field)
	}

	require.Error(t, (&chat.Key{Name: "a", Scopes: []chat.Scope{"chats:everything"}}).Validate(now))
	assert.NoError(t, (&chat.Key{Name: "a", Scopes: chat.AllScopes()}).Validate(now))
}

func TestPlanRefusesWhatCanNotBeSent(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		change  func(*chat.SendFacts)
		message string
		code    chat.Code
	}{
		"fine":               {func(*chat.SendFacts) {}, "Hello", ""},
		"fine, exactly 1600": {func(*chat.SendFacts) {}, strings.Repeat("é", 1600), ""},
		"1601":               {func(*chat.SendFacts) {}, strings.Repeat("é", 1601), chat.CodeMessageTooLong},
		"empty":              {func(*chat.SendFacts) {}, " \n", chat.CodeInvalidRequest},
		"NUL":                {func(*chat.SendFacts) {}, "a\x00b", chat.CodeInvalidRequest},
		"not UTF-8":          {func(*chat.SendFacts) {}, "a\xff", chat.CodeInvalidRequest},
		"no assistant":       {func(f *chat.SendFacts) { f.Assistant = nil }, "a", chat.CodeAssistantNotFound},
		"no recipient":       {func(f *chat.SendFacts) { f.Recipient = nil }, "a", chat.CodeParticipantNotFound},
		"archived": {
			func(f *chat.SendFacts) { f.Chat.State = chat.StateArchived },
			"a",
			chat.CodeChatArchived,
		},
		"voice": {
			func(f *chat.SendFacts) { f.Chat.Channel = chat.ChannelVoice },
			"a",
			chat.CodeChannelNotSupported,
		},
		"no phone":  {func(f *chat.SendFacts) { f.Recipient.Phone = "" }, "a", chat.CodeNoPhone},
		"no sender": {func(f *chat.SendFacts) { f.PhoneNumber = nil }, "a", chat.CodeSenderNotConfigured},
		"notifications off": {
			func(f *chat.SendFacts) { f.Recipient.NotificationsEnabled = false },
			"a",
			chat.CodeNotificationsOff,
		},
		"consent revoked": {
			func(f *chat.SendFacts) { f.Recipient.Consents = chat.Consents{chat.ChannelSMS: chat.ConsentRevoked} },
			"a",
			chat.CodeRecipientOptedOut,
		},
		"other channel's consent": {
			func(f *chat.SendFacts) { f.Recipient.Consents = chat.Consents{chat.ChannelEmail: chat.ConsentRevoked} },
			"a",
			"",
		},
		"suppressed":            {func(f *chat.SendFacts) { f.Suppressed = true }, "a", chat.CodeRecipientOptedOut},
		"email without address": {email(func(f *chat.SendFacts) { f.Recipient.Email = "" }), "a", chat.CodeNoEmail},
		"email without inbox": {
			email(func(f *chat.SendFacts) { f.Inbox = nil }),
			"a",
			chat.CodeSenderNotConfigured,
		},
		"long email": {email(func(*chat.SendFacts) {}), strings.Repeat("a", 100_000), ""},
		"too long email": {
			email(func(*chat.SendFacts) {}),
			strings.Repeat("a", 100_001),
			chat.CodeMessageTooLong,
		},
		"web chat needs no sender": {func(f *chat.SendFacts) {
			f.Chat.Channel = chat.ChannelWeb
			f.PhoneNumber = nil
			f.Recipient.Phone = ""
		}, "a", ""},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			f := chat.SendFacts{
				Chat:        chat.Chat{Channel: chat.ChannelSMS, State: chat.StateOpen},
				Assistant:   &chat.Member{Kind: chat.KindAssistant},
				Recipient:   &chat.Member{Phone: "+14155550101", Email: "ana@example.com", NotificationsEnabled: true},
				PhoneNumber: &chat.PhoneNumber{ID: 1, Number: "+14155550100"},
				Inbox:       &chat.Inbox{ID: 2, Address: "in@example.com"},
			}

			tt.change(&f)
			_, err := f.Plan(tt.message)
			assert.Equal(t, tt.code, chat.CodeOf(err))
		})
	}
}

func email(change func(*chat.SendFacts)) func(*chat.SendFacts) {
	return func(f *chat.SendFacts) {
		f.Chat.Channel = chat.ChannelEmail
		change(f)
	}
}

func TestPlanUsesTheMessagingServiceWhenThereIsNoNumber(t *testing.T) {
	t.Parallel()

	f := chat.SendFacts{
		Chat:        chat.Chat{Channel: chat.ChannelSMS},
		Assistant:   &chat.Member{},
		Recipient:   &chat.Member{Phone: "+14155550101", NotificationsEnabled: true},
		PhoneNumber: &chat.PhoneNumber{ID: 9, MessagingServiceSID: "MG00000000000000000000000000000000"},
	}

	plan, err := f.Plan("Hello")
	require.NoError(t, err)
	assert.Equal(t, "MG00000000000000000000000000000000", plan.From)
	assert.Equal(t, "phone:9", plan.Sender)
	assert.Equal(t, chat.AtMostOnce, plan.Policy)
}

func TestErrorsKeepTheirCauseFromCallers(t *testing.T) {
	t.Parallel()

	cause := errors.New("pq: password authentication failed")
	for _, err := range []error{cause, fmt.Errorf("store: %w", cause), chat.Errorf(chat.CodeUnavailable, "not now").Because(cause)} {
		e := chat.AsError(err)
		assert.NotContains(t, e.Message, "password")
		require.ErrorIs(t, e, cause)
		assert.False(t, e.Final())
	}

	require.NoError(t, errorOf(chat.AsError(nil)))
	assert.Equal(t, chat.CodeNoPhone, chat.CodeOf(fmt.Errorf("prepare: %w", chat.Errorf(chat.CodeNoPhone, "no phone"))))
	assert.True(t, chat.Errorf(chat.CodeNoPhone, "no phone").Final())
}

func errorOf(e *chat.Error) error {
	if e == nil {
		return nil
	}

	return e
}

func TestFingerprintsNameWhatDiffers(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		fingerprint := rapid.MapOf(rapid.StringMatching(`[a-c]`), rapid.StringMatching(`[x-z]`))
		a, b := chat.Fingerprint(fingerprint.Draw(t, "a")), chat.Fingerprint(fingerprint.Draw(t, "b"))

		differs := a.Differs(b)
		if fmt.Sprint(differs) != fmt.Sprint(b.Differs(a)) {
			t.Fatalf("%v, the other way round %v", differs, b.Differs(a))
		}

		if (len(differs) == 0) != (a.Match(b) == nil) {
			t.Fatalf("%v and %v", differs, a.Match(b))
		}
	})

	e := chat.AsError(
		chat.Fingerprint{"message": "1", "chat_id": "2"}.Match(chat.Fingerprint{"message": "3", "chat_id": "2"}),
	)

	assert.Equal(t, chat.CodeIdempotencyKeyReused, e.Code)
	require.Len(t, e.Fields, 1)
	assert.Equal(t, "message", e.Fields[0].Field)
}

func TestAddresses(t *testing.T) {
	t.Parallel()

	for s, want := range map[string]bool{
		"+14155550123":          true,
		"+4930123456":           true,
		"14155550123":           false,
		"+0415":                 false,
		"+1 415 555 0123":       false,
		"":                      false,
		"+1415555012345678":     false,
		"whatsapp:+14155550123": false,
	} {
		assert.Equal(t, want, chat.IsE164(s), s)
	}

	for s, want := range map[string]bool{
		"ana@example.com":                  true,
		"a+b@example.com":                  true,
		"Ana <ana@example.com>":            false,
		"ana":                              false,
		"":                                 false,
		"ana@example.com\r\nBcc: x@y.z":    false,
		"ken..ji@docomo.example":           true,
		"ken.ji.@docomo.example":           true,
		".ken@docomo.example":              true,
		`"john smith"@example.com`:         true,
		`"john \"s\" smith"@example.com`:   true,
		"\"john\nsmith\"@example.com":      false,
		`"john"@example.com`:               false, // quotes that nobody needs
		`""@example.com`:                   false,
		`john smith@example.com`:           false,
		"a@b@example.com":                  false,
		"o'brien@example.com":              true,
		"jörg@exämple.example":             true,
		"ana@example..com":                 false,
		"ana@":                             false,
		"@example.com":                     false,
		"<ana@example.com>":                false,
		"ana@example.com (Ana)":            false,
		"ana@exa mple.com":                 false,
		"ana,ben@example.com":              false,
		"ana\u00a0b@example.com":           false,
		"ana\u200bb@example.com":           false,
		"ana\xff@example.com":              false,
		strings.Repeat("a", 250) + "@b.co": false,
	} {
		assert.Equal(t, want, chat.IsEmailAddress(s), s)
	}
}

func TestSummaryCheck(t *testing.T) {
	t.Parallel()

	good := chat.Summary{Title: "Order 7", Summary: "Ana asks for it."}
	require.NoError(t, good.Check())

	for name, change := range map[string]func(*chat.Summary){
		"no title":     func(s *chat.Summary) { s.Title = " " },
		"long title":   func(s *chat.Summary) { s.Title = strings.Repeat("a", 81) },
		"no summary":   func(s *chat.Summary) { s.Summary = "" },
		"long summary": func(s *chat.Summary) { s.Summary = strings.Repeat("a", 4001) },
		"NUL":          func(s *chat.Summary) { s.Title = "a\x00" },
	} {
		bad := good
		change(&bad)
		assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(bad.Check()), name)
	}
}

func TestNamesAreCharactersOnOneLine(t *testing.T) {
	t.Parallel()

	member := chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleUser,
	}

	for name, valid := range map[string]bool{"": false, strings.Repeat("Я", 200): true, strings.Repeat("Я", 201): false, "a\nb": false, "a\u0085b": false} {
		member.Name = name
		assert.Equal(t, valid, member.Validate() == nil, "member %q", name)
	}

	for name, valid := range map[string]bool{"": true, strings.Repeat("Я", 100): true, strings.Repeat("Я", 101): false, "a\nb": false} {
		assert.Equal(
			t,
			valid,
			(&chat.PhoneNumber{Number: "+14155550100", Name: name}).Validate() == nil,
			"phone number %q",
			name,
		)

		assert.Equal(
			t,
			valid,
			(&chat.Inbox{Address: "a@example.com", DisplayName: name}).Validate() == nil,
			"inbox %q",
			name,
		)
	}

	require.NoError(t, (&chat.Label{Name: strings.Repeat("Я", 50)}).Validate())
	assert.Error(t, (&chat.Label{Name: "a\nb"}).Validate())
}

func TestValidationNamesTheField(t *testing.T) {
	t.Parallel()

	member := chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleUser,
		Name: "Ana",
	}

	for field, change := range map[string]func(*chat.Member){
		"kind":              func(m *chat.Member) { m.Kind = "robot" },
		"role":              func(m *chat.Member) { m.Role = "root" },
		"name":              func(m *chat.Member) { m.Name = "" },
		"phone":             func(m *chat.Member) { m.Phone = "0415" },
		"email":             func(m *chat.Member) { m.Email = "ana" },
		"consent.phone-sms": func(m *chat.Member) { m.Consents = chat.Consents{chat.ChannelSMS: "maybe"} },
		"consent.email":     func(m *chat.Member) { m.Consents = chat.Consents{chat.ChannelEmail: ""} },
		"tools":             func(m *chat.Member) { m.Tools = make([]string, chat.MaxAllowedTools+1) },
	} {
		m := member
		change(&m)
		assert.Equal(t, field, chat.AsError(m.Validate()).Fields[0].Field)
	}

	require.NoError(t, member.Validate())

	number := chat.PhoneNumber{Number: "+14155550100", MessagingServiceSID: "MG00000000000000000000000000000000"}
	assert.Equal(t, "number", chat.AsError(number.Validate()).Fields[0].Field)

	assert.Equal(
		t,
		"messaging_service_sid",
		chat.AsError((&chat.PhoneNumber{MessagingServiceSID: "MG1"}).Validate()).Fields[0].Field,
	)

	assert.Equal(t, "address", chat.AsError((&chat.Inbox{Address: "x"}).Validate()).Fields[0].Field)
	assert.Equal(t, "color", chat.AsError((&chat.Label{Name: "vip", Color: "red"}).Validate()).Fields[0].Field)

	assert.Equal(t, chat.CodeInvalidRole, chat.CodeOf((&chat.NewChat{
		Channel: chat.ChannelSMS, MemberID: 1, Participants: []chat.NewParticipant{{MemberID: 2, Role: "king"}},
	}).Validate()))
}
