package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestAThreadRootIsReadBack(t *testing.T) {
	t.Parallel()

	for _, reference := range []string{
		chat.ThreadRoot(209, "Handrail.example"),
		"chat-209@handrail.example",
		" <chat-209@handrail.example> ",
	} {
		id, domain, ok := chat.ParseThreadRoot(reference)
		assert.Equal(t, []any{chat.ChatID(209), "handrail.example", true}, []any{id, domain, ok}, reference)
	}

	for _, reference := range []string{
		"", "<chat-@x>", "<chat-0@x>", "<chat--7@x>", "<chat-7>", "<chat-7@>", "<chat-99999999999999999999@x>",
		"<a-chat-7@x>",
		"<chat-7@x y>", "<chat-7@x><chat-8@x>",
	} {
		_, _, ok := chat.ParseThreadRoot(reference)
		assert.False(t, ok, reference)
	}
}

func TestSubjectsAreComparedWithoutWhatProgramsPutBeforeThem(t *testing.T) {
	t.Parallel()

	for _, subject := range []string{
		"Leaking boiler", "Re: Leaking boiler", "RE:RE: leaking  BOILER", "AW: Leaking boiler",
		"Antw: Leaking boiler", "SV: Leaking boiler", "VS: Leaking boiler", "Odp: Leaking boiler",
		"RIF: Leaking boiler", "R: Leaking boiler", "RV: Leaking boiler", "TR: Leaking boiler",
		"Fwd: Re: Leaking boiler", "FW: Leaking boiler", "WG: Leaking boiler", "ENC: Leaking boiler",
		"Re[2]: Leaking boiler", "Re(3): Leaking boiler", "Re^2: Leaking boiler", "Re : Leaking boiler",
		"回复：Leaking boiler", "返信: Leaking boiler", "답장: Leaking boiler", "Отв: Leaking boiler",
		"ΑΠ: Leaking boiler", "رد: Leaking boiler", "YNT: Leaking boiler", "İLT: Leaking boiler",
		"Réf : Leaking boiler", "Trả lời: Leaking boiler", "[EXTERN] Re: Leaking boiler",
		"Re: [External] Leaking boiler", "\u200eRe: Leaking\u00a0boiler ",
	} {
		assert.Equal(t, "leaking boiler", chat.NormalizeSubject(subject), subject)
	}

	for subject, want := range map[string]string{
		"":                       "",
		"Re:":                    "",
		"Invoice: 9":             "invoice: 9",
		"Ref: 4711":              "ref: 4711",
		"[shop] Invoice 9":       "[shop] invoice 9",
		"Regarding: the boiler":  "regarding: the boiler",
		"Re the boiler":          "re the boiler",
		"12:30 is fine":          "12:30 is fine",
		strings.Repeat("re:", 9): "",
	} {
		assert.Equal(t, want, chat.NormalizeSubject(subject), subject)
	}
}
