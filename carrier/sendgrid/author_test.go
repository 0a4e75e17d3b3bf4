package sendgrid_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The sender is the address in the last <>, and never one in the name.
func TestSender(t *testing.T) {
	t.Parallel()

	for from, want := range map[string]struct{ address, name string }{
		"selma@customers.example":                               {"selma@customers.example", ""},
		"<Selma@Customers.example>":                             {"selma@customers.example", ""},
		"Selma Berg <selma@customers.example>":                  {"selma@customers.example", "Selma Berg"},
		`"Berg, Selma" <selma@customers.example>`:               {"selma@customers.example", "Berg, Selma"},
		"Berg, Selma <selma@customers.example>":                 {"selma@customers.example", "Berg, Selma"},
		"selma@customers.example (Selma Berg)":                  {"selma@customers.example", ""},
		"ben@customers.example via Shop <mallory@evil.example>": {"mallory@evil.example", "ben@customers.example via Shop"},
		"ben@customers.example <mallory@evil.example>":          {"mallory@evil.example", "ben@customers.example"},
		`"ben@customers.example" <mallory@evil.example>`:        {"mallory@evil.example", "ben@customers.example"},
		`"Ben <ben@customers.example>" <mallory@evil.example>`:  {"mallory@evil.example", "Ben <ben@customers.example>"},
		"<ben@customers.example> <mallory@evil.example>":        {"mallory@evil.example", "<ben@customers.example>"},
		"Ben <ben@customers.example>, M <mallory@evil.example>": {"mallory@evil.example", "Ben <ben@customers.example>, M"},
		"ben@customers.example, <mallory@evil.example>":         {"mallory@evil.example", "ben@customers.example,"},
		"<mallory@evil.example> ben@customers.example":          {"mallory@evil.example", ""},
		"M <mallory@evil.example> (<ben@customers.example>)":    {"mallory@evil.example", "M"},
		`M <mallory@evil.example> "<ben@customers.example>"`:    {"mallory@evil.example", "M"},
		`mallory@evil.example "ben@customers.example"`:          {"mallory@evil.example", ""},
		"=?utf-8?Q?ben@customers.example_=3Cben@customers.example=3E?= <mallory@evil.example>": {
			"mallory@evil.example", "ben@customers.example <ben@customers.example>",
		},
		"ken..ji@docomo.example":                            {"ken..ji@docomo.example", ""},
		"ken.ji.@docomo.example":                            {"ken.ji.@docomo.example", ""},
		".ken@ezweb.example":                                {".ken@ezweb.example", ""},
		"Ken Ji <ken..ji.@docomo.example>":                  {"ken..ji.@docomo.example", "Ken Ji"},
		`"ken..ji"@docomo.example`:                          {"ken..ji@docomo.example", ""},
		`"john smith"@example.com`:                          {`"john smith"@example.com`, ""},
		`John <"john smith"@example.com>`:                   {`"john smith"@example.com`, "John"},
		"O'Brien <o'brien@example.com>":                     {"o'brien@example.com", "O'Brien"},
		"a+b=c/d@example.com":                               {"a+b=c/d@example.com", ""},
		"Jörg <jörg@exämple.example>":                       {"jörg@exämple.example", "Jörg"},
		"Selma Berg <mailto:selma@customers.example>":       {"selma@customers.example", "Selma Berg"},
		"Selma :-( <selma@customers.example>":               {"selma@customers.example", "Selma :-("},
		"Selma \" Berg <selma@customers.example>":           {"selma@customers.example", "Selma \" Berg"},
		"Selma Berg <selma@customers.example":               {"selma@customers.example", "Selma Berg"},
		"Selma <selma@customers.example>;":                  {"selma@customers.example", "Selma"},
		"=?windows-1251?B?yODw6P8=?= <m@customers.example>": {"m@customers.example", "Иария"},
		// The envelope's, where the header has none.
		"nobody":           {"envelope@customers.example", ""},
		"":                 {"envelope@customers.example", ""},
		"MAILER-DAEMON <>": {"envelope@customers.example", ""},
	} {
		p := personPost()
		p["from"] = from
		p["envelope"] = `{"to":["support@handrail.example"],"from":"envelope@customers.example"}`

		for mode, p := range map[string]post{"parsed": p, "raw": p.raw()} {
			in := readInbound(t, p)
			assert.Equal(t, want.address, in.From, "%s, %s", from, mode)
			assert.Equal(t, want.name, in.FromName, "%s, %s", from, mode)
			assert.Empty(t, in.Via, "%s, %s", from, mode)
		}
	}
}

// Forms and groups write in a person's place; Reply-To, or what groups add, names the person.
func TestAuthorOfFormsAndGroups(t *testing.T) {
	t.Parallel()

	type want struct{ address, name, via string }

	for name, c := range map[string]struct {
		from, to string
		headers  []string
		want     want
	}{
		"a contact form": {
			"noreply@shop.example", "",
			[]string{"Reply-To: Rosa <rosa@customers.example>"},
			want{"rosa@customers.example", "Rosa", "noreply@shop.example"},
		},
		"a form that writes as us": {
			"Shop <support@handrail.example>", "",
			[]string{"Reply-To: rosa@customers.example"},
			want{"rosa@customers.example", "", "support@handrail.example"},
		},
		"WordPress": {
			"WordPress <wordpress@shop.example>", "",
			[]string{"Reply-To: Rosa <rosa@customers.example>"},
			want{"rosa@customers.example", "Rosa", "wordpress@shop.example"},
		},
		"in German": {
			"keine-antwort@shop.example", "",
			[]string{"Reply-To: rosa@customers.example"},
			want{"rosa@customers.example", "", "keine-antwort@shop.example"},
		},
		"do not reply": {
			"Shop <do-not-reply@shop.example>", "",
			[]string{"Reply-To: rosa@customers.example"},
			want{"rosa@customers.example", "", "do-not-reply@shop.example"},
		},
		"a form to its owner": {
			"info@shop.example", "info@shop.example",
			[]string{"Reply-To: rosa@customers.example"},
			want{"rosa@customers.example", "", "info@shop.example"},
		},
		"a group": {
			"'Selma Berg' via Support <support@handrail.example>", "",
			[]string{
				"Reply-To: Selma Berg <selma@customers.example>", "X-Original-Sender: selma@customers.example",
				"List-ID: <support.handrail.example>", "Precedence: list",
			},
			want{"selma@customers.example", "Selma Berg", "support@handrail.example"},
		},
		"a group that is answered": {
			"Selma Berg via Support <team@group.example>", "",
			[]string{
				"Reply-To: team@group.example", "X-Original-Sender: selma@customers.example",
				"List-ID: <team.group.example>",
			},
			want{"selma@customers.example", "Selma Berg", "team@group.example"},
		},
		"a group with the name of the sender": {
			"Team <team@group.example>", "",
			[]string{"X-Original-From: Selma Berg <selma@customers.example>", "List-ID: <team.group.example>"},
			want{"selma@customers.example", "Selma Berg", "team@group.example"},
		},
		"Mailman": {
			"Selma Berg via Team <team@lists.example>", "team@lists.example",
			[]string{"Reply-To: Selma Berg <selma@customers.example>, team@lists.example", "List-Post: <mailto:team@lists.example>"},
			want{"selma@customers.example", "Selma Berg", "team@lists.example"},
		},
		// A person's From is the author, whatever else is said.
		"a person with a Reply-To": {
			"Selma Berg <selma@customers.example>", "",
			[]string{"Reply-To: office@customers.example"},
			want{"selma@customers.example", "Selma Berg", ""},
		},
		"a group that keeps From": {
			"Selma Berg <selma@customers.example>", "",
			[]string{
				"Reply-To: support@handrail.example", "X-Original-Sender: selma@customers.example",
				"List-ID: <support.handrail.example>",
			},
			want{"selma@customers.example", "Selma Berg", ""},
		},
		"a list that is answered": {
			"Selma Berg <selma@customers.example>", "",
			[]string{"Reply-To: list@group.example", "List-ID: <list.group.example>", "List-Post: <mailto:list@group.example>"},
			want{"selma@customers.example", "Selma Berg", ""},
		},
		"herself in copy": {
			"Selma Berg <selma@customers.example>", "",
			[]string{"Cc: selma@customers.example", "Reply-To: office@customers.example"},
			want{"selma@customers.example", "Selma Berg", ""},
		},
		"somebody else's address as Reply-To": {
			"Mallory <mallory@evil.example>", "",
			[]string{"Reply-To: pia@handrail-team.example"},
			want{"mallory@evil.example", "Mallory", ""},
		},
		// Nobody is named.
		"a shop":               {"noreply@shop.example", "", nil, want{"noreply@shop.example", "", ""}},
		"answers to another":   {"noreply@shop.example", "", []string{"Reply-To: no-reply@shop.example"}, want{"noreply@shop.example", "", ""}},
		"answers to ourselves": {"noreply@shop.example", "", []string{"Reply-To: support@handrail.example"}, want{"noreply@shop.example", "", ""}},
		"via without more": {
			"ben@customers.example via Shop <mallory@evil.example>", "", nil,
			want{"mallory@evil.example", "ben@customers.example via Shop", ""},
		},
	} {
		p := personPost(c.headers...)
		p["from"] = c.from
		p["cc"] = "selma@customers.example"

		if c.to != "" {
			p["to"] = c.to
		}

		for mode, p := range map[string]post{"parsed": maps.Clone(p), "raw": p.raw()} {
			in := readInbound(t, p)
			assert.Equal(t, c.want, want{in.From, in.FromName, in.Via}, "%s, %s", name, mode)
			assert.Empty(t, in.Automatic, "%s, %s", name, mode)
		}
	}
}

func TestRecipients(t *testing.T) {
	t.Parallel()

	p := personPost()
	p["to"] = `"Berg, Selma" <selma@customers.example>; team: ben@customers.example, ken..ji@docomo.example;`
	p["cc"] = "undisclosed-recipients:;, broken <, Ana <ana@mail.example>"

	assert.Equal(t, []string{
		"support@handrail.example", "selma@customers.example", "ben@customers.example", "ken..ji@docomo.example",
		"ana@mail.example",
	}, readInbound(t, p).To)
}

// Where answers go is told beside the author, who may be a form of ours.
func TestAnswersTo(t *testing.T) {
	t.Parallel()

	for replyTo, want := range map[string][2]string{
		"Rosa <Rosa@customers.example>":                     {"rosa@customers.example", "Rosa"},
		"support@handrail.example, rosa@customers.example":  {"rosa@customers.example", ""},
		"selma@customers.example, support@handrail.example": {"", ""},
		"noreply@shop.example":                              {"", ""},
		"":                                                  {"", ""},
	} {
		p := personPost("Reply-To: " + replyTo)

		for mode, p := range map[string]post{"parsed": p, "raw": p.raw()} {
			in := readInbound(t, p)
			assert.Equal(t, "selma@customers.example", in.From, "%s, %s", replyTo, mode)
			assert.Equal(t, want, [2]string{in.AnswersTo, in.AnswersToName}, "%s, %s", replyTo, mode)
		}
	}
}
