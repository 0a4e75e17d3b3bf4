package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

const requestOne chat.ContributorRequestID = "01934f6e-7f7d-7a44-8c4e-5b6c7d8e9f0a"

const requestedApproval chat.ApprovalID = "01934f6e-7fa0-7c77-8d5f-6d7e8f9a0b1c"

// peopleFacts is what the fake store knows of people who decide and answer, and what it
// was last given.
type peopleFacts struct {
	approval       func(chat.ApprovalID) (chat.Approval, error)
	approvalStates []chat.ApprovalState
	approve        bool
	requested      chat.NewApproval
	reason         string
	resolve        func(chat.ToolDecision) (chat.ToolCall, string, error)
	resolution     chat.ToolDecision
	asked          func(chat.ContributorRequestID) (chat.ContributorRequest, error)
	askedFilter    chat.ContributorFilter
	given          chat.ContributorAnswer
	end            func() (chat.ContributorRequest, error)
	ended          chat.ContributorRequestState
	note           string
	extension      chat.ContributorExtension
	lift           chat.SuppressionLift
	optOut         chat.OptOutDecision
}

func waitingApproval() chat.Approval {
	return chat.Approval{
		ID:          chat.ApprovalID(actionOne),
		Kind:        chat.ApprovalSend,
		ActionID:    actionOne,
		ChatID:      chatOne,
		State:       chat.ApprovalWaiting,
		Calls:       []string{"call_1"},
		Deadline:    noon.Add(24 * time.Hour),
		RequestedBy: 3,

		RequesterName: "Mona Manager",
		Message:       "I have refunded you 50 euros.",
		Request: chat.ApprovalRequest{Calls: []chat.PinnedCall{{
			CallID: "call_1",
			Tool: chat.PinnedTool{
				ID:      4,
				Name:    "refund",
				Version: 2,
				Where:   "POST https://desk.example.com/refunds",
				Risk:    chat.RiskApproval,
			},
			Arguments: []byte(`{"amount":50}`),
		}}},
	}
}

func openRequest() chat.ContributorRequest {
	return chat.ContributorRequest{
		ID:          requestOne,
		WorkspaceID: home,
		ChatID:      chatOne,
		ActionID:    actionOne,
		CallID:      "call_1",
		RequestedBy: 3,
		Question:    "Can you cook it without nuts?",
		Hint:        "Please answer yes or no.",
		Expects:     []byte(`{"type":"boolean"}`),
		Require:     "any",
		Wait:        true,
		Reminders:   1,
		State:       chat.RequestOpen,
		Deadline:    noon.Add(24 * time.Hour),
		CreatedAt:   noon,
		UpdatedAt:   noon,
		Questions: []chat.ContributorQuestion{
			{
				ID:         "01934f6e-7f8e-7b55-8c4e-6c7d8e9f0a1b",
				MemberID:   42,
				MemberName: "Priya Raman",
				Channel:    chat.ChannelSMS,
				Sender:     "phone:1",
				State:      chat.QuestionAsked,
			},
		},
		WorkflowID: chat.ContributorWorkflowID(home, requestOne),
	}
}

func (f *fakeStore) Approval(_ context.Context, _ chat.WorkspaceID, id chat.ApprovalID) (chat.Approval, error) {
	if f.approval != nil {
		return f.approval(id)
	}

	return waitingApproval(), f.fail
}

func (f *fakeStore) Approvals(
	_ context.Context,
	_ chat.WorkspaceID,
	states []chat.ApprovalState,
	_ chat.Page,
) (chat.List[chat.Approval], error) {
	f.approvalStates = states
	return chat.List[chat.Approval]{Items: []chat.Approval{waitingApproval()}, NextCursor: "older"}, f.fail
}

func (f *fakeStore) RequestApproval(
	_ context.Context,
	_ chat.WorkspaceID,
	by chat.Actor,
	in chat.NewApproval,
) (chat.Approval, error) {
	f.requested = in

	return chat.Approval{
		ID:          requestedApproval,
		Kind:        in.Kind,
		State:       chat.ApprovalWaiting,
		Request:     in.Request,
		Deadline:    noon.Add(chat.ApprovalDeadline),
		RequestedBy: by.MemberID,
		Alone:       true,
	}, f.fail
}

func (f *fakeStore) DecideApproval(
	_ context.Context,
	_ chat.WorkspaceID,
	in chat.ApprovalDecision,
) (chat.Approval, string, error) {
	f.approve, f.reason = in.Approve, in.Reason
	a := waitingApproval()
	a.State = chat.ApprovalApproved
	a.DecidedBy = in.By.MemberID
	a.DecidedAt = &in.At

	a.Reason = in.Reason
	if !in.Approve {
		a.State = chat.ApprovalRefused
	}

	return a, "action:one", f.change("DecideApproval")
}

func (f *fakeStore) ResolveToolCall(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	key chat.ToolCallKey,
	d chat.ToolDecision,
) (chat.ToolCall, string, error) {
	f.resolution, f.callID = d, key.CallID
	if f.resolve != nil {
		return f.resolve(d)
	}

	return chat.ToolCall{
		ID:        key.CallID,
		Name:      "book_table",
		Arguments: []byte(`{"guests":4}`),
		State:     chat.ToolCallSucceeded,
		Result:    d.Result,
		Kind:      chat.ToolHTTP,
		Risk:      chat.RiskWrite,
		Attempts:  1,
		Decision:  &d,
	}, "action:one", f.change("ResolveToolCall")
}

func (f *fakeStore) ContributorRequest(
	_ context.Context,
	_ chat.WorkspaceID,
	id chat.ContributorRequestID,
) (chat.ContributorRequest, error) {
	if f.asked != nil {
		return f.asked(id)
	}

	return openRequest(), f.fail
}

func (f *fakeStore) ContributorRequests(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.ContributorFilter,
) (chat.List[chat.ContributorRequest], error) {
	f.askedFilter = filter

	return chat.List[chat.ContributorRequest]{
		Items:      []chat.ContributorRequest{openRequest()},
		NextCursor: "older",
	}, f.fail
}

func (f *fakeStore) AnswerRequest(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.ContributorRequestID,
	in chat.ContributorAnswer,
	now time.Time,
) (chat.ContributorRequest, error) {
	f.given = in
	r := openRequest()
	r.Questions[0].State = chat.QuestionAnswered
	r.Questions[0].Answer = in.Answer
	r.Questions[0].AnsweredAt = &now
	r.Settle(now)

	return r, f.change("AnswerRequest")
}

func (f *fakeStore) ExtendRequest(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.ContributorExtension,
	_ time.Time,
) (chat.ContributorRequest, error) {
	f.extension = in
	r := openRequest()
	r.Deadline = in.Deadline

	return r, f.change("ExtendRequest")
}

func (f *fakeStore) EndRequest(
	_ context.Context,
	_ chat.Actor,
	in chat.ContributorStep,
	now time.Time,
) (chat.ContributorRequest, error) {
	f.ended, f.note = in.State, in.Note
	if f.end != nil {
		return f.end()
	}

	r := openRequest()
	r.End(in.State, in.Note, now)

	return r, f.change("EndRequest")
}

func (f *fakeStore) DecideOptOut(
	_ context.Context,
	_ chat.WorkspaceID,
	decision chat.OptOutDecision,
) (chat.OptOutDecided, error) {
	f.optOut = decision

	return chat.OptOutDecided{Member: ana(), Deliveries: 1, Workflows: []string{"action:held"}}, f.change("DecideOptOut")
}
