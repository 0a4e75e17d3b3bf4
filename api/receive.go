package api

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"handrail/budget"
	"handrail/chat"
)

// receive checks the head of a request, reads its body and lets it in. Nobody has vouched for the
// request yet, so that its body takes room that all such requests share, before it is read. Who
// finds no room is to come again.
func (s *service) receive(c *fiber.Ctx) error {
	request := c.Request()
	limits := s.bodyLimits(&request.Header)

	announced, err := checkHead(request.Header.RawHeaders(), request.Header.IsHTTP11())
	if err != nil {
		closeUnread(c)
		return err
	}

	if announced > limits.most {
		closeUnread(c)
		return bodyTooLarge(limits.most)
	}

	stream := request.BodyStream()
	if stream == nil {
		return c.Next()
	}

	body, err := limits.room.Read(stream, int64(request.Header.ContentLength()), limits.most)
	defer func() {
		request.ResetBody()
		body.Release()
	}()

	if err != nil {
		closeUnread(c)
		return s.bodyError(c, err, limits.most)
	}

	request.SetBodyRaw(body.Bytes)

	return c.Next()
}

// bodyError is what an error of reading a body means to who has sent it.
func (s *service) bodyError(c *fiber.Ctx, err error, most int64) error {
	timeout, isNetwork := errors.AsType[net.Error](err)

	switch {
	case errors.Is(err, budget.ErrFull):
		c.Set(fiber.HeaderRetryAfter, busyFor)
		s.countBusy(c.Path())

		return chat.Unavailable("too many bodies are being read at once; try again").Because(err)

	case errors.Is(err, budget.ErrTooLarge):
		return bodyTooLarge(most)
	case isNetwork && timeout.Timeout():
		return fiber.NewError(http.StatusRequestTimeout)
	}

	return chat.Invalid("body", "must be complete: as long as Content-Length says, or in whole chunks").Because(err)
}

// countBusy counts a call of a provider for which there was no room.
func (s *service) countBusy(path string) {
	for _, w := range s.webhooks {
		if strings.TrimSuffix(path, "/") == w.path {
			s.metrics.webhooks.WithLabelValues(string(w.carrier), w.kind, callBusy).Inc()
		}
	}
}

func bodyTooLarge(most int64) error {
	return chat.Errorf(chat.CodeBodyTooLarge, "the body must be at most %d bytes", most)
}

// bodyLimits are what the body of one request may take.
type bodyLimits struct {
	most   int64
	within time.Duration
	room   *budget.Pool
}

// bodyLimits lets mails, and nothing else, be larger and slower than other bodies, when they can be
// verified at all.
func (s *service) bodyLimits(header *fasthttp.RequestHeader) bodyLimits {
	if s.sendgrid == nil || strings.TrimSuffix(string(header.RequestURI()), "/") != PathSendGridInbound ||
		len(header.Peek(headerSendGridSignature)) == 0 {
		return bodyLimits{
			most:   budget.MaxBody,
			within: readTimeout,
			room:   s.bodyRoom,
		}
	}

	return bodyLimits{
		most:   budget.MaxMail,
		within: budget.MailWithin,
		room:   s.mailRoom,
	}
}

// startBody says how the body of a request is read whose head has come. One that is too large is not
// waited for: [service.receive] sees in the head as it came what was announced.
func (s *service) startBody(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	limits := s.bodyLimits(header)

	if int64(header.ContentLength()) > limits.most {
		header.SetContentLength(0)
		header.Del(fiber.HeaderExpect)
		header.SetConnectionClose()
	}

	return fasthttp.RequestConfig{MaxRequestBodySize: int(limits.most), ReadTimeout: limits.within}
}

var errHead = chat.Errorf(chat.CodeInvalidRequest, "this is not a request that can be read")

// checkHead refuses what two programs in a row may read in two ways, each of which RFC 9112 wants
// answered 400: a blank before the colon (5.1), a line that goes on on the next one (5.2), and none or
// several of Host (3.2) or of what says how long the body is (6.3). It returns how long the body is
// said to be, 0 if nothing is.
func checkHead(raw []byte, isHTTP11 bool) (announced int64, err error) {
	var hosts, lengths, codings int

	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}

		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t\r") {
			return 0, errHead
		}

		switch {
		case bytes.EqualFold(name, []byte(fiber.HeaderHost)):
			hosts++

			if bytes.ContainsAny(bytes.TrimSpace(value), " \t,/@?#\\") {
				return 0, errHead
			}

		case bytes.EqualFold(name, []byte(fiber.HeaderContentLength)):
			lengths++

			if announced, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return 0, errHead
			}

		case bytes.EqualFold(name, []byte(fiber.HeaderTransferEncoding)):
			codings++
		}
	}

	if hosts > 1 || hosts == 0 && isHTTP11 || lengths+codings > 1 {
		return 0, errHead
	}

	return announced, nil
}
