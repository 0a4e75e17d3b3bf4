package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// streamSilence is after how long a stream that says nothing is taken for broken: the API speaks every 15 seconds.
const streamSilence = 45 * time.Second

// streamNote is one event of a stream; event is "" for those of the log.
type streamNote struct{ event, data string }

// detail is what an event that is not of the log says to people.
func (n *streamNote) detail() string {
	var told struct {
		Detail string `json:"detail"`
	}

	if json.Unmarshal([]byte(n.data), &told) != nil || told.Detail == "" {
		return n.event
	}

	return told.Detail
}

// followEvents reads a stream to its end, from last on, which it keeps up to date.
func (c *client) followEvents(query url.Values, last *string, show func(*streamNote) error) error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()

	request, err := c.request(call{method: http.MethodGet, path: "events", query: query})
	if err != nil {
		return err
	}

	request.Header.Set("Accept", "text/event-stream")

	if *last != "" {
		request.Header.Set("Last-Event-ID", *last)
	}

	silent := time.AfterFunc(streamSilence, cancel)
	defer silent.Stop()

	// A stream has no end in time.
	endless := &http.Client{CheckRedirect: c.http.CheckRedirect}

	answer, err := endless.Do(request.WithContext(ctx))
	if err != nil {
		return c.unreachable(err)
	}

	defer func() { _ = answer.Body.Close() }() // read to its end, or given up

	if answer.StatusCode != http.StatusOK {
		return c.refusal(answer)
	}

	return c.readStream(bufio.NewReader(answer.Body), last, func(note *streamNote) error {
		silent.Reset(streamSilence)

		if note.data == "" {
			return nil
		}

		return show(note)
	})
}

// readStream calls next with every event, and with what only shows that the stream is alive.
func (c *client) readStream(lines *bufio.Reader, last *string, next func(*streamNote) error) error {
	var note streamNote

	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return c.streamEnd(err)
		}

		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		value = strings.TrimPrefix(value, " ")

		switch {
		case strings.HasPrefix(line, ":"): // a comment
		case name == "id":
			*last = value
		case name == "event":
			note.event = value
		case name == "data":
			note.data += value

		case name == "":
			if err := next(&note); err != nil {
				return err
			}

			note = streamNote{}
		}
	}
}

// streamEnd is nil for a stream that was ended whole.
func (c *client) streamEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}

	return c.unreachable(err)
}

// refusal is an answer that is no success, as an error.
func (c *client) refusal(answer *http.Response) error {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return c.unreachable(err)
	}

	p := &problem{}
	if json.Unmarshal(raw, p) != nil || p.Code == "" {
		return fmt.Errorf("%s answers %s, and this is not Handrail's API. Check --url (HANDRAIL_URL)", c.shown, answer.Status)
	}

	p.Status = answer.StatusCode

	return p
}
