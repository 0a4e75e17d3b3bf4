package activities_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
)

func newFacts() *chat.SendFacts {
	return &chat.SendFacts{
		Chat:      chat.Chat{ID: 7, Channel: chat.ChannelSMS, State: chat.StateOpen},
		Assistant: &chat.Member{ID: 2, Kind: chat.KindAssistant},
		Recipient: &chat.Member{
			ID:                   3,
			Phone:                "+14155550101",
			NotificationsEnabled: true,
			Consents:             chat.Consents{chat.ChannelSMS: chat.ConsentGranted},
		},
		PhoneNumber: &chat.PhoneNumber{ID: 4, Number: "+14155550100"},
		Labels:      []chat.Label{{Name: "VIP"}},
		Tools:       chat.Builtins(),
	}
}

// planningStore is a store that only asks for the plan.
func planningStore(plan *chat.SendPlan) *store {
	return &store{
		prepare: func(_ chat.SendAssistantMessage, _ chat.SendIDs, ask func(*chat.SendFacts) (chat.SendPlan, error)) (chat.AssistantMessageSent, error) {
			made, err := ask(newFacts())
			*plan = made

			return chat.AssistantMessageSent{}, err
		},
	}
}

func TestPrepareSendChecksEveryToolCallFirst(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		name, arguments string
		code            chat.Code
		field, says     string
	}{
		"known label":      {"add_label", `{"label":"vip"}`, "", "", ""},
		"set title":        {"set_title", `{"title":"Order"}`, "", "", ""},
		"set state":        {"set_state", `{"state":"closed"}`, "", "", ""},
		"talk to human":    {"talk_to_human", `{"reason":"asks for Mara"}`, "", "", ""},
		"remove any label": {"remove_label", `{"label":"old"}`, "", "", ""},
		"unknown tool":     {"refund", `{}`, chat.CodeUnknownTool, "tool_calls[0].name", "refund"},
		"unknown label": {
			"add_label",
			`{"label":"gold"}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.label",
			"label of this workspace",
		},
		"missing": {
			"add_label",
			`{}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.label",
			"required",
		},
		"wrong type": {
			"set_title",
			`{"title":5}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.title",
			"string",
		},
		"unknown argument": {
			"set_title",
			`{"title":"a","colour":"b"}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.colour",
			"colour",
		},
		"unknown state": {
			"set_state",
			`{"state":"gone"}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.state",
			"open",
		},
		"title too long": {
			"set_title",
			`{"title":"` + longText(201) + `"}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.title",
			"200",
		},
		"not an object": {"set_title", `[]`, chat.CodeInvalidToolArguments, "tool_calls[0].arguments", "object"},
		"not JSON":      {"set_title", `{`, chat.CodeInvalidToolArguments, "tool_calls[0].arguments", "JSON"},
		"empty reason": {
			"talk_to_human",
			`{"reason":""}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.reason",
			"minLength",
		},
		"second JSON value": {
			"set_title",
			`{"title":"a"}{}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments",
			"JSON",
		},
		"an answer that ends all messages": {
			chat.ToolAskContributor,
			`{"question":"Ship it?","expects":{"enum":["ship","Cancel"]}}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.expects",
			`"Cancel"`,
		},
		"label is not a text": {
			"add_label",
			`{"label":["vip"]}`,
			chat.CodeInvalidToolArguments,
			"tool_calls[0].arguments.label",
			"string",
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var plan chat.SendPlan
			acts := newActivities(t, activities.Config{Store: planningStore(&plan)})
			_, err := acts.PrepareSend(t.Context(), chat.SendAssistantMessage{
				Message: "Hello", ToolCalls: []chat.ToolCall{{ID: "call_1", Name: tt.name, Arguments: json.RawMessage(tt.arguments)}},
			})

			if tt.code == "" {
				require.NoError(t, err)
				assert.Equal(t, "Hello", plan.Payload.Text)
				assert.Equal(t, "phone:4", plan.Sender)

				return
			}

			refused := chat.AsError(err)
			assert.Equal(t, tt.code, refused.Code)
			require.NotEmpty(t, refused.Fields)
			assert.Equal(t, tt.field, refused.Fields[0].Field)
			assert.Contains(t, refused.Message, tt.says)
		})
	}
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = 'x'
	}

	return string(text)
}

func TestRunToolDoesWhatItSays(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		name, arguments string
		did             []string
		result          string
	}{
		"add":    {"add_label", `{"label":"vip"}`, []string{"+vip"}, `{"added":"vip"}`},
		"remove": {"remove_label", `{"label":"vip"}`, []string{"-vip"}, `{"removed":"vip"}`},
		"title":  {"set_title", `{"title":"Order 7"}`, []string{"title:Order 7"}, `{"title":"Order 7"}`},
		"state":  {"set_state", `{"state":"closed"}`, []string{"state:closed"}, `{"state":"closed"}`},
		"human":  {"talk_to_human", `{"reason":"angry"}`, []string{"human:angry"}, `{"needs_response":true}`},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var done editor
			s := &store{
				tool: func(effect func(context.Context, chat.ChatEditor) (json.RawMessage, error)) (chat.ToolCall, error) {
					result, err := effect(t.Context(), &done)
					return chat.ToolCall{Result: result}, err
				},
			}

			call, err := newActivities(t, activities.Config{Store: s}).
				RunTool(t.Context(), chat.ToolRun{Name: tt.name, Arguments: json.RawMessage(tt.arguments)})

			require.NoError(t, err)
			assert.Equal(t, tt.did, done.did)
			assert.JSONEq(t, tt.result, string(call.Result))
		})
	}
}

func TestRunToolFailsForGoodWhenTheLabelIsGone(t *testing.T) {
	t.Parallel()

	s := &store{
		tool: func(effect func(context.Context, chat.ChatEditor) (json.RawMessage, error)) (chat.ToolCall, error) {
			_, err := effect(t.Context(), &editor{})
			return chat.ToolCall{}, err
		},
	}

	_, err := newActivities(
		t,
		activities.Config{Store: s},
	).RunTool(
		t.Context(),
		chat.ToolRun{Name: "add_label", Arguments: json.RawMessage(`{"label":"gone"}`)},
	)

	assert.Equal(t, chat.CodeLabelNotFound, chat.CodeOf(err))
	assert.True(t, chat.AsError(err).Final())
}
