package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"handrail/client"
)

type toolTest struct {
	remote
	ID        int64  `arg:"" help:"The tool's id, as listed."`
	Tool      string `help:"For an MCP server: which of its tools, without the server's name." placeholder:"NAME"`
	Arguments string `default:"{}" help:"The arguments, as a JSON object." placeholder:"JSON"`
	Approval  string `help:"With the same test again, once it is approved: the approval's id." placeholder:"ID"`
}

// Help is shown by kong.
func (*toolTest) Help() string {
	return `A test is a real call: a tool that makes bookings makes one. The call has no idempotency key, and
nothing is undone afterwards. A tool of the risk approval takes a second member: the first time, the test waits
for one, and --approval runs it.

Exit status: 0 the tool succeeded, 1 it failed, 2 wrong use, 3 it is not known whether the call had its effect.`
}

// toolTimeout exceeds the longest that a tool may take, two minutes.
const toolTimeout = 150 * time.Second

// testView is what came of a test.
type testView struct{ client.TestedTool }

// Run calls a tool once, for real.
func (t *toolTest) Run(c *console) error {
	arguments, err := readObject(t.Arguments)
	if err != nil || arguments == nil {
		return &exitError{
			errors.New(`--arguments must be a JSON object, like '{"at": "2026-11-27T19:00:00Z"}'`),
			exitUsage,
		}
	}

	api, err := t.dialFor(c, toolTimeout)
	if err != nil {
		return err
	}

	got, err := api.read(api.TestTool(c.ctx, api.workspace, t.ID, nil, client.TestTool{
		ApprovalID: client.IfGiven(t.Approval),
		Arguments:  arguments,
		Tool:       client.IfGiven(t.Tool),
	}))
	if err != nil {
		return err
	}

	if waits, err := got.showWaiting(c, t.JSON, api); waits {
		return err
	}

	var came testView
	if err := got.into(&came); err != nil {
		return err
	}

	if t.JSON {
		err = api.showJSON(got.raw)
	} else {
		err = came.show(c)
	}

	return errors.Join(err, came.verdict())
}

// readObject reads a JSON object, whose numbers stay as they are written.
func readObject(text string) (map[string]any, error) {
	var object map[string]any

	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()

	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}

	if decoder.More() {
		return nil, errors.New("there is more than one value")
	}

	return object, nil
}

func (t *testView) show(c *console) error {
	fmt.Fprintf(
		c.out,
		"%s after %s\n\n",
		makePrintable(string(t.Outcome)),
		time.Duration(t.DurationMs)*time.Millisecond,
	)

	f := facts{c}
	f.say("HTTP", "%s", formatNumber(client.ValueOf(t.HTTPStatus)))
	f.say("error", "%s %s", client.ValueOf(t.ErrorCode), client.ValueOf(t.Error))

	if len(t.Result) == 0 || string(t.Result) == "null" {
		return nil
	}

	var result bytes.Buffer
	if err := json.Indent(&result, t.Result, "  ", "  "); err != nil {
		return fmt.Errorf("the API's answer cannot be read: %w", err)
	}

	lines := strings.Split(result.String(), "\n")
	for i, line := range lines {
		lines[i] = makePrintable(line)
	}

	fmt.Fprintf(c.out, "  %s\n", strings.Join(lines, "\n"))

	return nil
}

// verdict returns an error unless the tool has succeeded.
func (t *testView) verdict() error {
	switch t.Outcome {
	case client.TestedToolOutcomeSucceeded:
		return nil
	case client.TestedToolOutcomeUnknown:
		return &exitError{
			errors.New("the tool may have had its effect; check there before you call it again"),
			exitUnsettled,
		}

	case client.TestedToolOutcomeFailed:
	case client.TestedToolOutcomeNotRun:
		return errors.New("the tool could not be reached; nothing has happened")
	}

	return errors.New("the tool failed")
}
