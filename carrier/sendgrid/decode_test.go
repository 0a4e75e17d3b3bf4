package sendgrid_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// charsets are those that customers write in, each with all names that mail has for it.
var charsets = []struct {
	encoding encoding.Encoding
	text     string
	labels   []string
}{
	{charmap.Windows1250, "Proszę oddać pieniądze, żółć", []string{"windows-1250", "cp1250", "CP-1250", "win-1250", "x-cp1250"}},
	{charmap.Windows1251, "Верните деньги, пожалуйста", []string{
		"windows-1251", "Windows-1251", "cp1251", "win-1251", "win1251", "windows1251", `"windows-1251"`, "microsoft-cp1251", "1251",
		"charset=windows-1251",
	}},
	{charmap.Windows1252, "Gruß für 5 € “ja”", []string{
		"windows-1252", "cp1252", "cp-1252", "win-1252", "ansi", "ANSI_X3.4-1968", "us-ascii", "ascii",
	}},
	{charmap.Windows1253, "Παρακαλώ επιστροφή", []string{"windows-1253", "cp1253"}},
	{charmap.Windows1254, "Lütfen parayı geri gönderin, ışığı", []string{"windows-1254", "cp1254", "iso-8859-9", "latin5", "ISO_8859-9"}},
	{charmap.Windows1255, "החזירו את הכסף", []string{"windows-1255", "cp1255"}},
	{charmap.Windows1256, "أعيدوا المال من فضلكم", []string{"windows-1256", "cp1256", "win1256"}},
	{charmap.Windows1257, "Prašau grąžinti pinigus", []string{"windows-1257", "cp1257"}},
	{charmap.Windows1258, "Xin trả tiền", []string{"windows-1258"}},
	{charmap.Windows874, "กรุณาคืนเงิน", []string{"windows-874", "tis-620", "iso-8859-11", "cp874"}},
	{charmap.ISO8859_1, "Grüße, señor, où ça", []string{
		"iso-8859-1", "ISO-8859-1", "iso8859-1", "iso_8859-1", "iso8859_1", "latin-1", "latin1", "Latin_1", "l1", "8859-1",
		"iso-8859-1:1987", "iso_8859-1:1987", "iso: western", "ISO-8859-1; format=flowed", "iso 8859-1", "isolatin1",
	}},
	{charmap.ISO8859_2, "Vraťte mi peníze, řeka", []string{"iso-8859-2", "iso8859-2", "iso_8859-2", "latin2", "latin-2"}},
	{charmap.ISO8859_3, "Ĉu vi povas, ŝi", []string{"iso-8859-3"}},
	{charmap.ISO8859_4, "Prašau, ačiū", []string{"iso-8859-4", "latin4"}},
	{charmap.ISO8859_5, "Верните деньги", []string{"iso-8859-5", "cyrillic"}},
	{charmap.ISO8859_6, "أعيدوا المال", []string{"iso-8859-6", "arabic"}},
	{charmap.ISO8859_7, "Παρακαλώ", []string{"iso-8859-7", "greek"}},
	{charmap.ISO8859_8, "החזירו את הכסף", []string{"iso-8859-8", "iso-8859-8-i", "hebrew"}},
	{charmap.ISO8859_10, "Þetta er æði", []string{"iso-8859-10", "latin6"}},
	{charmap.ISO8859_13, "Prašau grąžinti", []string{"iso-8859-13", "latin7", "latin-7"}},
	{charmap.ISO8859_14, "Ŵy môr", []string{"iso-8859-14", "latin8"}},
	{charmap.ISO8859_15, "Œuvre à 5 €", []string{"iso-8859-15", "ISO8859-15", "iso_8859-15", "latin-9", "latin9", "8859-15", "iso885915"}},
	{charmap.ISO8859_16, "Vă rog, ștergeți", []string{"iso-8859-16", "latin10"}},
	{charmap.KOI8R, "Верните деньги, пожалуйста", []string{"koi8-r", "KOI8-R", "koi8r", "koi8_r", "cskoi8r"}},
	{charmap.KOI8U, "Поверніть гроші, їжак", []string{"koi8-u", "koi8-ru"}},
	{charmap.CodePage866, "Верните деньги", []string{"cp866", "ibm866"}},
	{charmap.CodePage850, "Grüße", []string{"cp850", "ibm850", "CP-850"}},
	{charmap.CodePage437, "Grüße", []string{"cp437", "ibm437"}},
	{charmap.CodePage852, "Vraťte", []string{"cp852"}},
	{charmap.Macintosh, "Grüße à Paris", []string{"macintosh", "x-mac-roman", "mac-roman"}},
	{charmap.MacintoshCyrillic, "Верните", []string{"x-mac-cyrillic"}},
	{japanese.ISO2022JP, "返金してください", []string{"iso-2022-jp", "ISO-2022-JP", "csISO2022JP", "cp50220", "iso-2022-jp-ms"}},
	{japanese.ShiftJIS, "返金してください①", []string{"shift_jis", "shift-jis", "sjis", "x-sjis", "cp932", "windows-31j", "ms_kanji", "ms932"}},
	{japanese.EUCJP, "返金してください", []string{"euc-jp", "x-euc-jp", "eucjp", "ujis"}},
	{simplifiedchinese.GBK, "请退款，谢谢", []string{"gb2312", "GB2312", "gbk", "x-gbk", "cp936", "gb_2312-80", "euc-cn", "ms936", "gb18030"}},
	{simplifiedchinese.GB18030, "请退款，謝謝𠀀", []string{"gb18030", "GB-18030", "gb2312", "gbk"}},
	{simplifiedchinese.HZGB2312, "请退款", []string{"hz-gb-2312"}},
	{traditionalchinese.Big5, "請退款，謝謝", []string{"big5", "Big-5", "cn-big5", "big5-hkscs", "cp950", "x-x-big5"}},
	{korean.EUCKR, "환불해 주세요", []string{"euc-kr", "ks_c_5601-1987", "KS_C_5601", "ksc5601", "cp949", "uhc", "ms949", "korean", "euckr"}},
	{unicode.UTF8, "Grüße, 返金, деньги 👋", []string{"utf-8", "utf8", "UTF8", "utf_8", "unicode-1-1-utf-8", "utf8mb4", "", "UTF-8;"}},
	{unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "Grüße 返金", []string{"utf-16"}},
	{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "Grüße 返金", []string{"utf-16le"}},
	{unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "Grüße 返金", []string{"utf-16be"}},
	{utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "Grüße 返金", []string{"utf-32"}},
}

// encoded are character sets that no package writes.
var encoded = []struct{ raw, text, label string }{
	{"Gr+APwA3w-e, 1 +- 1 +AD0 2", "Grüße, 1 + 1 = 2", "utf-7"},
	{"Gr+APwA3w-e", "Grüße", "unicode-1-1-utf-7"},
	{"Gr+APwA3w-e", "Grüße", "UTF7"},
	{"+2D3cSw-", "👋", "x-unicode-2-0-utf-7"},
	{"\x1b$)C\x0eH/:R\x0fok", "환불ok", "iso-2022-kr"},
	{"\ufeffGr\u00fc\u00dfe", "Grüße", "windows-1251"},
	{"Gr\u00fc\u00dfe", "Grüße", "iso-8859-1"},
	{"Gr\u00fc\u00dfe", "Grüße", "us-ascii"},
	{"Gr\u00fc\u00dfe", "Grüße", "klingon"},
	{"\x80", "€", "gb2312"},
}

// assertDecoded checks a text in both modes and in an encoded word.
func assertDecoded(t *testing.T, raw, text, label string) {
	t.Helper()

	p := personPost()
	p["charsets"] = fmt.Sprintf(`{"text":%q,"subject":"utf-8"}`, label)
	p["text"] = raw
	in := readInbound(t, p)
	assert.Equal(t, text, in.Text, "%q parsed", label)
	assert.Empty(t, in.Undecoded, "%q parsed", label)

	p["text"] = ""
	p["html"] = "<p>" + raw + "</p>"
	p["charsets"] = fmt.Sprintf(`{"html":%q}`, label)

	// The tags around these would be in another set than the text.
	if !strings.HasPrefix(label, "utf-16") && !strings.HasPrefix(label, "utf-32") && label != "hz-gb-2312" &&
		!strings.HasPrefix(raw, "\ufeff") {
		assert.Equal(t, text, readInbound(t, p).Text, "%q HTML", label)
	}

	bits := base64.StdEncoding.EncodeToString([]byte(raw))
	email := "From: a@b.example\r\nContent-Type: text/plain; charset=\"" + strings.Trim(label, `"`) +
		"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + bits
	in = readInbound(t, post{"email": email})
	assert.Equal(t, text, in.Text, "%q raw", label)
	assert.Empty(t, in.Undecoded, "%q raw", label)

	if label == "" || strings.ContainsAny(label, " ;=\"") {
		return
	}

	word := "=?" + label + "?B?" + bits + "?="
	p = personPost()
	p["subject"] = word
	p["from"] = word + " <selma@customers.example>"

	for mode, p := range map[string]post{"parsed": p, "raw": p.raw()} {
		in = readInbound(t, p)
		assert.Equal(t, text, in.Subject, "%q in a word, %s", label, mode)
		assert.Equal(t, text, in.FromName, "%q in a name, %s", label, mode)
		assert.Empty(t, in.Undecoded, "%q in a word, %s", label, mode)
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()

	for _, c := range charsets {
		raw, err := c.encoding.NewEncoder().String(c.text)
		if err != nil {
			// A newer letter than the set has, under the set's old name.
			continue
		}

		for _, label := range c.labels {
			assertDecoded(t, raw, c.text, label)
		}
	}

	for _, c := range encoded {
		assertDecoded(t, c.raw, c.text, c.label)
	}
}

// What cannot be decoded is kept and marked.
func TestUndecoded(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ label, raw, text, undecoded string }{
		"an unknown set":          {"klingon", "a\xffb", "a\uFFFDb", "klingon"},
		"an unknown set in ASCII": {"klingon", "ab", "ab", ""},
		"a set with escapes":      {"iso-2022-cn", "\x1b$)A\x0e=;;;\x0f", "$)A=;;;", "iso-2022-cn"},
		"no set":                  {"", "Gr\xfc\xdfe", "Gr\uFFFD\uFFFDe", "unknown-8bit"},
		"not in UTF-8":            {"utf-8", "Gr\xfc\xdfe!", "Gr\uFFFD\uFFFDe!", "utf-8"},
		"cut in the middle":       {"utf-8", "Gr\u00fc\xc3", "Grü\uFFFD", "utf-8"},
		"not in the set":          {"shift_jis", "ok\xff\xff", "ok\uFFFD\uFFFD", "shift_jis"},
		"a name that is none":     {"<script>\x00", "a\xff", "a\uFFFD", "unknown"},
	} {
		p := personPost()
		p["charsets"] = fmt.Sprintf(`{"text":%q}`, c.label)
		p["text"] = c.raw

		if strings.Contains(c.label, "\x00") {
			p["charsets"] = `{"text":"<script>"}`
		}

		in := readInbound(t, p)
		// Neighbours that cannot be decoded may become one sign or two.
		assert.Equal(t, squeeze(c.text), squeeze(in.Text), name)
		assert.Equal(t, c.undecoded, in.Undecoded, name)
		assert.Contains(t, string(in.Raw), c.raw, name)

		if c.label != "" && !strings.Contains(c.label, "<") {
			email := "From: a@b.example\nContent-Type: text/plain; charset=" + c.label + "\n\n" + c.raw
			in = readInbound(t, post{"email": email})
			assert.Equal(t, squeeze(c.text), squeeze(in.Text), "%s, raw", name)
			assert.Equal(t, c.undecoded, in.Undecoded, "%s, raw", name)
		}
	}
}

func squeeze(text string) string {
	for strings.Contains(text, "\uFFFD\uFFFD") {
		text = strings.ReplaceAll(text, "\uFFFD\uFFFD", "\uFFFD")
	}

	return text
}

func TestEncodedWords(t *testing.T) {
	t.Parallel()

	for subject, want := range map[string]string{
		"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=":                        "Grüße",
		"=?UTF-8?b?R3LDvMOfZQ==?=":                           "Grüße",
		"=?utf-8?B?R3LDvMOfZQ?=":                             "Grüße",
		"=?iso-8859-1?Q?5_=80?=":                             "5 €",
		"Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= an alle":            "Re: Grüße an alle",
		"=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=":           "Grüße",
		"=?gb2312?B?x+vNyw==?=\n =?gb2312?B?v+4=?=":          "请退款",
		"=?shift_jis?B?lQ==?= =?shift_jis?B?1IvggrU=?=":      "返金し",
		"=?iso-2022-jp?B?GyRCSlY2YhsoQg==?=":                 "返金",
		"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=":                     "Grüße",
		"=?utf-8?Q?Hello world?=":                            "Hello world",
		"=?utf-8?Q?Why??=":                                   "Why?",
		"=?utf-8?Q?a?= =?iso-8859-1?Q?=E4?=":                 "aä",
		"=?utf-8?Q?a?= b =?utf-8?Q?c?=":                      "a b c",
		"=?utf-8?Q?100=25_=ZZ_=?=":                           "100% =ZZ =",
		"=?utf-8?X?abc?=":                                    "=?utf-8?X?abc?=",
		"=?broken":                                           "=?broken",
		"plain":                                              "plain",
		"Gr\u00fc\u00dfe":                                    "Grüße",
		"=?UTF-8?B?R3LDvMOfZQ==?= =?windows-1251?B?0/Dg?= 1": "GrüßeУра 1",
	} {
		p := personPost()
		p["subject"] = subject
		assert.Equal(t, want, readInbound(t, p).Subject, "%s parsed", subject)
		assert.Equal(t, want, readInbound(t, p.raw()).Subject, "%s raw", subject)
	}

	email := "From: J\xf6rg <j@mail.example>\r\nSubject: Gr\xfc\xdfe\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nJa"
	in := readInbound(t, post{"email": email})
	require.Empty(t, in.Undecoded)
	assert.Equal(t, "Grüße", in.Subject, "bare bytes in the mail's own set")
	assert.Equal(t, "Jörg", in.FromName)

	in = readInbound(t, post{"email": "From: a@b.example\nSubject: =?klingon?Q?a=FF?=\n\nJa"})
	assert.Equal(t, "klingon", in.Undecoded)
}
