package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// EventStore reads the log of events, and knows who may read it as a stream.
//
// UseEventToken and KeyPrincipal return CodeUnauthenticated for a token or a key that does not count any more.
type EventStore interface {
	Events(ctx context.Context, ws chat.WorkspaceID, f chat.EventFilter) (chat.EventList, error)
	// ListenEvents calls heard with each workspace that has new events, or with "" when any may have, until ctx ends
	// or it can hear no more.
	ListenEvents(ctx context.Context, heard func(chat.WorkspaceID)) error
	CreateEventToken(ctx context.Context, token chat.EventToken, hash [32]byte, now time.Time) error
	// UseEventToken accepts a token once.
	UseEventToken(ctx context.Context, ws chat.WorkspaceID, hash [32]byte, now time.Time) (chat.Principal, error)
	KeyPrincipal(ctx context.Context, ws chat.WorkspaceID, id chat.KeyID, now time.Time) (chat.Principal, error)
}

// logEntryJSON is one event of the log.
type logEntryJSON struct {
	ID           chat.EventID   `json:"id" doc:"It never changes: who gets an event twice knows it by this."`
	Sequence     int64          `json:"sequence" doc:"Counts the workspace's events, without a gap."`
	ChatID       *chat.ChatID   `json:"chat_id"`
	ChatSequence *int64         `json:"chat_sequence" doc:"Counts the chat's events, without a gap."`
	Type         eventTypeName  `json:"type"`
	SubjectID    string         `json:"subject_id" doc:"Of what the type begins with; of a tool call, its message."`
	At           time.Time      `json:"at"`
	Explanation  string         `json:"explanation"`
	Data         chat.EventData `json:"data" doc:"States, codes and ids; docs/events.md has the fields of each type."`
}

// eventTypeName is the name of a type of event.
type eventTypeName chat.EventType

// Schema tells huma that the name is one of the types.
func (eventTypeName) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, text := range chat.EventTypes() {
		schema.Enum = append(schema.Enum, string(text.Type))
	}

	return schema
}

func presentLogEntry(e *chat.Event) logEntryJSON {
	shown := logEntryJSON{
		ID:          e.ID,
		Sequence:    e.Sequence,
		Type:        eventTypeName(e.Type),
		SubjectID:   e.SubjectID,
		At:          e.At.UTC(),
		Explanation: e.Explanation(),
		Data:        e.Data,
	}

	if e.ChatID != 0 {
		shown.ChatID = &e.ChatID
		shown.ChatSequence = &e.ChatSequence
	}

	return shown
}

// logJSON is a part of the log.
type logJSON struct {
	Items  []logEntryJSON `json:"items"`
	Next   int64          `json:"next" doc:"Give it as after to read on. It passes over events that were not asked for. Less than after: the database has lost its newest events, and gives their numbers again."`
	Latest int64          `json:"latest" doc:"The sequence of the newest event. When next is latest, there is no more."`
	Oldest int64          `json:"oldest" doc:"The sequence of the oldest event that is kept."`
}

// logOutput writes a part of the log, or the stream.
type logOutput struct{ Body func(huma.Context) }

func (s *service) eventRoutes() {
	registerRoute(s, s.listEvents, route{
		method:  http.MethodGet,
		path:    "/events",
		access:  withScope(chat.ScopeChatsRead),
		id:      "listEvents",
		tag:     tagWorkspace,
		summary: "List events",
		description: "What has happened in the workspace, in the order of `sequence`. Begin with `after=0`, and go " +
			"on with `after` set to `next` until `next` is `latest`; an empty list alone is not the end. An event is " +
			"here some 100 ms after it has happened, and is kept for 30 days (`HANDRAIL_EVENTS_KEPT`). It has ids, " +
			"states and codes, and never a text or an address.\n\nWith `Accept: text/event-stream`, the answer is a " +
			"stream: what comes after `Last-Event-ID` or `after`, without either what comes from now on, each event " +
			"as soon as it is in the log. `id` is its sequence, `data` one of `items`. `event` is there for two that " +
			"are not of the log: `stream.missed`, and `stream.closed` with the reason why the server ends it. " +
			"docs/events.md says how to come back.",
		streams: true,
		answer: logJSON{
			Items:  []logEntryJSON{presentLogEntry(exampleEvent())},
			Next:   1041,
			Latest: 1041,
			Oldest: 1,
		},
	})
}

func exampleEvent() *chat.Event {
	return &chat.Event{
		ID:           "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f",
		Sequence:     1041,
		ChatID:       7,
		ChatSequence: 12,
		Type:         chat.EventDeliveryAccepted,
		SubjectID:    string(exampleDelivery),
		At:           exampleTime,
		Data: chat.EventData{
			Status:     string(chat.SubmissionAccepted),
			Channel:    chat.ChannelSMS,
			Provider:   chat.ProviderTwilio,
			Submission: string(chat.SubmissionAccepted),
		},
	}
}

type listEventsInput struct {
	After  optional[int64] `query:"after" minimum:"0" doc:"Only events with a greater sequence: all of them when left out; of a stream, those from now on."`
	Types  []eventTypeName `query:"types" doc:"Only of these types, with commas."`
	ChatID chat.ChatID     `query:"chat_id" minimum:"1" doc:"Only of this chat."`
	Limit  int             `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most events to answer with. A stream goes on."`
	Token  string          `query:"token" maxLength:"128" doc:"Of a stream, instead of a key: a token of POST /events/tokens."`

	LastEventID optional[int64] `header:"Last-Event-ID" minimum:"0" doc:"Of a stream: the id of the last event that was read. It goes before after."`
}

func (s *service) listEvents(ctx context.Context, in *listEventsInput) (*logOutput, error) {
	c := callFrom(ctx)
	filter := chat.EventFilter{
		After:  in.After.Value,
		ChatID: in.ChatID,
		Limit:  in.Limit,
	}

	for _, name := range in.Types {
		filter.Types = append(filter.Types, chat.EventType(name))
	}

	if c.stream {
		return s.streamEvents(ctx, in, filter)
	}

	if in.Token != "" {
		return nil, refuseTokenOfList()
	}

	list, err := s.store.Events(ctx, c.workspace(), filter)
	if err != nil {
		return nil, err
	}

	shown := logJSON{
		Items: make([]logEntryJSON, 0, len(list.Items)),
		// A reader of numbers that were lost in a failover goes on where the log ends, or would not see who gets them.
		Next:   min(list.Next, list.Latest),
		Latest: list.Latest,
		Oldest: list.Oldest,
	}

	for i := range list.Items {
		shown.Items = append(shown.Items, presentLogEntry(&list.Items[i]))
	}

	return &logOutput{Body: func(to huma.Context) { //nolint:contextcheck // to has the request's
		to.SetHeader("Content-Type", "application/json")

		if err := huma.DefaultJSONFormat.Marshal(to.BodyWriter(), shown); err != nil {
			s.refuse(to, err)
		}
	}}, nil
}

// streamEvents answers with a stream that begins after Last-Event-ID, else after After, else after the newest event.
func (s *service) streamEvents(ctx context.Context, in *listEventsInput, f chat.EventFilter) (*logOutput, error) {
	c := callFrom(ctx)
	f.Limit = streamPage

	switch {
	case in.LastEventID.IsSet:
		f.After = in.LastEventID.Value

	case !in.After.IsSet:
		// No event is after this position: the list has only the number of the newest one.
		list, err := s.store.Events(ctx, c.workspace(), chat.EventFilter{After: math.MaxInt64, Limit: 1})
		if err != nil {
			return nil, err
		}

		f.After = list.Latest
	}

	if err := s.streams.addStream(&c.principal); err != nil { //nolint:contextcheck // it waits for nothing
		//nolint:contextcheck,nilerr // to has the request's context, and the body is the error
		return &logOutput{Body: func(to huma.Context) {
			to.SetHeader("Retry-After", streamsRetryAfter)
			s.refuse(to, err)
		}}, nil
	}

	stream := &eventStream{
		eventStreams: s.streams,
		principal:    c.principal,
		filter:       f,
	}

	return &logOutput{Body: stream.answer}, nil
}
