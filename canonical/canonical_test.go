package canonical_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/canonical"
	"handrail/chat"
)

func TestANumberHasOneForm(t *testing.T) {
	t.Parallel()

	for typed, want := range map[string]string{
		// The cases of the paper: the trunk prefix was left in.
		"+4407911123456":    "+447911123456",
		"+4901711234567":    "+491711234567",
		"+330612345678":     "+33612345678",
		"+610412345678":     "+61412345678",
		"+114155550123":     "+14155550123",
		"+390612345678":     "+390612345678", // Rome's zero is dialed from everywhere
		"+4402071838750":    "+442071838750",
		"+3106123456789":    "",
		"+310612345678":     "+31612345678",
		"+3200470123456":    "",
		"+320470123456":     "+32470123456",
		"+4306641234567":    "+436641234567",
		"+410791234567":     "+41791234567",
		"+9109876543210":    "+919876543210",
		"+8109012345678":    "+819012345678",
		"+5501511961234567": "",
		"+79161234567":      "+79161234567",
		"+2250712345678":    "+2250712345678", // Ivory Coast: the zero belongs to the number
		"+3780549886377":    "+3780549886377", // San Marino
		"+447911123456":     "+447911123456",
		"+14155550123":      "+14155550123",
	} {
		got, err := canonical.Address("phone", chat.AddressPhone, typed)
		if want == "" {
			assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), typed)
			continue
		}

		require.NoError(t, err, typed)
		assert.Equal(t, want, got, typed)

		again, err := canonical.Address("phone", chat.AddressPhone, got)
		require.NoError(t, err, got)
		assert.Equal(t, got, again, "the form of the form")
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	t.Parallel()

	for _, typed := range []string{
		"00447911123456", "0044 7911 123456", "+44 7911 123456", "447911123456", "07911123456",
		"+14155550123;ext=5", "+14155550123 ext. 5", "+14155550123x5", "\u202a+14155550123\u202c", "+\u200e14155550123",
		"+1415FLOWERS", "+10000000000", "+1415555012", "tel:+14155550123", "+４４７９１１１２３４５６", "SUPPORT", "72345", "+",
	} {
		_, err := canonical.Address("phone", chat.AddressPhone, typed)
		require.Error(t, err, typed)

		e := chat.AsError(err)
		assert.Equal(t, chat.CodeInvalidRequest, e.Code, typed)
		assert.Equal(t, "phone", e.Fields[0].Field, typed)
		assert.Contains(t, e.Message, "+14155550123 (E.164)", typed)

		assert.Equal(t, typed, canonical.Of(chat.AddressPhone, typed), "what comes from outside is kept")
	}
}

func TestAMailAddressHasOneForm(t *testing.T) {
	t.Parallel()

	for typed, want := range map[string]string{
		"Ana.Lopez@Example.COM":       "Ana.Lopez@example.com",
		"ana@müller.example":          "ana@xn--mller-kva.example",
		"ana@MÜLLER.example":          "ana@xn--mller-kva.example",
		"ana@mu\u0308ller.example":    "ana@xn--mller-kva.example",
		"ana@XN--MLLER-KVA.example":   "ana@xn--mller-kva.example",
		"ana@straße.example":          "ana@xn--strae-oqa.example", // and not strasse.example
		"ana@例え。テスト":                  "ana@xn--r8jz45g.xn--zckzah",
		"ana@ＥＸＡＭＰＬＥ.com":             "ana@example.com",
		"ana+tag@r3---sn.example.com": "ana+tag@r3---sn.example.com",
		"ana@a_b.example.com":         "ana@a_b.example.com",
		"ana@[192.0.2.1]":             "ana@[192.0.2.1]",
		"Ünal@Example.com":            "Ünal@example.com",
	} {
		got, err := canonical.Address("email", chat.AddressEmail, typed)
		require.NoError(t, err, typed)
		assert.Equal(t, want, got, typed)

		again, err := canonical.Address("email", chat.AddressEmail, got)
		require.NoError(t, err, got)
		assert.Equal(t, got, again, "the form of the form")
	}
}

func TestWhatIsNoMailAddressIsRefused(t *testing.T) {
	t.Parallel()

	for _, typed := range []string{
		"ana", "ana@", "@example.com", "Ana <ana@example.com>", " ana@example.com", "ana@example.com.", "ana@exa mple.com",
		"ana@xn--0.example", "ana@" + strings.Repeat("ü", 80) + ".example", "ana@example..com",
	} {
		_, err := canonical.Address("email", chat.AddressEmail, typed)
		require.Error(t, err, typed)
		assert.Equal(t, "email", chat.AsError(err).Fields[0].Field, typed)
		assert.Equal(t, typed, canonical.Of(chat.AddressEmail, typed), "what comes from outside is kept")
	}
}

func TestNoAddressIsNone(t *testing.T) {
	t.Parallel()

	for _, kind := range []chat.AddressKind{chat.AddressPhone, chat.AddressEmail, chat.AddressNone} {
		got, err := canonical.Address("to", kind, "")
		require.NoError(t, err)
		assert.Empty(t, got)
	}

	_, err := canonical.Address("to", chat.AddressNone, "+14155550123")
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
}
