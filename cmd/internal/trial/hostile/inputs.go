package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"strings"

	"handrail/carrier/reply"
	"handrail/carrier/sendgrid"
	"handrail/chat"
	"handrail/schema"
)

const mega = 1 << 20

// listInputs are the kinds of input that were seen to cost more than they should, and those like them.
func listInputs() ([]input, error) {
	bodies, err := bodyInputs()
	if err != nil {
		return nil, err
	}

	checks, err := schemaInputs()
	if err != nil {
		return nil, err
	}

	var all []input
	for _, some := range [][]input{bodies, checks, mailInputs(), textInputs(), markdownInputs(), modelInputs()} {
		all = append(all, some...)
	}

	return all, nil
}

// repeatItem is a JSON list of so many times an item.
func repeatItem(item string, n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }

// repeatLevel opens so many objects, one in the other, and closes them.
func repeatLevel(opening string, n int) string {
	return strings.Repeat(opening, n) + "1" + strings.Repeat("}", n)
}

// schemaCase is a schema, and values that are held against it.
type schemaCase struct {
	name, document string
	size           int
	write          func(n int) string
	maxBytes       uint64
}

// writeFields is an object of so many fields.
func writeFields(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"p%d":1`, i)
	}

	return "{" + strings.Join(fields, ",") + "}"
}

// wordCases are schemas that name 5,000 words, and of one that names 20,000 numbers.
func wordCases() []schemaCase {
	words := make([]string, 5000)
	for i := range words {
		words[i] = fmt.Sprintf(`"w%d"`, i)
	}

	listed := "[" + strings.Join(words, ",") + "]"

	return []schemaCase{
		{
			name:     "values that are none of 5,000 choices",
			document: `{"items":{"enum":` + listed + `}}`,
			size:     45_000,
			write:    func(n int) string { return repeatItem(`"x"`, n) },
			maxBytes: 200 * mega,
		},
		{
			name:     "numbers that are none of 20,000",
			document: `{"items":{"enum":` + repeatItem("1", 20_000) + `}}`,
			size:     40_000,
			write:    func(n int) string { return repeatItem("2", n) },
			maxBytes: 200 * mega,
		},
		{
			name:     "5,000 fields that are missing",
			document: `{"items":{"required":` + listed + `}}`,
			size:     20_000,
			write:    func(n int) string { return repeatItem("{}", n) },
			maxBytes: 200 * mega,
		},
	}
}

func schemaCases() []schemaCase {
	return []schemaCase{
		{
			name:     "a tool's answer that is wrong everywhere",
			document: `{"items":{"type":"string"}}`,
			size:     45_000,
			write:    func(n int) string { return repeatItem("1", n) },
			maxBytes: 100 * mega,
		},
		{
			name:     "fields that are not known",
			document: `{"additionalProperties":false}`,
			size:     15_000,
			write:    writeFields,
			maxBytes: 50 * mega,
		},
		{
			name:     "fields and patterns of names",
			document: `{"patternProperties":{"^[a-z]{1,900}$":{},"^[a-y]{1,900}$":{}}}`,
			size:     15_000,
			write:    writeFields,
			maxBytes: 50 * mega,
		},
		{
			name:     "a text for a pattern",
			document: `{"pattern":"^[a-z]{1,500}[0-9]$"}`,
			size:     50_000,
			write:    func(n int) string { return `"` + strings.Repeat("a", n) + `"` },
			maxBytes: 10 * mega,
		},
		{
			name:     "arguments that are too deep",
			document: `{}`,
			size:     50_000,
			write:    func(n int) string { return repeatLevel(`{"a":`, n) },
			maxBytes: mega,
		},
	}
}

func schemaInputs() ([]input, error) {
	var all []input

	for _, c := range append(wordCases(), schemaCases()...) {
		compiled, err := schema.Compile("schema", json.RawMessage(c.document))
		if err != nil {
			return nil, err
		}

		all = append(all, input{
			name:     c.name,
			size:     c.size,
			maxBytes: c.maxBytes,
			prepare: func(n int) (int, func()) {
				value := json.RawMessage(c.write(n))
				return len(value), func() { _ = compiled.Check(chat.CodeInvalidRequest, "value", value) }
			},
		})
	}

	return all, nil
}

// mailInput is a mail that Inbound Parse posts, with one field that is written for a size.
func mailInput(name string, size int, maxBytes uint64, write func(n int) (field, text string)) input {
	return input{
		name:     name,
		size:     size,
		maxBytes: maxBytes,
		prepare: func(n int) (int, func()) {
			field, text := write(n)
			fields := map[string]string{
				"from":    "a@b.example",
				"to":      "c@d.example",
				"headers": "Message-ID: <a@b.example>",
				"text":    "See",
			}
			fields[field] = text

			return readMail(fields)
		},
	}
}

// mailInputs are mails as Inbound Parse posts them.
func mailInputs() []input {
	raw := func(name string, size int, write func(n int) string) input {
		return mailInput(name, size, 60*mega, func(n int) (string, string) { return "email", write(n) })
	}

	return []input{
		mailInput("mail, introductions of quotes", 40_000, 60*mega, func(n int) (string, string) {
			return "text", strings.Repeat("a bbbb escreveu:\n", n) + "> q\n" + strings.Repeat("c\n", 10)
		}),
		mailInput("mail, a long text", 10*mega, 250*mega, func(n int) (string, string) {
			return "text", strings.Repeat("On 3 Nov 2025, a@b.example wrote: x\n", n/36)
		}),
		mailInput("mail, HTML in HTML", 20_000, 250*mega, func(n int) (string, string) {
			fields := strings.Repeat("<blockquote><ol><li><a href=http://x.example>", n)
			return "html", "<p>" + fields
		}),
		mailInput("mail, headers", 20_000, 60*mega, func(n int) (string, string) {
			return "headers", strings.Repeat("X-A: b\n c\n", n)
		}),
		mailInput("mail, addresses", 40_000, 60*mega, func(n int) (string, string) {
			return "to", strings.Repeat("(<\"a@b.example,", n)
		}),
		raw("mail, parts", 1000, func(n int) string {
			return "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
				strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", n) + "--b--\r\n"
		}),
		raw("mail, parts in parts", 200, func(n int) string {
			var text strings.Builder

			text.WriteString("From: a@b.example\r\n")

			for i := range n {
				fmt.Fprintf(&text, "Content-Type: multipart/mixed; boundary=b%03d\r\n\r\n--b%03d\r\n", i, i)
			}

			return text.String() + "Content-Type: text/plain\r\n\r\ndeep"
		}),
		raw("mail, lines that look like boundaries", 100_000, func(n int) string {
			return "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
				strings.Repeat("--c\r\n", n)
		}),
		raw("mail, references", 20_000, func(n int) string {
			return "From: a@b.example\r\nReferences:" + strings.Repeat(" <a@b>", n) + "\r\n\r\nx"
		}),
	}
}

// readMail is the work of reading a post of Inbound Parse.
func readMail(fields map[string]string) (size int, work func()) {
	var body bytes.Buffer

	form := multipart.NewWriter(&body)
	for name, value := range fields {
		_ = form.WriteField(name, value) // a buffer takes everything
	}

	_ = form.Close()

	webhook := new(sendgrid.Webhook)

	return body.Len(), func() { _, _ = webhook.ReadInbound(form.FormDataContentType(), body.Bytes()) }
}

// textInputs are texts that are trimmed, or looked at for what they say.
func textInputs() []input {
	text := func(name, piece string, size int, read func(text string)) input {
		return input{
			name:     name,
			size:     size,
			maxBytes: 60 * mega,
			prepare: func(n int) (int, func()) {
				written := strings.Repeat(piece, n)
				return len(written), func() { read(written) }
			},
		}
	}
	trim := func(text string) { reply.TrimMail("", text) }

	yesNo, count, choose := answerReaders()

	return []input{
		text("answer, courtesies", "please yes, ", 800, yesNo),
		text("answer, numbers", "twenty six 5,000.", 550, count),
		text("answer, choices", "the large one ", 700, choose),
		text("answer, lines of names", "Kind regards,\nAnna\n", 500, yesNo),
		text("answer, reactions", "Liked \"👍 ", 9000, func(text string) { _, _ = chat.ReadReaction(text) }),
		text("text, quotes in runs", "> On 3 Nov 2025 A wrote:\n\n", 10_000, trim),
		text("text, headers", "From: a@b.example\nSent: c\nTo: b\n\n", 10_000, trim),
		text("text, titles", "-----Original Message-----\n\n", 10_000, trim),
		text("words of an opt-out", "please no stop, ", 6000, func(text string) {
			_ = chat.ReadKeyword(text)
			_ = chat.IsPossibleOptOut(text)
		}),
	}
}

// answerReaders read what a contributor has answered: yes or no, a number, and a choice.
func answerReaders() (yesNo, count, choose func(text string)) {
	read := func(document string) func(text string) {
		expects, err := schema.Compile("expects", json.RawMessage(document))
		if err != nil {
			panic("hostile: a schema does not compile: " + err.Error())
		}

		return func(text string) {
			_, _ = expects.Read(text)
			_ = expects.Guess(schema.Asked{Question: text}, text)
		}
	}

	return read(`{"type":"boolean"}`), read(`{"type":"number"}`), read(`{"enum":["small","medium","large"]}`)
}
