package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiverPath is where Handrail posts events to, before the name of a receiver.
const receiverPath = "/sandbox/webhooks/"

// hangTime is longer than anybody waits.
const hangTime = time.Hour

// routeReceivers serves the receivers of webhooks, and what controls them.
func (s *Sandbox) routeReceivers(mux *http.ServeMux) {
	mux.HandleFunc("POST "+receiverPath+"{name}", s.receiveWebhook)
	mux.HandleFunc("POST "+receiverPath+"{name}/answer", s.setReceiverMode)
	mux.HandleFunc("POST "+receiverPath+"{name}/secret", s.setReceiverSecret)
	mux.HandleFunc("POST "+receiverPath+"{name}/create", s.createEndpoint)

	mux.HandleFunc("GET /sandbox/webhooks.json", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string][]receiverView{"receivers": s.receivers.list()})
	})
}

// receiveWebhook keeps a post, whatever it is, and answers as the receiver is told to.
func (s *Sandbox) receiveWebhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, toolLimit))
	if err != nil {
		http.Error(w, "The body is longer than 1 MiB.", http.StatusRequestEntityTooLarge)
		return
	}

	name := r.PathValue("name")

	var event struct {
		Type string `json:"type"`
	}

	_ = json.Unmarshal(body, &event) // what is no JSON has no type

	post := ReceivedWebhook{
		ID:      r.Header.Get(standardwebhooks.HeaderWebhookID),
		Type:    event.Type,
		At:      time.Now(),
		Problem: s.checkWebhook(r.Context(), s.receivers.secretOf(name), r.Header, body),
		Body:    strings.ToValidUTF8(string(body[:min(len(body), shownSource)]), "\uFFFD"),
	}

	if !s.receivers.edit(name, func(known *receiver) { post = known.keep(post) }) {
		http.Error(w, "There is no receiver of this name, and no more can be made.", http.StatusNotFound)
		return
	}

	s.answerWebhook(w, r, post)
}

func (s *Sandbox) answerWebhook(w http.ResponseWriter, r *http.Request, post ReceivedWebhook) {
	switch post.Status {
	case 0:
		s.keepWaiting(r.Context(), hangTime)
		panic(http.ErrAbortHandler)
	case http.StatusNoContent:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(int(receiverPause.Seconds())))
	}

	answer := "the sandbox's receiver is told to answer " + strconv.Itoa(post.Status)
	if post.Status == http.StatusUnauthorized {
		answer = post.Problem
	}

	http.Error(w, answer, post.Status)
}

// status is what a receiver answers to a post that could be verified or not; 0 is nothing.
func (m ReceiverMode) status(isVerified bool) int {
	switch m {
	case ReceiverFails:
		return http.StatusInternalServerError
	case ReceiverUnavailable:
		return http.StatusServiceUnavailable
	case ReceiverGone:
		return http.StatusGone
	case ReceiverHangs:
		return 0
	case ReceiverAccepts:
	}

	if !isVerified {
		return http.StatusUnauthorized
	}

	return http.StatusNoContent
}

// checkWebhook says why a post cannot be verified, by Standard Webhooks; "" if it can.
func (s *Sandbox) checkWebhook(ctx context.Context, pasted string, header http.Header, body []byte) string {
	var secrets []string
	if pasted != "" {
		secrets = append(secrets, pasted)
	}

	if s.config.WebhookSecrets != nil {
		found, err := s.config.WebhookSecrets(ctx)
		if err != nil {
			s.logger.ErrorContext(ctx, "the sandbox could not read the secrets of webhook endpoints", "error", err)
			return "the secrets of the endpoints could not be read; the log says why"
		}

		secrets = append(secrets, found...)
	}

	if len(secrets) == 0 {
		return "no secret is known: create the endpoint here, or paste its secret"
	}

	var problem error

	for _, secret := range secrets {
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			continue
		}

		if problem = hook.Verify(body, header); problem == nil {
			return ""
		}
	}

	switch {
	case errors.Is(problem, standardwebhooks.ErrRequiredHeaders):
		return "webhook-id, webhook-timestamp or webhook-signature is missing"
	case errors.Is(problem, standardwebhooks.ErrMessageTooOld):
		return "it was signed more than five minutes ago"
	case errors.Is(problem, standardwebhooks.ErrMessageTooNew):
		return "it was signed more than five minutes in the future: the clocks differ"
	case errors.Is(problem, standardwebhooks.ErrInvalidHeaders):
		return "webhook-timestamp is no number"
	}

	return fmt.Sprintf(
		"the signature fits %s: the post was signed with another one, or was changed",
		noneOfSecrets(len(secrets)),
	)
}

func noneOfSecrets(count int) string {
	if count == 1 {
		return "not the secret"
	}

	return fmt.Sprintf("none of %d secrets", count)
}

// setReceiverMode is the page's form.
func (s *Sandbox) setReceiverMode(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, toolLimit)

	mode := ReceiverMode(r.PostFormValue("mode"))
	if mode.does() == "" {
		refuseTool(w, errors.New("mode must be accept, error, unavailable, gone or hang"))
		return
	}

	s.editReceiver(w, r, func(known *receiver) { known.mode = mode })
}

// setReceiverSecret is the page's form. An empty secret is none.
func (s *Sandbox) setReceiverSecret(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, toolLimit)

	secret := strings.TrimSpace(r.PostFormValue("secret"))
	if _, err := standardwebhooks.NewWebhook(secret); err != nil {
		refuseTool(w, errors.New("secret must be that of the endpoint, like whsec_…"))
		return
	}

	s.editReceiver(w, r, func(known *receiver) { known.secret = secret })
}

func (s *Sandbox) editReceiver(w http.ResponseWriter, r *http.Request, change func(*receiver)) {
	if !s.receivers.edit(r.PathValue("name"), change) {
		refuseTool(w, fmt.Errorf("a name has 1 to 40 letters, digits, - and _, and there are at most %d", maxReceivers))
		return
	}

	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// createEndpoint has Handrail post to the receiver, and tries it.
func (s *Sandbox) createEndpoint(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")

	if s.config.CreateEndpoint == nil || !receiverName.MatchString(name) {
		http.NotFound(w, r)
		return
	}

	if err := s.config.CreateEndpoint(r.Context(), receiverPath+name); err != nil {
		s.logger.ErrorContext(r.Context(), "the sandbox could not create a webhook endpoint", "error", err)
		http.Error(w, "The endpoint could not be created and tried: "+err.Error(), http.StatusBadGateway)

		return
	}

	http.Redirect(w, r, "/", http.StatusSeeOther)
}
