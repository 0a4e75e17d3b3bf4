package api

import (
	"context"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"handrail/chat"
)

func (s *service) takeoverRoutes() {
	taken := exampleChat
	taken.TakenOverBy = 3
	taken.TakenOverAt = &exampleTime

	registerRoute(s, s.takeOverChat, route{
		method:   http.MethodPost,
		path:     "/chats/{chat_id}/takeover",
		access:   withScope(chat.ScopeChatsWrite),
		withChat: true,
		id:       "takeOverChat",
		tag:      tagChats,
		summary:  "Take a chat over",
		description: "The member of the API key answers in the assistant's place. Until the chat is released, what " +
			"the assistant says is 409 `taken_over`, and what it has still to say is held for a decision. A send " +
			"with `\"author_kind\": \"person\"` takes the chat over, too, also from another person.",
		answer: taken,
	})

	registerRoute(s, s.releaseChat, route{
		method:   http.MethodPost,
		path:     "/chats/{chat_id}/release",
		access:   withScope(chat.ScopeChatsWrite),
		withChat: true,
		id:       "releaseChat",
		tag:      tagChats,
		summary:  "Release a chat",
		description: "The assistant may speak again. What was held with `taken_over` goes on waiting, and is retried " +
			"or canceled one by one.",
		answer: exampleChat,
	})
}

func (s *service) takeOverChat(ctx context.Context, _ *struct{}) (*chatOutput, error) {
	c := callFrom(ctx)
	if err := chat.CheckTakeover(c.principal.Kind); err != nil {
		return nil, err
	}

	return shownChat(s.store.TakeOverChat(ctx, c.workspace(), c.actor(), c.chat.ID))
}

func (s *service) releaseChat(ctx context.Context, _ *struct{}) (*chatOutput, error) {
	c := callFrom(ctx)
	if err := chat.CheckTakeover(c.principal.Kind); err != nil {
		return nil, err
	}

	return shownChat(s.store.ReleaseChat(ctx, c.workspace(), c.actor(), c.chat.ID))
}

// newerMessageJSON is a message that the caller of a send had not seen.
type newerMessageJSON struct {
	ID        int64          `json:"id"`
	UUID      chat.MessageID `json:"uuid" format:"uuid"`
	Text      string         `json:"text" doc:"Its beginning, at most 200 characters."`
	CreatedAt time.Time      `json:"created_at"`
}

// How many messages of a chat are searched for newer ones, and how many characters of each are shown.
const (
	maxNewerMessages   = 50
	maxNewerCharacters = 200
)

// movedOnError is the refusal chat_moved_on with the newer messages.
type movedOnError struct {
	error

	messages []newerMessageJSON
}

// Unwrap returns the refusal.
func (e *movedOnError) Unwrap() error { return e.error }

// addNewerMessages adds the customer's newer messages to the refusal chat_moved_on, if the caller may read them. The
// refusal itself has none, because it may come from Temporal, which must not store texts.
func (s *service) addNewerMessages(ctx context.Context, seen chat.MessageID, err error) error {
	c := callFrom(ctx)
	if chat.CodeOf(err) != chat.CodeChatMovedOn || !c.principal.May(chat.ScopeChatsRead) {
		return err
	}

	page := chat.MessagePage{Page: chat.Page{Limit: maxNewerMessages}}

	list, readErr := s.store.Messages(ctx, c.workspace(), c.chat.ID, page)
	if readErr != nil {
		s.logger.WarnContext(
			ctx,
			"cannot show the newer messages of a chat that has moved on",
			"request_id", requestIDFrom(ctx),
			"error", readErr,
		)

		return err
	}

	moved := &movedOnError{error: err}

	for i := range list.Items {
		m := &list.Items[i]
		if m.ID == seen {
			break
		}

		if m.MovesOn() {
			moved.messages = append(moved.messages, newerMessageJSON{
				ID:        m.Number,
				UUID:      m.ID,
				Text:      cutText(m.Content, maxNewerCharacters),
				CreatedAt: m.CreatedAt.UTC(),
			})
		}
	}

	slices.Reverse(moved.messages)

	return moved
}

// cutText returns the first characters of a longer text, with … at their end.
func cutText(text string, characters int) string {
	if utf8.RuneCountInString(text) <= characters {
		return text
	}

	return string([]rune(text)[:characters-1]) + "…"
}
