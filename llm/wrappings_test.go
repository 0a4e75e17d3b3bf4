package llm_test

import (
	"strings"
	"testing"
)

// TestOddWrappings has the good answer as servers and models may give it that nobody has documented.
func TestOddWrappings(t *testing.T) {
	t.Parallel()

	content := func(raw string) wireReply { return completes(`"content":`+raw, usage110) }
	text := func(text string) wireReply { return content(quoted(text)) }
	header := func(reply wireReply, value string) wireReply {
		reply.header = map[string]string{"Content-Type": value}
		return reply
	}
	withCase := strings.NewReplacer(`"title"`, `"Title"`, `"summary"`, `"SUMMARY"`, `"key_points"`, `"keyPoints"`,
		`"open_questions"`, `"Open Questions"`)
	schema := `{"type":"object","properties":{"title":{"type":"string"},"summary":{"type":"string"}}}`

	for name, reply := range map[string]wireReply{
		"JSON within JSON":         text(quoted(parcelAnswer)),
		"under a name":             text(`{"chat_summary":` + parcelAnswer + `}`),
		"under names, with others": text(`{"status":"ok","data":{"result":` + parcelAnswer + `,"confidence":1}}`),
		"as Python writes it":      text(strings.ReplaceAll(parcelAnswer, `"`, `'`)),
		"as Python writes it, with an apostrophe": text(strings.ReplaceAll(
			strings.Replace(parcelAnswer, "her parcel", "the parcel's box", 1), `"`, `'`)),
		"with commas at the end":       text(strings.ReplaceAll(strings.ReplaceAll(parcelAnswer, `}]`, `},]`), `[]}`, `[],}`)),
		"with comments":                text(strings.Replace(parcelAnswer, `{`, "{\n  // what it is about\n  ", 1)),
		"names in another case":        text(withCase.Replace(parcelAnswer)),
		"lines within texts":           text(strings.Replace(parcelAnswer, "Ana waits", "Ana\nwaits", 1)),
		"in channels":                  text("<|channel|>analysis<|message|>Ana asks {\"title\"}.<|end|><|start|>assistant<|channel|>final<|message|>" + parcelAnswer + "<|return|>"),
		"a tool's call in the text":    text("<tool_call>\n{\"name\": \"chat_summary\", \"arguments\": " + parcelAnswer + "}\n</tool_call>"),
		"as an object":                 content(parcelAnswer),
		"a tool's arguments as object": completes(`"content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"chat_summary","arguments":`+parcelAnswer+`}}]`, usage110),
		"a function's call":            completes(`"content":null,"function_call":{"name":"chat_summary","arguments":`+quoted(parcelAnswer)+`}`, usage110),
		"with the schema before":       text(schema + "\n" + parcelAnswer),
		"with the schema after":        text(parcelAnswer + "\nIt is valid by " + schema),
		"as HTML":                      text(strings.ReplaceAll(parcelAnswer, `"`, "&quot;")),
		"after a mark of bytes":        {body: "\ufeff" + completesWell().body},
		"as plain text":                header(completesWell(), "text/plain; charset=utf-8"),
		"with quotes of typesetters":   text(strings.NewReplacer(`"`, "”").Replace(parcelAnswer)),
		"parsed beside no content":     completes(`"content":null,"parsed":`+parcelAnswer, usage110),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cell := situation{replies(reply), saved(110)}
			cell.check(t, false)
		})
	}
}
