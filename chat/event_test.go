package chat_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func typesOf(events []chat.Event) []chat.EventType {
	types := make([]chat.EventType, len(events))
	for i, e := range events {
		types[i] = e.Type
	}

	return types
}

func TestEveryStatusOfADeliveryHasItsEvents(t *testing.T) {
	t.Parallel()

	quiet := []string{string(chat.SubmissionPending), string(chat.SubmissionSending)}

	for _, submission := range chat.SubmissionStates() {
		for _, reported := range chat.DeliveryStatuses() {
			d := chat.Delivery{Submission: submission, DeliveryStatus: reported}

			events := chat.EventsOf([]chat.EventChange{{
				Object: chat.ChangedDelivery,
				Was:    string(chat.SubmissionSending),
				Now:    d.Status(),
				Data:   chat.EventData{Submission: string(submission)},
			}})

			assert.Equal(t, slices.Contains(quiet, d.Status()), len(events) == 0, "%s", d.Status())
		}
	}
}

func TestEventsOfADelivery(t *testing.T) {
	t.Parallel()

	const (
		accepted    = chat.EventDeliveryAccepted
		delivered   = chat.EventDeliveryDelivered
		undelivered = chat.EventDeliveryUndelivered
		bounced     = chat.EventDeliveryBounced
		settled     = chat.EventDeliverySettled
	)

	type types = []chat.EventType

	for name, c := range map[string]struct {
		was, now   string
		submission chat.SubmissionState
		want       types
	}{
		"taken":                         {"sending", "accepted", chat.SubmissionAccepted, types{accepted}},
		"arrived":                       {"accepted", "delivered", chat.SubmissionAccepted, types{delivered, settled}},
		"taken and arrived at once":     {"sending", "delivered", chat.SubmissionAccepted, types{accepted, delivered, settled}},
		"read after it arrived":         {"delivered", "read", chat.SubmissionAccepted, types{delivered}},
		"bounced after it arrived":      {"delivered", "bounced", chat.SubmissionAccepted, types{bounced}},
		"lost":                          {"accepted", "failed", chat.SubmissionAccepted, types{undelivered, settled}},
		"canceled by the provider":      {"accepted", "canceled", chat.SubmissionAccepted, types{undelivered, settled}},
		"arrived after it was canceled": {"canceled_by_provider", "delivered", chat.SubmissionAccepted, types{delivered}},
		"canceled by us":                {"pending", "canceled", chat.SubmissionCanceled, types{settled}},
		"refused":                       {"sending", "rejected", chat.SubmissionRejected, types{settled}},
		"without a receipt":             {"accepted", "unconfirmed", chat.SubmissionAccepted, types{settled}},
		"a receipt after all":           {"unconfirmed", "delivered", chat.SubmissionAccepted, types{delivered}},
		"evidence after it was over":    {"expired", "accepted", chat.SubmissionAccepted, types{accepted}},
		"over in another way":           {"expired", "abandoned", chat.SubmissionAbandoned, types{settled}},
		"not known":                     {"sending", "unknown", chat.SubmissionUnknown, types{chat.EventDeliveryUnknown}},
		"a person is to decide":         {"unknown", "needs_review", chat.SubmissionNeedsReview, types{chat.EventDeliveryNeedsReview}},
		"waits for its sender":          {"sending", "blocked", chat.SubmissionBlocked, types{chat.EventDeliveryBlocked}},
	} {
		events := chat.EventsOf([]chat.EventChange{{
			Object: chat.ChangedDelivery,
			Was:    c.was,
			Now:    c.now,
			Data:   chat.EventData{Submission: string(c.submission)},
		}})

		assert.Equal(t, c.want, typesOf(events), name)
	}
}

// TestADeliveryThatNothingTriesAgainNeedsReview holds that whatever waits for a person is told of, though it is still
// pending; what is tried again by itself is not.
func TestADeliveryThatNothingTriesAgainNeedsReview(t *testing.T) {
	t.Parallel()

	typesOfCode := func(was, code string) []chat.EventType {
		return typesOf(chat.EventsOf([]chat.EventChange{{
			Object: chat.ChangedDelivery,
			Was:    was,
			Now:    string(chat.SubmissionPending),
			Data:   chat.EventData{Submission: string(chat.SubmissionPending), ErrorCode: code},
		}}))
	}

	for _, code := range chat.LeftAlone() {
		for _, was := range []string{"", "pending", "sending", "blocked", "needs_review"} {
			assert.Equal(t, []chat.EventType{chat.EventDeliveryNeedsReview}, typesOfCode(was, code), "%s, %s", was, code)
		}
	}

	for _, code := range []string{chat.ErrorDialFailed, chat.ErrorOlderFirst, "twilio_20429"} {
		assert.Empty(t, typesOfCode("sending", code), code)
	}
}

func TestWhatOneTransactionChangesOfAChatIsOneEvent(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)

	change := func(was, now string, at time.Time, fields ...string) chat.EventChange {
		return chat.EventChange{
			Object: chat.ChangedChat,
			ChatID: 7,
			Was:    was,
			Now:    now,
			Fields: fields,
			At:     at,
		}
	}

	for name, c := range map[string]struct {
		changes []chat.EventChange
		want    []chat.EventType
		fields  []string
	}{
		"made with its participants": {
			changes: []chat.EventChange{
				change("", "open", at),
				change("", "", at, "participants"),
				change("", "", at, "labels"),
			},
			want: []chat.EventType{chat.EventChatCreated},
		},
		"made by a message that came in": {
			changes: []chat.EventChange{change("", "open", at), change("open", "open", at, "needs_response")},
			want:    []chat.EventType{chat.EventChatCreated, chat.EventChatNeedsResponse},
		},
		"a time that a clock has repeated": {
			changes: []chat.EventChange{
				change("open", "open", at, "needs_response"),
				change("open", "open", at.Add(time.Second), "response_given"),
				change("open", "open", at, "needs_response"),
			},
			want: []chat.EventType{chat.EventChatNeedsResponse, chat.EventChatUpdated, chat.EventChatNeedsResponse},
		},
		"labels, and then its state": {
			changes: []chat.EventChange{change("", "", at, "labels"), change("open", "closed", at, "state")},
			want:    []chat.EventType{chat.EventChatUpdated},
			fields:  []string{"labels", "state"},
		},
		"labels alone": {
			changes: []chat.EventChange{change("", "", at, "labels"), change("", "", at, "labels")},
			want:    []chat.EventType{chat.EventChatUpdated},
			fields:  []string{"labels"},
		},
		"at two times": {
			changes: []chat.EventChange{change("open", "open", at, "title"), change("open", "open", at.Add(1), "title")},
			want:    []chat.EventType{chat.EventChatUpdated, chat.EventChatUpdated},
			fields:  []string{"title"},
		},
		"a summary, which is not told twice": {
			changes: []chat.EventChange{change("open", "open", at, "summary")},
			want:    []chat.EventType{chat.EventSummaryUpdated},
		},
		"a summary with its title": {
			changes: []chat.EventChange{change("open", "open", at, "title", "summary")},
			want:    []chat.EventType{chat.EventChatUpdated, chat.EventSummaryUpdated},
			fields:  []string{"title"},
		},
		"a message that may ask for no more": {
			changes: []chat.EventChange{change("open", "open", at, "needs_response", "possible_opt_out")},
			want:    []chat.EventType{chat.EventChatNeedsResponse, chat.EventChatPossibleOptOut},
		},
		"answered": {
			changes: []chat.EventChange{change("open", "open", at, "response_given")},
			want:    []chat.EventType{chat.EventChatUpdated},
			fields:  []string{"needs_response"},
		},
		"answered by a message that was lost at once": {
			changes: []chat.EventChange{
				change("open", "open", at, "response_given"),
				change("open", "open", at, "needs_response"),
			},
			want: []chat.EventType{},
		},
		"nothing that is told": {
			changes: []chat.EventChange{change("open", "open", at)},
			want:    []chat.EventType{},
		},
	} {
		events := chat.EventsOf(c.changes)
		assert.Equal(t, c.want, typesOf(events), name)

		if c.fields != nil {
			updated := slices.Index(c.want, chat.EventChatUpdated)
			assert.Equal(t, c.fields, events[updated].Data.Fields, name)
		}
	}
}

func TestACallForAPersonEscalatesTheChat(t *testing.T) {
	t.Parallel()

	call := chat.EventChange{
		Object: chat.ChangedToolCall,
		Was:    string(chat.ToolCallPending),
		Now:    string(chat.ToolCallSucceeded),
		Data:   chat.EventData{Name: chat.ToolTalkToHuman, ActionID: "a"},
	}

	assert.Equal(
		t,
		[]chat.EventType{chat.EventToolCallSucceeded, chat.EventChatEscalated},
		typesOf(chat.EventsOf([]chat.EventChange{call})),
	)

	call.Data.Name = "refund"
	assert.Equal(t, []chat.EventType{chat.EventToolCallSucceeded}, typesOf(chat.EventsOf([]chat.EventChange{call})))
}

func TestTheTableOfEventTypes(t *testing.T) {
	t.Parallel()

	seen := map[chat.EventType]bool{}

	for _, text := range chat.EventTypes() {
		assert.Regexp(t, `^[a-z_]+\.[a-z_]+$`, text.Type)
		assert.False(t, seen[text.Type], "%s is there twice", text.Type)
		assert.True(t, strings.HasSuffix(text.Meaning, ".") && strings.HasSuffix(text.When, "."), "%s", text.Type)

		seen[text.Type] = true

		encoded, err := json.Marshal(text.Example)
		require.NoError(t, err)

		var fields map[string]any
		require.NoError(t, json.Unmarshal(encoded, &fields))
		assert.NotEmpty(t, fields, "%s has no example", text.Type)
		assert.Subset(t, text.Fields, slices.Collect(maps.Keys(fields)), "%s", text.Type)
	}

	assert.False(t, chat.EventType("chat.painted").Valid())
	assert.True(t, chat.EventChatCreated.Valid())
}

func TestAnEventExplainsItself(t *testing.T) {
	t.Parallel()

	lost := chat.Event{Type: chat.EventDeliveryUndelivered, Data: chat.EventData{ErrorCode: "twilio_30007"}}
	assert.Equal(
		t,
		"A message that the provider took has not arrived: the message was filtered because of its content.",
		lost.Explanation(),
	)

	lost.Data.ErrorCode = ""
	assert.Equal(t, "A message that the provider took has not arrived.", lost.Explanation())
}
