package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
	"handrail/schema"
	"handrail/uuidv7"
)

// contributorRequestJSON is a question to contributors.
type contributorRequestJSON struct {
	ID          chat.ContributorRequestID    `json:"id" format:"uuid"`
	ChatID      chat.ChatID                  `json:"chat_id"`
	ActionID    chat.ActionID                `json:"action_id" format:"uuid" doc:"The send that asks."`
	CallID      string                       `json:"call_id" doc:"Its tool call."`
	RequestedBy chat.MemberID                `json:"requested_by" doc:"Who has asked for the send."`
	Question    string                       `json:"question"`
	Hint        string                       `json:"hint,omitempty" doc:"What is expected, in words."`
	Expects     json.RawMessage              `json:"expects,omitempty" doc:"The JSON Schema of the answer; without one any text does."`
	Require     string                       `json:"require" enum:"any,all" doc:"Whether one answer is enough."`
	Wait        bool                         `json:"wait" doc:"Whether the message waits for it."`
	Default     json.RawMessage              `json:"default,omitempty" doc:"The answer when nobody has answered by the deadline."`
	Reminders   int                          `json:"reminders"`
	State       chat.ContributorRequestState `json:"state" enum:"open,answered,defaulted,expired,failed,canceled"`
	Note        string                       `json:"note,omitempty" doc:"Why it is over, when that needs saying."`
	Deadline    time.Time                    `json:"deadline"`
	Result      json.RawMessage              `json:"result,omitempty" doc:"The tool call's, once there is one."`
	Asks        []askJSON                    `json:"asks" doc:"Who is asked."`
	WorkflowID  string                       `json:"workflow_id,omitempty" doc:"In Temporal."`
	CreatedAt   time.Time                    `json:"created_at"`
	UpdatedAt   time.Time                    `json:"updated_at"`
}

type askJSON struct {
	ID         chat.QuestionID    `json:"id" format:"uuid"`
	MemberID   chat.MemberID      `json:"member_id"`
	MemberName string             `json:"member_name"`
	Channel    chat.Channel       `json:"channel"`
	State      chat.QuestionState `json:"state" enum:"pending,asked,replied,unreadable,answered,failed,closed" doc:"pending waits its turn: over SMS a person is asked one thing at a time. closed was not needed any more."`
	Reply      string             `json:"reply,omitempty" doc:"Their own words. Lists leave it out."`
	Answer     json.RawMessage    `json:"answer,omitempty"`
	AnsweredAt *time.Time         `json:"answered_at,omitempty"`
	Confirm    bool               `json:"confirm,omitempty" doc:"Whether the question had a code that an answer by SMS must have."`
	WrongCodes int                `json:"wrong_codes,omitempty" doc:"After ten wrong codes, no answer by SMS is taken."`
	Trust      *trustJSON         `json:"trust,omitempty" doc:"Left out for an answer that came with a key."`
	Why        string             `json:"why,omitempty" doc:"What went wrong, or how the answer was read where that needs saying."`
}

func presentContributorRequest(r chat.ContributorRequest) contributorRequestJSON {
	shown := contributorRequestJSON{
		ID:          r.ID,
		ChatID:      r.ChatID,
		ActionID:    r.ActionID,
		CallID:      r.CallID,
		RequestedBy: r.RequestedBy,
		Question:    r.Question,
		Hint:        r.Hint,
		Expects:     r.Expects,
		Require:     r.Require,
		Wait:        r.Wait,
		Default:     r.Default,
		Reminders:   r.Reminders,
		State:       r.State,
		Note:        r.Note,
		Deadline:    r.Deadline.UTC(),
		Result:      r.Result,
		Asks:        make([]askJSON, len(r.Questions)),
		WorkflowID:  r.WorkflowID,
		CreatedAt:   r.CreatedAt.UTC(),
		UpdatedAt:   r.UpdatedAt.UTC(),
	}

	for i, a := range r.Questions {
		shown.Asks[i] = askJSON{
			ID:         a.ID,
			MemberID:   a.MemberID,
			MemberName: a.MemberName,
			Channel:    a.Channel,
			State:      a.State,
			Reply:      a.Reply,
			Answer:     a.Answer,
			AnsweredAt: chat.UTC(a.AnsweredAt),
			Confirm:    a.Confirm,
			WrongCodes: a.WrongCodes,
			Trust:      presentTrust(a.Trust),
			Why:        a.Why,
		}
	}

	return shown
}

// contributorAnswerJSON answers a question.
type contributorAnswerJSON struct {
	MemberID chat.MemberID   `json:"member_id,omitempty" minimum:"1" doc:"The key's own member when left out; another one needs chats:write."`
	Answer   json.RawMessage `json:"answer" doc:"What fits expects; without expects a text of 1 to 1,600 characters."`
}

// TransformSchema is asked by huma.
func (contributorAnswerJSON) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Required = []string{"answer"}
	return s
}

// contributorExtensionJSON is a later deadline.
type contributorExtensionJSON struct {
	Deadline time.Time `json:"deadline" doc:"Later than the present one, and at most 90 days from now."`
	Reason   string    `json:"reason,omitempty" doc:"Why, for the audit log, up to 500 characters."`
}

func exampleRequested() chat.ContributorRequest {
	question := chat.ContributorQuestion{
		ID:         exampleAsk,
		MemberID:   42,
		MemberName: "Priya Raman",
		Channel:    chat.ChannelSMS,
		State:      chat.QuestionAsked,
	}

	return chat.ContributorRequest{
		ID:          exampleContributorRequest,
		ChatID:      7,
		ActionID:    exampleAction,
		CallID:      "call_1",
		RequestedBy: 3,
		Question:    "Is the terrace open on Friday?",
		Hint:        "Please answer yes or no.",
		Expects:     json.RawMessage(`{"type":"boolean"}`),
		Require:     "any",
		Wait:        true,
		Default:     json.RawMessage(`false`),
		Reminders:   1,
		State:       chat.RequestOpen,
		Deadline:    exampleTime.Add(24 * time.Hour),
		CreatedAt:   exampleTime,
		UpdatedAt:   exampleTime,
		Questions:   []chat.ContributorQuestion{question},
		WorkflowID:  "contributors:11111111-1111-4111-8111-111111111111:" + exampleContributorRequest,
	}
}

func exampleAnswered() chat.ContributorRequest {
	r, at := exampleRequested(), exampleTime.Add(time.Hour)
	r.Questions[0].State = chat.QuestionAnswered
	r.Questions[0].Answer = json.RawMessage(`true`)
	r.Questions[0].AnsweredAt = &at
	r.Settle(at)

	return r
}

func (s *service) contributorRoutes() {
	registerRoute(s, s.listContributorRequests, route{
		method:      http.MethodGet,
		path:        "/contributor-requests",
		access:      withScope(chat.ScopeChatsRead),
		id:          "listContributorRequests",
		tag:         tagTools,
		summary:     "List contributor requests",
		description: "The newest first.",
		answer:      listOf(presentContributorRequest(exampleRequested())),
	})

	registerRoute(s, s.getContributorRequest, route{
		method:   http.MethodGet,
		path:     "/contributor-requests/{request_id}",
		access:   whoWasAskedOr(chat.ScopeChatsRead),
		id:       "getContributorRequest",
		tag:      tagTools,
		summary:  "Get a contributor request",
		answer:   presentContributorRequest(exampleRequested()),
		problems: []chat.Code{chat.CodeRequestNotFound},
	})

	s.contributorCommandRoutes()
}

// contributorCommandRoutes registers the routes that answer, extend and cancel a request.
func (s *service) contributorCommandRoutes() {
	canceled := exampleRequested()
	canceled.End(chat.RequestCanceled, "The guest has canceled.", exampleTime.Add(time.Hour))

	registerRoute(s, s.answerContributorRequest, route{
		method:  http.MethodPost,
		path:    "/contributor-requests/{request_id}/answer",
		access:  whoWasAskedOr(chat.ScopeChatsWrite),
		id:      "answerContributorRequest",
		tag:     tagTools,
		summary: "Answer a contributor request",
		description: "By who was asked, or on their behalf with `member_id`. The answer is added to the chat as a " +
			"message by the contributor. One that does not fit `expects` is refused.",
		request: contributorAnswerJSON{MemberID: 42, Answer: json.RawMessage(`true`)},
		answer:  presentContributorRequest(exampleAnswered()),
		problems: []chat.Code{
			chat.CodeRequestNotFound,
			chat.CodeMemberNotFound,
			chat.CodeInvalidAnswer,
			chat.CodeDecided,
			chat.CodeConflict,
		},
	})

	extended := exampleRequested()
	extended.Deadline = extended.Deadline.Add(24 * time.Hour)

	registerRoute(s, s.extendContributorRequest, route{
		method:  http.MethodPost,
		path:    "/contributor-requests/{request_id}/extend",
		access:  withScope(chat.ScopeChatsWrite),
		id:      "extendContributorRequest",
		tag:     tagTools,
		summary: "Extend a contributor request",
		description: "Its answers are waited for until a later deadline, over which the reminders that are left are " +
			"spread. The deadline that it has changes nothing.",
		request:  contributorExtensionJSON{Deadline: extended.Deadline},
		answer:   presentContributorRequest(extended),
		problems: []chat.Code{chat.CodeRequestNotFound, chat.CodeDecided},
	})

	registerRoute(s, s.cancelContributorRequest, route{
		method:      http.MethodPost,
		path:        "/contributor-requests/{request_id}/cancel",
		access:      withScope(chat.ScopeChatsAdmin),
		id:          "cancelContributorRequest",
		tag:         tagTools,
		summary:     "Cancel a contributor request",
		description: "Nobody is asked or reminded any more. A message that waits for the answer is not sent.",
		request:     reasonJSON{Reason: "The guest has canceled."},
		answer:      presentContributorRequest(canceled),
		problems:    []chat.Code{chat.CodeRequestNotFound, chat.CodeDecided},
	})
}

type listContributorRequestsInput struct {
	Paging
	State  []chat.ContributorRequestState `query:"state" enum:"open,answered,defaulted,expired,failed,canceled" doc:"In any of these."`
	ChatID chat.ChatID                    `query:"chat_id" minimum:"1"`
}

func (s *service) listContributorRequests(
	ctx context.Context,
	in *listContributorRequestsInput,
) (*listOutput[contributorRequestJSON], error) {
	part, err := s.store.ContributorRequests(
		ctx,
		callFrom(ctx).workspace(),
		chat.ContributorFilter{States: in.State, ChatID: in.ChatID, Page: in.page()},
	)

	return presentList(part, err, presentContributorRequest)
}

type contributorRequestOutput struct{ Body contributorRequestJSON }

func (*service) getContributorRequest(ctx context.Context, _ *struct{}) (*contributorRequestOutput, error) {
	return &contributorRequestOutput{Body: presentContributorRequest(callFrom(ctx).request)}, nil
}

type answerContributorInput struct{ Body contributorAnswerJSON }

// answerContributorRequest stores the answer, and tells the workflow. That may fail: the
// workflow looks at the store too.
func (s *service) answerContributorRequest(
	ctx context.Context,
	in *answerContributorInput,
) (*contributorRequestOutput, error) {
	c := callFrom(ctx)

	answer := chat.ContributorAnswer{
		MemberID:  in.Body.MemberID,
		Answer:    in.Body.Answer,
		MessageID: uuidv7.New[chat.MessageID](),
	}

	if answer.MemberID == 0 {
		answer.MemberID = c.principal.MemberID
	}

	switch {
	case answer.MemberID != c.principal.MemberID && !c.principal.May(chat.ScopeChatsWrite):
		return nil, chat.Errorf(
			chat.CodeForbidden,
			"answering for another member needs the scope %s",
			chat.ScopeChatsWrite,
		)

	case in.Body.MemberID == 0 && !wasAsked(&c.request, answer.MemberID):
		return nil, chat.Invalid("member_id", "must say for whom you answer, since the key's own member was not asked")
	}

	var err error
	if answer.Text, err = readAnswer(c.request.Expects, answer.Answer); err != nil {
		return nil, err
	}

	answered, err := s.store.AnswerRequest(ctx, c.workspace(), c.actor(), c.request.ID, answer, time.Now())
	if err != nil {
		return nil, err
	}

	s.notifier.notify(chat.ContributorWorkflowID(c.workspace(), answered.ID), chat.DeliverySnapshot{})

	return &contributorRequestOutput{Body: presentContributorRequest(answered)}, nil
}

// The most that an answer may have: characters of a text, bytes of what fits a schema.
const (
	maxAnswerText = 1600
	maxAnswer     = 16 << 10
)

// readAnswer checks an answer, and returns it as a message: the text, or else its JSON.
func readAnswer(expects, answer json.RawMessage) (string, error) {
	var text string

	isText := json.Unmarshal(answer, &text) == nil && string(answer) != "null"
	switch {
	case len(answer) > maxAnswer:
		return "", chat.InvalidAs(
			chat.CodeInvalidAnswer,
			"answer",
			"must have at most %d bytes, it has %d",
			maxAnswer,
			len(answer),
		)

	case len(expects) == 0 && (!isText || strings.TrimSpace(text) == "" || len([]rune(text)) > maxAnswerText):
		return "", chat.InvalidAs(
			chat.CodeInvalidAnswer,
			"answer",
			"must be a text of 1 to %d characters",
			maxAnswerText,
		)

	case len(expects) > 0:
		compiled, err := schema.Compile("expects", expects)
		if err != nil {
			return "", err
		}

		if err := compiled.Check(chat.CodeInvalidAnswer, "answer", answer); err != nil {
			return readTextAnswer(compiled, text, isText, err)
		}
	}

	if isText && strings.TrimSpace(text) != "" {
		return text, nil
	}

	return string(answer), nil
}

// readTextAnswer reads a text that is not what was asked for as it would be read by SMS. wrong is why it does not fit
// as it is.
func readTextAnswer(expected *schema.Schema, text string, isText bool, wrong error) (string, error) {
	if !isText {
		return "", wrong
	}

	value, err := expected.Read(text)

	return string(value), err
}

type cancelContributorInput struct {
	RequestID chat.ContributorRequestID `inPath:"request_id"`
	Body      reasonJSON
}

func (s *service) cancelContributorRequest(
	ctx context.Context,
	in *cancelContributorInput,
) (*contributorRequestOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, true); err != nil {
		return nil, err
	}

	ended, err := s.store.EndRequest(ctx, c.actor(), chat.ContributorStep{
		WorkspaceID: c.workspace(),
		RequestID:   in.RequestID,
		State:       chat.RequestCanceled,
		Note:        reason,
	}, time.Now())
	if err != nil {
		return nil, err
	}

	if ended.State != chat.RequestCanceled {
		return nil, ended.RefuseOver()
	}

	s.notifier.notify(chat.ContributorWorkflowID(c.workspace(), in.RequestID), chat.DeliverySnapshot{})

	return &contributorRequestOutput{Body: presentContributorRequest(ended)}, nil
}

type extendContributorInput struct {
	RequestID chat.ContributorRequestID `inPath:"request_id"`
	Body      contributorExtensionJSON
}

// extendContributorRequest stores a later deadline, and tells the workflow. That may fail: the
// workflow looks at the store before it ends the request.
func (s *service) extendContributorRequest(
	ctx context.Context,
	in *extendContributorInput,
) (*contributorRequestOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, false); err != nil {
		return nil, err
	}

	extended, err := s.store.ExtendRequest(ctx, c.workspace(), c.actor(), chat.ContributorExtension{
		RequestID: in.RequestID,
		Deadline:  in.Body.Deadline,
		Reason:    reason,
	}, time.Now())
	if err != nil {
		return nil, err
	}

	s.notifier.notify(chat.ContributorWorkflowID(c.workspace(), in.RequestID), chat.DeliverySnapshot{})

	return &contributorRequestOutput{Body: presentContributorRequest(extended)}, nil
}

func wasAsked(r *chat.ContributorRequest, member chat.MemberID) bool {
	return slices.ContainsFunc(r.Questions, func(a chat.ContributorQuestion) bool { return a.MemberID == member })
}

// permitContributor finds the request that the path names, and lets in who was asked.
// Who was not, and lacks the scope, learns nothing about which exist.
func (s *service) permitContributor(ctx huma.Context, c *requestInfo, who access) error {
	id, err := requestParameter.read(ctx)
	if err == nil {
		c.request, err = s.store.ContributorRequest(ctx.Context(), c.workspace(), id)
	}

	kind := chat.CodeOf(err).Kind()

	switch {
	case err != nil && (c.principal.May(who.scope) || kind != chat.KindNotFound && kind != chat.KindInvalid):
		return err
	case err == nil && (c.principal.May(who.scope) || wasAsked(&c.request, c.principal.MemberID)):
		return nil
	}

	return forbiddenError(c, who)
}
