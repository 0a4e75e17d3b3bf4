package toolbox

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"

	"handrail/budget"
)

// errLineTooLong is a line of a server that is no message.
var errLineTooLong = errors.New("a line of the MCP server is longer than a message may be")

// lineReader gives the lines of a server one by one, each changed by tidy: nil leaves it out.
type lineReader struct {
	source *bufio.Reader
	tidy   func(line []byte) []byte
	rest   []byte
	err    error
}

func newLineReader(source io.Reader, tidy func(line []byte) []byte) *lineReader {
	return &lineReader{source: bufio.NewReader(source), tidy: tidy}
}

// Read is [io.Reader]. It returns a line as soon as it is there.
func (r *lineReader) Read(into []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}

		line, err := r.readLine()
		r.err = err

		if len(line) > 0 {
			r.rest = r.tidy(line)
		}

		if errors.Is(err, io.EOF) {
			// The last event may have no end.
			r.rest = append(r.rest, r.tidy([]byte("\n"))...)
		}
	}

	n := copy(into, r.rest)
	r.rest = r.rest[n:]

	return n, nil
}

// readLine returns the next line with its end.
func (r *lineReader) readLine() ([]byte, error) {
	var line []byte

	for {
		part, err := r.source.ReadSlice('\n')

		line = append(line, part...)
		if len(line) > budget.MaxMCPMessage {
			return nil, errLineTooLong
		}

		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return line, err //nolint:wrapcheck // io.EOF must stay what it is
		default:
			return line, nil
		}
	}
}

// tidyLines are the messages of a program, one in each line. What is no message, like a line of a log, is
// left out.
func tidyLines(source io.Reader) io.Reader {
	return newLineReader(source, func(line []byte) []byte {
		message := bytes.TrimSpace(tidyMessage(line))
		if !isMessage(message) {
			return nil
		}

		return append(message, '\n')
	})
}

// byteOrderMark may stand before the first event.
var byteOrderMark = []byte("\ufeff")

// eventFields are the fields of an event beside its data. What has none of these names is left out, as are comments
// (HTML, 9.2.6).
var eventFields = [][]byte{[]byte("event:"), []byte("id:"), []byte("retry:")}

func isEventField(line []byte) bool {
	return slices.ContainsFunc(eventFields, func(field []byte) bool { return bytes.HasPrefix(line, field) })
}

// tidyEvents are server-sent events with their messages tidied (HTML, 9.2). The data of an event becomes one
// line.
func tidyEvents(source io.Reader) io.Reader {
	var data []byte

	isFirst := true

	return newLineReader(source, func(line []byte) []byte {
		if isFirst {
			line = bytes.TrimPrefix(line, byteOrderMark)
			isFirst = false
		}

		value, is := bytes.CutPrefix(line, []byte("data:"))
		if is {
			data = append(append(data, bytes.TrimRight(value, "\r\n")...), '\n')
			if len(data) > budget.MaxMCPMessage {
				data = data[:0] // a message that long is not read
			}

			return nil
		}

		isEnd := len(bytes.TrimRight(line, "\r\n")) == 0

		switch {
		case isEnd && len(bytes.TrimSpace(data)) == 0:
			data = data[:0]
			return line
		case isEnd:
		case isEventField(line):
			return line
		default:
			return nil
		}

		tidied := append([]byte("data: "), bytes.TrimSpace(tidyMessage(bytes.TrimSpace(data)))...)
		data = data[:0]

		return append(append(bytes.ReplaceAll(tidied, []byte("\n"), []byte(" ")), '\n'), line...)
	})
}
