package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

const aboutSummarize = "Writes title, summary and points anew, and with `update_labels` chooses among the " +
	"workspace's labels. A model reads its last summary and what is new since; all of the chat with `full`, without " +
	"a summary, when more than half is new, or when a message has changed. Every point names the messages it rests " +
	"on. What a person wrote stands without `overwrite`: 409 `summary_edited`, unless labels are to be chosen. Two " +
	"requests at once for one chat share one run. When the model fails, nothing changes."

func (s *service) summarizeRoutes() {
	registerRoute(s, s.summarize, route{
		method:      http.MethodPost,
		path:        "/chats/{chat_id}/summarize",
		access:      ownOr(chat.ScopeChatsWrite),
		withChat:    true,
		id:          "summarizeChat",
		tag:         tagActions,
		summary:     "Summarize a chat",
		acts:        true,
		description: aboutSummarize,
		answer:      exampleChat,
		problems: []chat.Code{
			chat.CodeNothingToSummarize,
			chat.CodeTokenBudget,
			chat.CodeSummaryEdited,
			chat.CodeIdempotencyKeyReused,
			chat.CodeSummarizationFailed,
		},
	})
}

type summarizeInput struct {
	ActionHeaders
	UpdateLabels bool `query:"update_labels" default:"false" doc:"Choose labels too."`
	Full         bool `query:"full" default:"false" doc:"Read all of the chat, not only what is new."`
	Overwrite    bool `query:"overwrite" default:"false" doc:"Replace also what a person wrote. This needs the scope chats:write."`
}

// fields are what the request asks for; what came later is named only when it is asked for,
// so that a key of before keeps its meaning.
func (in *summarizeInput) fields() map[string]any {
	fields := map[string]any{"update_labels": in.UpdateLabels}
	if in.Full {
		fields["full"] = true
	}

	if in.Overwrite {
		fields["overwrite"] = true
	}

	return fields
}

func (s *service) summarize(ctx context.Context, in *summarizeInput) (*actionResponse, error) {
	// A place in the chat is enough to ask for a summary, but not to replace what a person wrote.
	if in.Overwrite && !callFrom(ctx).principal.May(chat.ScopeChatsWrite) {
		return nil, chat.Errorf(
			chat.CodeForbidden,
			"overwriting what a person wrote needs the scope %s, and a member with the role manager",
			chat.ScopeChatsWrite,
		)
	}

	return s.perform(ctx, in.ActionHeaders, actionSpec{
		kind:   chat.ActionSummarizeChat,
		chat:   callFrom(ctx).chat.ID,
		fields: in.fields(),
		start: func(waiting context.Context, request chat.Request, wait time.Duration) (any, bool, error) {
			answer, err := s.engine.SummarizeChat(waiting, chat.SummarizeChat{
				Request:      request,
				UpdateLabels: in.UpdateLabels,
				Full:         in.Full,
				Overwrite:    in.Overwrite,
			}, wait)
			if err != nil {
				return nil, answer.Replayed, err
			}

			// Not waiting: the summary is there, and the server may have begun to stop.
			summarized, err := s.store.Chat(ctx, request.WorkspaceID, request.ChatID)

			return presentChat(summarized), answer.Replayed, err
		},
	})
}
