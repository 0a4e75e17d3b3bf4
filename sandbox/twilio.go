package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	twilioMessages = "/2010-04-01/Accounts/{account}/Messages.json"
	twilioMessage  = "/2010-04-01/Accounts/{account}/Messages/{message}"
	// A form holds 1600 characters and ten media addresses; this is ample.
	twilioFormLimit = 1 << 20
)

func (s *Sandbox) routeTwilio(mux *http.ServeMux) {
	mux.Handle("POST "+twilioMessages, s.twilio(s.createMessage))
	mux.Handle("GET "+twilioMessages, s.twilio(s.listMessages))
	mux.Handle("GET "+twilioMessage, s.twilio(s.fetchMessage))
	mux.Handle(twilioMessages, s.twilio(methodNotAllowed))
	mux.Handle(twilioMessage, s.twilio(methodNotAllowed))
	s.routeTwilioSetup(mux)

	mux.Handle("/2010-04-01/", s.twilio(func(_ http.ResponseWriter, r *http.Request) *twilioProblem {
		return notFound(r)
	}))
}

// twilioProblem is the body of every answer that is no success.
type twilioProblem struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func newProblem(status, code int, message string) *twilioProblem {
	return &twilioProblem{
		Code:     code,
		Message:  message,
		Status:   status,
		MoreInfo: "https://www.twilio.com/docs/errors/" + strconv.Itoa(code),
	}
}

// twilio checks credentials and the account before anything else, and answers problems.
func (s *Sandbox) twilio(handle func(http.ResponseWriter, *http.Request) *twilioProblem) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Twilio-Request-Id", newSID("RQ"))

		p := s.authenticate(r)
		if p == nil {
			p = handle(w, r)
		}

		if p == nil {
			return
		}

		if p.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		}

		s.logger.InfoContext(r.Context(), "the sandbox refused a Twilio request", "status", p.Status, "code", p.Code)
		writeJSON(w, p.Status, p)
	})
}

func (s *Sandbox) authenticate(r *http.Request) *twilioProblem {
	account, token, _ := r.BasicAuth()

	right := subtle.ConstantTimeCompare([]byte(account), []byte(s.config.AccountSID)) &
		subtle.ConstantTimeCompare([]byte(token), []byte(s.config.AuthToken))
	if right != 1 {
		return newProblem(http.StatusUnauthorized, 20003, "Authenticate")
	}

	if path := r.PathValue("account"); path != "" && path != s.config.AccountSID {
		return notFound(r)
	}

	return nil
}

func notFound(r *http.Request) *twilioProblem {
	return newProblem(http.StatusNotFound, 20404, "The requested resource "+r.URL.Path+" was not found")
}

func methodNotAllowed(w http.ResponseWriter, _ *http.Request) *twilioProblem {
	w.Header().Set("Allow", "GET, POST")
	return newProblem(http.StatusMethodNotAllowed, 20004, "Method not allowed")
}

func (s *Sandbox) createMessage(w http.ResponseWriter, r *http.Request) *twilioProblem {
	form, p := postedForm(w, r)
	if p == nil {
		p = checkMessage(form)
	}

	if p == nil && s.arrived.stopped(form.Get("To"), form.Get("From"), form.Get("MessagingServiceSid")) {
		p = optedOut()
	}

	if p != nil {
		return p
	}

	fault := s.faults.post(ChannelSMS, form.Get("To"))
	if p := twilioRefusal(w, fault, form.Get("To")); p != nil {
		return p
	}

	m := newMessage(form, r.Header)

	if fault.Kind == FaultLate {
		s.acceptLate(fault, func() (func(), error) { return s.acceptMessage(&m) })
	}

	goOn, err := s.acceptMessage(&m)
	if err != nil {
		s.logger.ErrorContext(r.Context(), "the sandbox could not keep a message", "error", err)
		return newProblem(http.StatusInternalServerError, 20500, "An internal server error has occurred")
	}

	defer goOn() // after the answer, even if there is none

	s.keepBack(r.Context())

	if fault.Kind == FaultError {
		return newProblem(http.StatusInternalServerError, 20500, "An internal server error has occurred")
	}

	s.mangle(w, r, fault, http.StatusCreated)
	writeJSON(w, http.StatusCreated, s.resource(m))

	return nil
}

// acceptMessage keeps a message. goOn is to be called after the answer.
func (s *Sandbox) acceptMessage(m *Message) (goOn func(), err error) {
	m.CreatedAt = currentTime()
	m.UpdatedAt = m.CreatedAt
	faults := s.faults.later(ChannelSMS, m.To)

	m.Doomed = faults.doomed
	m.Contradicted = faults.contradicted
	m.ListedAt = faults.listedAt(m.CreatedAt)
	m.Faults = faults.struck

	if err := s.arrived.record(record{Message: m}); err != nil {
		return func() {}, err
	}

	return s.depart(s.messageStages(*m), faults), nil
}

// postedForm reads the parameters. Like Twilio it knows forms only: any other body is a
// request without parameters.
func postedForm(w http.ResponseWriter, r *http.Request) (url.Values, *twilioProblem) {
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || contentType != "application/x-www-form-urlencoded" {
		return url.Values{}, nil
	}

	r.Body = http.MaxBytesReader(w, r.Body, twilioFormLimit)
	if err := r.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, newProblem(http.StatusRequestEntityTooLarge, 20001, "The request is too large")
		}

		return nil, newProblem(http.StatusBadRequest, 20001, "The parameters are not a valid form")
	}

	return r.PostForm, nil
}

// newMessage gives a posted form the state in which Twilio answers it.
func newMessage(form url.Values, header http.Header) Message {
	prefix, status := "SM", "queued"
	if form.Has("MediaUrl") {
		prefix = "MM"
	}

	if form.Get("MessagingServiceSid") != "" {
		status = "accepted"
	}

	at := currentTime()

	return Message{
		SID:                 newSID(prefix),
		From:                form.Get("From"),
		To:                  form.Get("To"),
		MessagingServiceSID: form.Get("MessagingServiceSid"),
		Body:                form.Get("Body"),
		Segments:            countSegments(form.Get("Body")),
		Status:              status,
		Direction:           Outbound,
		CreatedAt:           at,
		UpdatedAt:           at,
		Form:                form,
		RequestHeader:       withoutCredentials(header),
	}
}

func (s *Sandbox) fetchMessage(w http.ResponseWriter, r *http.Request) *twilioProblem {
	sid, isJSON := strings.CutSuffix(r.PathValue("message"), ".json")

	m, found := s.arrived.message(sid)
	if !isJSON || !found {
		return notFound(r)
	}

	writeJSON(w, http.StatusOK, s.resource(m))

	return nil
}

// messageResource is a message as Twilio's API shows it. What is not known yet is null.
type messageResource struct {
	SID                 string            `json:"sid"`
	AccountSID          string            `json:"account_sid"`
	MessagingServiceSID *string           `json:"messaging_service_sid"`
	From                *string           `json:"from"`
	To                  string            `json:"to"`
	Body                string            `json:"body"`
	Status              string            `json:"status"`
	Direction           string            `json:"direction"`
	NumSegments         string            `json:"num_segments"`
	NumMedia            string            `json:"num_media"`
	DateCreated         string            `json:"date_created"`
	DateUpdated         string            `json:"date_updated"`
	DateSent            *string           `json:"date_sent"`
	Price               *string           `json:"price"`
	PriceUnit           string            `json:"price_unit"`
	ErrorCode           *int              `json:"error_code"`
	ErrorMessage        *string           `json:"error_message"`
	APIVersion          string            `json:"api_version"`
	URI                 string            `json:"uri"`
	SubresourceURIs     map[string]string `json:"subresource_uris"`
}

func (s *Sandbox) resource(m Message) messageResource {
	path := "/2010-04-01/Accounts/" + s.config.AccountSID + "/Messages/" + m.SID

	segments := m.Segments
	if m.Status == "accepted" {
		segments = 0 // a messaging service counts once it has picked a sender
	}

	resource := messageResource{
		SID:                 m.SID,
		AccountSID:          s.config.AccountSID,
		MessagingServiceSID: orNull(m.MessagingServiceSID),
		From:                orNull(m.From),
		To:                  m.To,
		Body:                m.Body,
		Status:              m.Status,
		Direction:           m.Direction,
		NumSegments:         strconv.Itoa(segments),
		NumMedia:            strconv.Itoa(len(m.Form["MediaUrl"])),
		DateCreated:         rfc2822(m.CreatedAt),
		DateUpdated:         rfc2822(m.UpdatedAt),
		PriceUnit:           "USD",
		APIVersion:          "2010-04-01",
		URI:                 path + ".json",
		SubresourceURIs:     map[string]string{"media": path + "/Media.json"},
	}

	if m.ErrorCode != 0 {
		resource.ErrorCode, resource.ErrorMessage = &m.ErrorCode, new("Unreachable destination handset")
	}

	if m.SentAt != nil {
		resource.DateSent = new(rfc2822(*m.SentAt))
	}

	return resource
}

func rfc2822(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }

func orNull(s string) *string {
	if s == "" {
		return nil
	}

	return &s
}

// writeJSON ignores a failing connection: whoever asked has gone.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
