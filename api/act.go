package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"handrail/chat"
)

// ActionHeaders are the headers that actions take. The type is exported because
// huma finds parameters in exported fields only.
type ActionHeaders struct {
	IdempotencyKey string `header:"Idempotency-Key" pattern:"^[!-~]{1,255}$" patternDescription:"1 to 255 visible ASCII characters" doc:"The same key with the same body is carried out once." example:"order-4711"`
	Prefer         string `header:"Prefer" doc:"respond-async answers 202 at once; wait=N waits at most N seconds, 0 to 60, for the outcome (RFC 7240)." example:"wait=10"`
}

// actionResponse answers an action: 200 with its outcome, or 202 with the action.
type actionResponse struct {
	Status   int
	Location string `header:"Location" doc:"With 202: where to ask for the action."`
	Replayed string `header:"Idempotency-Replayed" doc:"true when an earlier request with this Idempotency-Key did the work."`
	Applied  string `header:"Preference-Applied" doc:"The preference that was followed."`
	Body     any
}

// longestWait is how long a caller may ask to wait: proxies cut longer ones.
const longestWait = 60 * time.Second

// preference is what a Prefer header asks for.
type preference struct {
	wait    time.Duration
	applied string
}

// parsePrefer reads a Prefer header. What is not understood is ignored, as RFC 7240 2 asks.
func parsePrefer(header string, wait time.Duration) preference {
	p := preference{wait: wait}

	for one := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "respond-async":
			return preference{applied: "respond-async"}
		case "wait":
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err == nil {
				p.wait = min(time.Duration(seconds)*time.Second, longestWait)
				p.applied = "wait=" + strconv.Itoa(int(p.wait.Seconds()))
			}
		}
	}

	return p
}

// fingerprintOf digests each field of a request, so that another body under the same
// idempotency key can be told, and the difference named. The values are canonical: JSON
// with sorted keys, defaults filled in, both shapes of a tool call alike.
func fingerprintOf(kind chat.ActionKind, id chat.ChatID, fields map[string]any) (chat.Fingerprint, error) {
	digests := chat.Fingerprint{}
	all := map[string]any{"action": kind, "chat_id": id}
	maps.Copy(all, fields)

	for name, value := range all {
		canonical, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("digest the field %s: %w", name, err)
		}

		sum := sha256.Sum256(canonical)
		digests[name] = hex.EncodeToString(sum[:16])
	}

	return digests, nil
}

// actionSpec is an action about to be asked for.
type actionSpec struct {
	kind   chat.ActionKind
	chat   chat.ChatID
	fields map[string]any
	// findChat finds or creates the chat of an action whose request names none, before the action starts. It is not
	// called for an action that is stored already.
	findChat func(ctx context.Context) (chat.ChatID, error)
	// start asks the engine. A nil body is an action that is not settled.
	start func(ctx context.Context, request chat.Request, wait time.Duration) (body any, replayed bool, err error)
}

// perform carries out an action once, however often it is asked for under one key.
func (s *service) perform(ctx context.Context, headers ActionHeaders, in actionSpec) (*actionResponse, error) {
	c := callFrom(ctx)
	p := parsePrefer(headers.Prefer, s.wait)

	digests, err := fingerprintOf(in.kind, in.chat, in.fields)
	if err != nil {
		return nil, err
	}

	request := chat.Request{
		ActionID:       s.engine.ActionID(c.workspace(), headers.IdempotencyKey),
		WorkspaceID:    c.workspace(),
		ChatID:         in.chat,
		By:             c.actor(),
		IdempotencyKey: headers.IdempotencyKey,
		Fingerprint:    digests,
	}

	c.asked = request.ActionID

	if headers.IdempotencyKey != "" && (c.chat.ID == 0 || c.chat.Acted) {
		answered, err := s.meetKeyed(ctx, &in, &request, p)
		if err != nil || answered != nil {
			return answered, err
		}
	}

	if request.ChatID == 0 && in.findChat != nil {
		if request.ChatID, err = in.findChat(ctx); err != nil {
			return nil, err
		}
	}

	waiting, done := s.untilStopping(ctx)
	defer done()

	body, replayed, err := in.start(waiting, request, p.wait)
	replayed = replayed && headers.IdempotencyKey != ""

	switch {
	case errors.Is(err, chat.ErrStillRunning), err == nil && body == nil:
		return s.accepted(ctx, in.kind, request, p, replayed)
	case err != nil:
		return nil, ofAction(err, request.ActionID)
	}

	return &actionResponse{
		Status:   http.StatusOK,
		Body:     body,
		Applied:  p.applied,
		Replayed: flagText(replayed),
	}, nil
}

// meetKeyed answers a request with the stored action of its key. It returns nil if the action is to be carried out, in
// its chat if it has one already.
func (s *service) meetKeyed(
	ctx context.Context,
	in *actionSpec,
	request *chat.Request,
	p preference,
) (*actionResponse, error) {
	action, err := s.findKeyed(ctx, request.ActionID)

	switch {
	case chat.CodeOf(err) == chat.CodeActionNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case action.Resumable() != nil:
		return s.replay(ctx, action, *request, p)
	}

	// The action was ended in Temporal before it had done anything, and starts again.
	if in.findChat != nil {
		request.ChatID = action.ChatID
	}

	if len(action.Fingerprint) > 0 {
		return nil, action.Fingerprint.Match(request.Fingerprint)
	}

	return nil, nil
}

// findKeyed returns the stored action of a key. It returns CodeIdempotencyKeyReused if the key belongs to another
// request, and CodeActionNotFound, or the error of the deleted chat, if the key is new.
func (s *service) findKeyed(ctx context.Context, id chat.ActionID) (chat.Action, error) {
	c := callFrom(ctx)

	action, err := s.store.Action(ctx, c.workspace(), id)
	if chat.CodeOf(err) != chat.CodeActionNotFound {
		return action, err
	}

	if c.gone != nil {
		err = c.gone
	}

	return action, s.refuseUsedKey(ctx, id, err)
}

// refuseUsedKey returns CodeIdempotencyKeyReused if a request other than an action has the key, and missing otherwise.
func (s *service) refuseUsedKey(ctx context.Context, id chat.ActionID, missing error) error {
	used, err := s.store.HasRequest(ctx, callFrom(ctx).workspace(), id)

	switch {
	case err != nil:
		return err
	case used:
		return chat.KeyUsedElsewhere()
	}

	return missing
}

// untilStopping is ctx until the server stops: what waits then is answered 202, and the
// work goes on without us.
func (s *service) untilStopping(ctx context.Context) (context.Context, func()) {
	waiting, cancel := context.WithCancel(ctx)
	forget := context.AfterFunc(s.stopping, cancel)

	return waiting, func() {
		forget()
		cancel()
	}
}

// replay answers with the present state of the action that a key already stands for.
func (s *service) replay(
	ctx context.Context,
	action chat.Action,
	request chat.Request,
	p preference,
) (*actionResponse, error) {
	if err := action.Fingerprint.Match(request.Fingerprint); err != nil {
		return nil, err
	}

	action, err := s.await(ctx, action, p.wait)
	if err != nil {
		return nil, err
	}

	body, err := s.outcome(ctx, chat.ActionView{Action: action})
	switch {
	case err != nil:
		return nil, &replayedError{ofAction(err, action.ID)}
	case body == nil:
		return s.accepted(ctx, action.Kind, request, p, true)
	}

	return &actionResponse{
		Status:   http.StatusOK,
		Body:     body,
		Applied:  p.applied,
		Replayed: flagText(true),
	}, nil
}

// await waits for a running action, and returns it as it then is.
func (s *service) await(ctx context.Context, action chat.Action, wait time.Duration) (chat.Action, error) {
	if action.State != chat.ActionRunning || wait <= 0 {
		return action, nil
	}

	waiting, done := s.untilStopping(ctx)
	defer done()

	if err := s.engine.Await(waiting, action, wait); err != nil && !errors.Is(err, chat.ErrStillRunning) {
		return action, err
	}

	return s.findAction(ctx, action.WorkspaceID, action.ID)
}

// accepted answers 202. The work is recorded, so nothing may turn this into a failure:
// what cannot be told of the action is left out.
func (s *service) accepted(
	ctx context.Context,
	kind chat.ActionKind,
	request chat.Request,
	p preference,
	replayed bool,
) (*actionResponse, error) {
	action, err := s.findAccepted(ctx, kind, &request)
	if err != nil {
		if chat.CodeOf(err) != chat.CodeActionNotFound {
			s.logger.WarnContext(
				ctx,
				"an accepted action cannot be found",
				"request_id", requestIDFrom(ctx),
				"error", err,
			)
		}

		now := time.Now()
		action = chat.Action{
			ID:          request.ActionID,
			WorkspaceID: request.WorkspaceID,
			Kind:        kind,
			ChatID:      request.ChatID,
			State:       chat.ActionRunning,
			CreatedAt:   now,
			UpdatedAt:   now,
		}
	}

	body, err := s.present(ctx, action)
	if err != nil {
		s.logger.WarnContext(ctx, "an accepted action cannot be shown", "request_id", requestIDFrom(ctx), "error", err)

		body = presentAlone(action)
	}

	location := callFrom(ctx).path("/actions/" + string(request.ActionID))

	return &actionResponse{
		Status:   http.StatusAccepted,
		Location: location,
		Body:     body,
		Applied:  p.applied,
		Replayed: flagText(replayed),
	}, nil
}

// recordedWithin is how long a caller is kept until the action that was accepted can be
// asked for.
const recordedWithin = 500 * time.Millisecond

// findAccepted finds an action that was accepted. One for a summary is recorded by the
// workflow of its chat, a moment later; any other is found in its own workflow.
func (s *service) findAccepted(ctx context.Context, kind chat.ActionKind, request *chat.Request) (chat.Action, error) {
	until := time.Now().Add(recordedWithin)

	for pause := 5 * time.Millisecond; ; pause *= 2 {
		action, err := s.findAction(ctx, request.WorkspaceID, request.ActionID)
		if kind != chat.ActionSummarizeChat || chat.CodeOf(err) != chat.CodeActionNotFound ||
			time.Now().Add(pause).After(until) {
			return action, err
		}

		select {
		case <-ctx.Done():
			return action, err
		case <-time.After(pause):
		}
	}
}

// replayedError marks a failure that an earlier request has had.
type replayedError struct{ error }

// Unwrap returns the failure.
func (e *replayedError) Unwrap() error { return e.error }

// ofAction names the action in a failure that belongs to it.
func ofAction(err error, id chat.ActionID) error {
	failed, ok := errors.AsType[*chat.Error](err)
	if !ok || !failed.ConcludesAction() || failed.ActionID != "" {
		return err
	}

	named := *failed
	named.ActionID = string(id)

	return &named
}

func flagText(set bool) string {
	if set {
		return "true"
	}

	return ""
}
