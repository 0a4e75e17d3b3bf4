package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"
)

// answerPatience is how long a request waits to learn how the service took an answer.
const answerPatience = 5 * time.Second

type answered struct {
	result WebhookResult
	err    error
}

// postAnswer takes JSON from programs and forms from the page. It tells how the service
// took it, or 202 while that is still tried.
func (s *Sandbox) postAnswer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxMail)
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	fromPage := contentType == "application/x-www-form-urlencoded"

	var a Answer
	if fromPage {
		a = formAnswer(r)
	} else if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		refuseTool(w, errors.New("the body must be a JSON answer"))
		return
	}

	outcome := make(chan answered, 1)

	s.background.run(func(ctx context.Context) {
		result, err := s.answer(ctx, a)
		outcome <- answered{result, err}
	})

	timer := time.NewTimer(answerPatience)
	defer timer.Stop()

	select {
	case o := <-outcome:
		s.tellAnswer(w, r, a, o, fromPage)

	case <-timer.C:
		s.tellAnswer(w, r, a, answered{}, fromPage)

	case <-r.Context().Done():

	case <-s.background.ctx.Done():
		http.Error(w, "The sandbox is closing.", http.StatusServiceUnavailable)
	}
}

func formAnswer(r *http.Request) Answer {
	a := Answer{
		From:      r.PostFormValue("from"),
		To:        r.PostFormValue("to"),
		Text:      r.PostFormValue("text"),
		Subject:   r.PostFormValue("subject"),
		InReplyTo: r.PostFormValue("in_reply_to"),
		Forged:    r.PostFormValue("forged") != "",
	}

	if word := r.PostFormValue("word"); word != "" {
		a.Text = word
	}

	return a
}

func (s *Sandbox) tellAnswer(w http.ResponseWriter, r *http.Request, a Answer, o answered, fromPage bool) {
	unheard := errors.Is(o.err, errNoWebhook)
	switch {
	case o.err != nil && (!unheard || !fromPage):
		refuseTool(w, o.err)
	case fromPage && a.isMail():
		http.Redirect(w, r, mailboxLink(a.From), http.StatusSeeOther)
	case fromPage:
		http.Redirect(w, r, phoneLink(a.From), http.StatusSeeOther)
	case o.result.At.IsZero():
		writeJSON(w, http.StatusAccepted, o.result)
	case !o.result.OK():
		writeJSON(w, http.StatusBadGateway, o.result)
	default:
		writeJSON(w, http.StatusOK, o.result)
	}
}
