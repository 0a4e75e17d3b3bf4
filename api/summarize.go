package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

func (s *service) summarizeRoutes() {
	register(s, http.MethodPost, "/chats/{chat_id}/summarize", ownOr(chat.ScopeChatsWrite), s.summarize, about{
		id: "summarizeChat", tag: tagActions, summary: "Summarize a chat", acts: true,
		description: "Writes the title and the summary anew, and with `update_labels` chooses among the workspace's labels. " +
			"Two requests at once for one chat share one run. When the model fails, everything stands as it was.",
		answer:   exampleChat,
		problems: []chat.Code{chat.CodeNothingToSummarize, chat.CodeIdempotencyKeyReused, chat.CodeSummarizationFailed},
	})
}

type summarizeInput struct {
	ActionHeaders
	UpdateLabels bool `query:"update_labels" default:"false" doc:"Choose labels too."`
}

func (s *service) summarize(ctx context.Context, in *summarizeInput) (*acted, error) {
	return s.act(ctx, in.ActionHeaders, intent{
		kind:   chat.ActionSummarizeChat,
		chat:   callFrom(ctx).chat.ID,
		fields: map[string]any{"update_labels": in.UpdateLabels},
		start: func(waiting context.Context, request chat.Request, wait time.Duration) (any, bool, error) {
			answer, err := s.engine.SummarizeChat(waiting, chat.SummarizeChat{Request: request, UpdateLabels: in.UpdateLabels}, wait)
			if err != nil {
				return nil, answer.Replayed, err
			}
			// Not waiting: the summary is there, and the server may have begun to stop.
			summarized, err := s.store.Chat(ctx, request.WorkspaceID, request.ChatID)
			return presentChat(summarized), answer.Replayed, err
		},
	})
}
