package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"unicode/utf8"
)

// maxMail is SendGrid's limit for a whole request, attachments included.
const maxMail = 30 << 20

func (s *Sandbox) routeSendGrid(mux *http.ServeMux) {
	mux.HandleFunc("POST /v3/mail/send", s.sendGrid(s.sendMail))
	mux.HandleFunc("POST /v3/logs", s.sendGrid(s.listLogs))
	mux.HandleFunc("GET /v3/logs/{id}", s.sendGrid(s.showLog))
	s.routeSendGridSetup(mux)

	mux.HandleFunc("/v3/mail/send", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		s.refuseMail(w, r, http.StatusMethodNotAllowed, mailProblem{Message: "method not allowed"})
	})

	mux.HandleFunc("/v3/", func(w http.ResponseWriter, r *http.Request) {
		s.refuseMail(w, r, http.StatusNotFound, mailProblem{Message: "not found"})
	})
}

// mailProblem is one entry of SendGrid's error answer; what does not apply is null.
type mailProblem struct {
	Message string  `json:"message"`
	Field   *string `json:"field"`
	Help    *string `json:"help"`
}

func (s *Sandbox) refuseMail(w http.ResponseWriter, r *http.Request, status int, problems ...mailProblem) {
	s.logger.InfoContext(
		r.Context(),
		"the sandbox refused a SendGrid request",
		"status",
		status,
		"problems",
		len(problems),
	)

	writeJSON(w, status, map[string][]mailProblem{"errors": problems})
}

// sendGrid checks the key before anything else.
func (s *Sandbox) sendGrid(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare(
			[]byte(r.Header.Get("Authorization")),
			[]byte("Bearer "+s.config.SendGridKey),
		) != 1 {
			s.refuseMail(w, r, http.StatusUnauthorized, badGrant)
			return
		}

		handle(w, r)
	}
}

var badGrant = mailProblem{Message: "The provided authorization grant is invalid, expired, or revoked"}

func (s *Sandbox) sendMail(w http.ResponseWriter, r *http.Request) {
	raw, status, problem := postedMail(w, r)
	if status != 0 {
		s.refuseMail(w, r, status, problem)
		return
	}

	request, problem, ok := decodeMail(raw)
	if !ok {
		s.refuseMail(w, r, http.StatusBadRequest, problem)
		return
	}

	if problems := request.problems(currentTime()); len(problems) > 0 {
		s.refuseMail(w, r, http.StatusBadRequest, problems...)
		return
	}

	if request.sandboxed() {
		w.WriteHeader(http.StatusOK)
		return
	}

	s.takeMail(w, r, raw, request.recipients())
}

// takeMail lets a valid request meet its faults.
func (s *Sandbox) takeMail(w http.ResponseWriter, r *http.Request, raw []byte, recipients []string) {
	fault := s.faults.post(ChannelEmail, recipients...)
	if s.refusedMail(w, r, fault) {
		return
	}

	send := &mailSend{MessageID: newMailID(), Request: raw, RequestHeader: withoutCredentials(r.Header)}

	if fault.Kind == FaultLate {
		s.acceptLate(fault, func() (func(), error) { return s.acceptMail(send, recipients) })
	}

	goOn, err := s.acceptMail(send, recipients)
	if err != nil {
		s.logger.ErrorContext(r.Context(), "the sandbox could not keep a mail", "error", err)
		writeJSON(w, http.StatusInternalServerError, mailServerError)

		return
	}

	defer goOn() // after the answer, even if there is none

	s.keepBack(r.Context())

	if fault.Kind == FaultError {
		writeJSON(w, http.StatusInternalServerError, mailServerError)
		return
	}

	w.Header().Set("X-Message-Id", send.MessageID)
	s.mangle(w, r, fault, http.StatusAccepted)
	w.WriteHeader(http.StatusAccepted)
}

var mailServerError = map[string][]mailProblem{"errors": {{Message: "internal server error"}}}

// acceptMail keeps a send. goOn is to be called after the answer.
func (s *Sandbox) acceptMail(send *mailSend, recipients []string) (goOn func(), err error) {
	send.ReceivedAt = currentTime()
	faults := s.faults.later(ChannelEmail, recipients...)

	send.Doomed = faults.doomed
	send.ListedAt = faults.listedAt(send.ReceivedAt)
	send.Faults = faults.struck

	if err := s.arrived.record(record{Send: send}); err != nil {
		return func() {}, err
	}

	mails, err := send.mails()
	if err != nil {
		return func() {}, err
	}

	var all []func()
	for _, m := range mails {
		all = append(all, s.depart(s.mailStages(m), faults))
	}

	return func() {
		for _, goOn := range all {
			goOn()
		}
	}, nil
}

// postedMail reads a JSON body, compacted; a status other than 0 says how to refuse it.
func postedMail(w http.ResponseWriter, r *http.Request) (raw []byte, status int, _ mailProblem) {
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || contentType != "application/json" {
		return nil, http.StatusUnsupportedMediaType, mailProblem{Message: "Content-Type should be application/json."}
	}

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMail))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge, mailProblem{Message: "The JSON payload is too large."}
	}

	if err != nil {
		return nil, http.StatusBadRequest, mailProblem{Message: "Bad Request"}
	}

	if !utf8.Valid(body) {
		return nil, http.StatusUnsupportedMediaType, mailProblem{Message: "Invalid UTF8 in request"}
	}

	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return nil, http.StatusBadRequest, mailProblem{Message: "Bad Request"}
	}

	return compact.Bytes(), 0, mailProblem{}
}

// decodeMail reads a request; a value of the wrong type is a problem of its field.
func decodeMail(raw []byte) (*mailRequest, mailProblem, bool) {
	request := new(mailRequest)

	err := json.Unmarshal(raw, request)
	if err == nil {
		return request, mailProblem{}, true
	}

	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Field == "" {
		return nil, mailProblem{Message: "Bad Request"}, false
	}

	return nil, fieldProblem(wrong.Field,
		fmt.Sprintf("Invalid type. Expected: %s, given: %s.", jsonType(wrong.Type), wrong.Value)), false
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	default:
		return t.Kind().String()
	}
}

func newMailID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: it would rather crash

	return base64.RawURLEncoding.EncodeToString(random[:])
}

// mails are what a send puts into mailboxes, one for each personalization.
func (s *mailSend) mails() ([]Mail, error) {
	var request mailRequest
	if err := json.Unmarshal(s.Request, &request); err != nil {
		return nil, err
	}

	if request.From == nil {
		return nil, errors.New("it has no sender")
	}

	mails := make([]Mail, 0, len(request.Personalizations))
	for i, p := range request.Personalizations {
		if len(p.To) == 0 {
			return nil, errors.New("it has no recipient")
		}

		mail := Mail{
			MessageID:     s.MessageID,
			SGMessageID:   fmt.Sprintf("%s.recvd-sandbox-1-%X-%X.0", s.MessageID, s.ReceivedAt.Unix(), i),
			ReceivedAt:    s.ReceivedAt,
			Doomed:        s.Doomed,
			ListedAt:      s.ListedAt,
			Faults:        s.Faults,
			From:          *request.From,
			To:            p.To,
			CC:            p.CC,
			BCC:           p.BCC,
			ReplyTo:       request.ReplyToList,
			Subject:       request.Subject,
			Text:          request.text("text/plain"),
			HTML:          request.text("text/html"),
			Headers:       mergeArgs(request.Headers, p.Headers),
			CustomArgs:    mergeArgs(request.CustomArgs, p.CustomArgs),
			Categories:    request.Categories,
			Request:       s.Request,
			RequestHeader: s.RequestHeader,
		}

		if p.From != nil {
			mail.From = *p.From
		}

		if request.ReplyTo != nil {
			mail.ReplyTo = []Address{*request.ReplyTo}
		}

		if p.Subject != "" {
			mail.Subject = p.Subject
		}

		mails = append(mails, mail)
	}

	return mails, nil
}

func mergeArgs(global, own map[string]string) map[string]string {
	if len(global)+len(own) == 0 {
		return nil
	}

	all := maps.Clone(global)
	if all == nil {
		all = make(map[string]string, len(own))
	}

	maps.Copy(all, own)

	return all
}
