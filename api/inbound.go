package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// inboundJSON is what became of a message that came in.
type inboundJSON struct {
	ID          chat.InboundID `json:"id" format:"uuid"`
	Status      inboundStatus  `json:"status" doc:"taken: it is in a chat. automatic: so, marked as a machine's. orphaned: its sender is not known, and it is taken when that is entered. refused: it could not be read."`
	Automatic   *automaticJSON `json:"automatic,omitempty"`
	Explanation string         `json:"explanation" doc:"What became of it, and what may be done."`
	Channel     addressedJSON  `json:"channel"`
	Provider    providerJSON   `json:"provider"`
	From        string         `json:"from"`
	FromName    string         `json:"from_name,omitempty"`
	Trust       *trustJSON     `json:"trust,omitempty" doc:"What shows that it is by from."`
	To          []string       `json:"to" doc:"The addresses that it was sent to, ours and others."`
	Subject     string         `json:"subject,omitempty"`
	Keyword     chat.Keyword   `json:"keyword,omitempty" enum:"stop,start,help" doc:"What the whole message was taken for."`
	Files       []fileJSON     `json:"files,omitempty"`
	ChatID      *chat.ChatID   `json:"chat_id" doc:"The chat that it is in."`
	MessageID   chat.MessageID `json:"message_id,omitempty" format:"uuid" doc:"Its uuid in that chat."`
	ReceivedAt  time.Time      `json:"received_at"`
	UpdatedAt   time.Time      `json:"updated_at" doc:"When its status last changed."`
}

// automaticJSON is why a message is marked as a machine's.
type automaticJSON struct {
	Reason      automaticReason `json:"reason"`
	Explanation string          `json:"explanation"`
}

// fileJSON is a file that came with a message.
type fileJSON struct {
	Name string `json:"name,omitempty" doc:"As its sender has called it."`
	Type string `json:"type,omitempty" doc:"Its media type, as its sender gives it."`
	Size int64  `json:"size,omitempty" doc:"In bytes, if known."`
	URL  string `json:"url,omitempty" doc:"Where the provider keeps it."`
}

// Words of chat whose values the OpenAPI document takes from chat's own lists.
type (
	inboundStatus   chat.InboundStatus
	automaticReason chat.AutomaticReason
)

// Schema lists all statuses.
func (inboundStatus) Schema(huma.Registry) *huma.Schema { return enumOf(chat.InboundStatuses()) }

// Schema lists all reasons.
func (automaticReason) Schema(huma.Registry) *huma.Schema { return enumOf(chat.AutomaticReasons()) }

func presentAutomatic(reason chat.AutomaticReason) *automaticJSON {
	if reason == "" {
		return nil
	}

	return &automaticJSON{Reason: automaticReason(reason), Explanation: reason.Explanation()}
}

func presentFiles(files []chat.File) []fileJSON {
	var shown []fileJSON
	for _, f := range files {
		shown = append(shown, fileJSON(f))
	}

	return shown
}

func presentInbound(r chat.InboundRecord) inboundJSON {
	shown := inboundJSON{
		ID:          r.ID,
		Status:      inboundStatus(r.Status),
		Automatic:   presentAutomatic(r.Automatic),
		Explanation: r.Explanation(),
		Channel:     addressedJSON(r.Channel),
		Provider:    providerJSON(r.Provider),
		From:        r.From,
		FromName:    r.FromName,
		Trust:       presentTrust(r.Trust),
		To:          orEmpty(r.To),
		Subject:     r.Subject,
		Keyword:     r.Keyword,
		Files:       presentFiles(r.Files),
		MessageID:   r.MessageID,
		ReceivedAt:  r.ReceivedAt.UTC(),
		UpdatedAt:   r.UpdatedAt.UTC(),
	}

	if r.ChatID != 0 {
		shown.ChatID = &r.ChatID
	}

	return shown
}

var exampleReceived = presentInbound(chat.InboundRecord{
	ID:         exampleInboundID,
	Provider:   chat.ProviderTwilio,
	Channel:    chat.ChannelSMS,
	Status:     chat.InboundOrphaned,
	From:       "+14155550123",
	Trust:      chat.TrustNumber,
	To:         []string{"+14155550100"},
	ReceivedAt: exampleTime,
	UpdatedAt:  exampleTime,
})

const exampleInboundID = "01934f6e-7f60-7a52-8d11-5c0b7e9f2a34"

var inboundParameter = uuidParameter[chat.InboundID]("inbound_id", "What came in.", exampleInboundID)

const inboundVisibility = "An orphan is nobody's: only in an installation with one workspace is it shown here."

func (s *service) inboundRoutes() {
	registerRoute(s, s.listInbound, route{
		method:      http.MethodGet,
		path:        "/inbound",
		access:      withScope(chat.ScopeChatsRead),
		id:          "listInbound",
		tag:         tagChats,
		summary:     "List what came in",
		description: "Every message that a provider has handed over, the newest first. " + inboundVisibility,
		answer:      listOf(exampleReceived),
	})

	registerRoute(s, s.getInbound, route{
		method:      http.MethodGet,
		path:        "/inbound/{inbound_id}",
		access:      withScope(chat.ScopeChatsRead),
		id:          "getInbound",
		tag:         tagChats,
		summary:     "Get what came in",
		description: inboundVisibility,
		answer:      exampleReceived,
		problems:    []chat.Code{chat.CodeInboundNotFound},
	})

	registerRoute(s, s.replayInbound, route{
		method:  http.MethodPost,
		path:    "/inbound/{inbound_id}/replay",
		access:  withScope(chat.ScopeChatsWrite),
		id:      "replayInbound",
		tag:     tagChats,
		summary: "Replay what came in",
		description: "Takes an orphan whose sender is known by now, or reads again what was refused. Any number of " +
			"replays add one message.",
		answer:   exampleReceived,
		problems: []chat.Code{chat.CodeInboundNotFound},
	})
}

type listInboundInput struct {
	Paging
	Status  []inboundStatus `query:"status" doc:"With any of these."`
	Channel addressedJSON   `query:"channel"`
	ChatID  chat.ChatID     `query:"chat_id" minimum:"1"`
	Since   time.Time       `query:"since" doc:"Received at this time or later."`
	Until   time.Time       `query:"until" doc:"Received before this time."`
}

func (s *service) listInbound(ctx context.Context, in *listInboundInput) (*listOutput[inboundJSON], error) {
	filter := chat.InboundFilter{
		Statuses: wordsOf[chat.InboundStatus](in.Status),
		Channel:  chat.Channel(in.Channel),
		ChatID:   in.ChatID,
		Since:    timeIfGiven(in.Since),
		Until:    timeIfGiven(in.Until),
		Page:     in.page(),
	}

	part, err := s.store.Inbound(ctx, callFrom(ctx).workspace(), filter)

	return presentList(part, err, presentInbound)
}

type inboundPath struct {
	InboundID chat.InboundID `inPath:"inbound_id"`
}

type inboundOutput struct{ Body inboundJSON }

func (s *service) getInbound(ctx context.Context, in *inboundPath) (*inboundOutput, error) {
	record, err := s.store.InboundRecord(ctx, callFrom(ctx).workspace(), in.InboundID)
	if err != nil {
		return nil, err
	}

	return &inboundOutput{Body: presentInbound(record)}, nil
}

func (s *service) replayInbound(ctx context.Context, in *inboundPath) (*inboundOutput, error) {
	c := callFrom(ctx)

	record, arrival, err := s.store.ReplayInbound(
		ctx,
		chat.ReplayInbound{WorkspaceID: c.workspace(), By: c.actor(), ID: in.InboundID},
		s.readRefused,
		time.Now(),
	)
	if err != nil {
		return nil, err
	}

	s.announceArrival(arrival)

	return &inboundOutput{Body: presentInbound(record)}, nil
}

// readRefused reads once more what its provider has signed when it came.
func (s *service) readRefused(in chat.RefusedInbound) (chat.Inbound, error) {
	switch {
	case in.Provider == chat.ProviderTwilio && s.twilio != nil:
		return s.twilio.ReadInbound(in.ContentType, in.Raw)
	case in.Provider == chat.ProviderSendGrid && s.sendgrid != nil:
		return s.sendgrid.ReadInbound(in.ContentType, in.Raw)
	}

	return chat.Inbound{}, chat.Errorf(chat.CodeNotFound, "webhooks of %s are not enabled", in.Provider.Name())
}
