package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

// summaryVersionJSON is one version of a chat's summary.
type summaryVersionJSON struct {
	ID             chat.SummaryID    `json:"id" format:"uuid"`
	Kind           chat.SummaryKind  `json:"kind" enum:"model,person,restored"`
	State          chat.SummaryState `json:"state" enum:"running,succeeded,failed"`
	Mode           chat.SummaryMode  `json:"mode" enum:"full,incremental,unchanged," doc:"How much the model has read: of unchanged nothing, since nothing was new. Empty for a person's."`
	Title          string            `json:"title"`
	Summary        string            `json:"summary"`
	PointsJSON                       // key points, open questions, next steps
	Labels         []chosenLabelJSON `json:"labels" doc:"What the model has chosen, the surest first."`
	Model          string            `json:"model" doc:"offline, a model's name, or person."`
	Applied        bool              `json:"applied" doc:"Whether its text became the chat's."`
	Current        bool              `json:"current" doc:"Whether the chat shows it now."`
	Usage          usageJSON         `json:"usage"`
	Watermark      int64             `json:"watermark" doc:"The id of the newest message that it covers."`
	Covered        int               `json:"covered" doc:"How many messages it covers."`
	LabelsAdded    []chat.LabelID    `json:"labels_added"`
	LabelsRemoved  []chat.LabelID    `json:"labels_removed"`
	LabelsUndoneAt *time.Time        `json:"labels_undone_at"`
	Automatic      bool              `json:"automatic" doc:"Whether the workspace's settings asked for it."`
	RequestedBy    chat.MemberID     `json:"requested_by,omitempty" doc:"Who asked for it; of an automatic one, who has switched that on."`
	ActionID       chat.ActionID     `json:"action_id,omitempty" format:"uuid"`
	RestoredFrom   chat.SummaryID    `json:"restored_from,omitempty" format:"uuid"`
	Problem        *problemBriefJSON `json:"problem,omitempty" doc:"Why it failed."`
	Explanation    string            `json:"explanation,omitempty" doc:"What a running one waits for, if its model could not answer yet."`
	CreatedAt      time.Time         `json:"created_at"`
	EndedAt        *time.Time        `json:"ended_at"`
}

// PointsJSON are the claims of a summary. The type is exported because huma finds the
// fields of what is embedded in exported types only.
type PointsJSON struct {
	KeyPoints     []pointJSON `json:"key_points"`
	OpenQuestions []pointJSON `json:"open_questions"`
	NextSteps     []pointJSON `json:"next_steps"`
}

type pointJSON struct {
	Text     string           `json:"text"`
	Messages []chat.MessageID `json:"messages" doc:"The uuids of the messages that say so."`
}

type quoteJSON struct {
	Message chat.MessageID `json:"message" format:"uuid"`
	Text    string         `json:"text"`
}

type chosenLabelJSON struct {
	Name       string         `json:"name"`
	Confidence float64        `json:"confidence" minimum:"0" maximum:"1"`
	Evidence   []quoteJSON    `json:"evidence" doc:"Words of the chat that speak for it."`
	Outcome    chat.LabelFate `json:"outcome,omitempty" enum:"set,suggested,present,withheld" doc:"set by the model; suggested below the workspace's threshold; present by somebody else's hand; withheld because somebody has taken it off."`
}

type usageJSON struct {
	Requests     int   `json:"requests"`
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
	DurationMS   int64 `json:"duration_ms"`
}

type problemBriefJSON struct {
	Code   chat.Code `json:"code"`
	Detail string    `json:"detail"`
}

func presentPoints(p chat.Points) PointsJSON {
	return PointsJSON{presentClaims(p.KeyPoints), presentClaims(p.OpenQuestions), presentClaims(p.NextSteps)}
}

func presentClaims(points []chat.Point) []pointJSON {
	shown := make([]pointJSON, len(points))
	for i, p := range points {
		shown[i] = pointJSON(p)
	}

	return shown
}

func presentQuotes(quotes []chat.Quote) []quoteJSON {
	shown := make([]quoteJSON, len(quotes))
	for i, q := range quotes {
		shown[i] = quoteJSON(q)
	}

	return shown
}

func presentSummary(v chat.SummaryVersion) summaryVersionJSON {
	shown := summaryVersionJSON{
		ID:             v.ID,
		Kind:           v.Kind,
		State:          v.State,
		Mode:           v.Mode,
		Title:          v.Title,
		Summary:        v.Summary.Summary,
		PointsJSON:     presentPoints(v.Points()),
		Labels:         make([]chosenLabelJSON, len(v.Labels)),
		Model:          v.Model,
		Applied:        v.Applied,
		Current:        v.Current,
		Usage:          usageJSON{v.Requests, v.InputTokens, v.OutputTokens, v.Duration.Milliseconds()},
		Watermark:      v.Watermark,
		Covered:        v.Covered,
		LabelsAdded:    orEmpty(v.LabelsAdded),
		LabelsRemoved:  orEmpty(v.LabelsRemoved),
		LabelsUndoneAt: chat.UTC(v.LabelsUndoneAt),
		Automatic:      v.Automatic,
		RequestedBy:    v.RequestedBy,
		ActionID:       v.ActionID,
		RestoredFrom:   v.RestoredFrom,
		CreatedAt:      v.CreatedAt.UTC(),
		EndedAt:        chat.UTC(v.EndedAt),
	}

	for i, l := range v.Labels {
		shown.Labels[i] = chosenLabelJSON{Name: l.Name, Confidence: l.Confidence, Evidence: presentQuotes(l.Evidence)}
		if i < len(v.Fates) {
			shown.Labels[i].Outcome = v.Fates[i]
		}
	}

	if v.Problem != nil {
		shown.Problem = &problemBriefJSON{v.Problem.Code, v.Problem.Message}
	}

	if v.ModelWait != nil {
		shown.Explanation = v.ModelWait.Explain()
	}

	return shown
}

const exampleSummary = "0193a3c8-7a10-7000-8000-0000000000a5"

var examplePoints = chat.Points{
	KeyPoints: []chat.Point{
		{Text: "Order 4711 was to come on Friday.", Messages: []chat.MessageID{exampleMessage}},
	},
	OpenQuestions: []chat.Point{{Text: "Where is the order?", Messages: []chat.MessageID{exampleMessage}}},
}

var exampleQuotes = []chat.Quote{{Message: exampleMessage, Text: "Where is my order?"}}

func exampleVersion() summaryVersionJSON {
	summary := chat.Summary{
		Title:         "Late delivery",
		Summary:       "Ana asks where her order is.",
		KeyPoints:     examplePoints.KeyPoints,
		OpenQuestions: examplePoints.OpenQuestions,
		Labels:        []chat.LabelChoice{{Name: "late delivery", Confidence: 0.9, Evidence: exampleQuotes}},
		Model:         "gpt-4.1-mini-2025-04-14",
	}

	usage := chat.Usage{
		Requests:     1,
		InputTokens:  1740,
		OutputTokens: 310,
		Duration:     1900 * time.Millisecond,
	}

	return presentSummary(chat.SummaryVersion{
		ID:           exampleSummary,
		ChatID:       7,
		Kind:         chat.SummaryByModel,
		State:        chat.SummarySucceeded,
		Mode:         chat.ModeIncremental,
		Summary:      summary,
		Fates:        []chat.LabelFate{chat.LabelSet},
		LabelsAdded:  []chat.LabelID{5},
		LabelsChosen: true,
		Applied:      true,
		Current:      true,
		Usage:        usage,
		Watermark:    1040,
		Covered:      31,
		ActionID:     exampleAction,
		RequestedBy:  1,
		CreatedAt:    exampleTime,
		EndedAt:      &exampleTime,
	})
}

func (s *service) summaryRoutes() {
	registerRoute(s, s.listSummaries, route{
		method:   http.MethodGet,
		path:     "/chats/{chat_id}/summaries",
		access:   ownOr(chat.ScopeChatsRead),
		withChat: true,
		id:       "listSummaries",
		tag:      tagChats,
		summary:  "List summary versions",
		answer:   listOf(exampleVersion()),
		description: "The newest first: every run with what it wrote, read and cost, also one that runs or has " +
			"failed, and every edit.",
	})

	registerRoute(s, s.getSummary, route{
		method:   http.MethodGet,
		path:     "/chats/{chat_id}/summaries/{summary_id}",
		access:   ownOr(chat.ScopeChatsRead),
		withChat: true,
		id:       "getSummary",
		tag:      tagChats,
		summary:  "Get a summary version",
		answer:   exampleVersion(),
		problems: []chat.Code{chat.CodeSummaryNotFound},
	})

	s.summaryCommandRoutes()
}

// summaryCommandRoutes registers the routes that restore a version and undo label changes.
func (s *service) summaryCommandRoutes() {
	registerRoute(s, s.restoreSummary, route{
		method:   http.MethodPost,
		path:     "/chats/{chat_id}/summaries/{summary_id}/restore",
		access:   withScope(chat.ScopeChatsWrite),
		withChat: true,
		id:       "restoreSummary",
		tag:      tagChats,
		summary:  "Restore a summary version",
		answer:   exampleChat,
		description: "Title and summary become those of the version, and count as a person's, which only `overwrite` " +
			"replaces. The labels stay as they are.",
		problems: []chat.Code{chat.CodeSummaryNotFound, chat.CodeConflict},
	})

	registerRoute(s, s.undoLabels, route{
		method:   http.MethodPost,
		path:     "/chats/{chat_id}/summaries/{summary_id}/undo-labels",
		access:   withScope(chat.ScopeChatsWrite),
		withChat: true,
		id:       "undoLabels",
		tag:      tagChats,
		summary:  "Undo label changes of a summary",
		answer:   exampleChat,
		description: "What it added goes, and no model puts it back; what it removed returns, as a person's. What " +
			"was touched since stays. May be asked twice.",
		problems: []chat.Code{chat.CodeSummaryNotFound, chat.CodeConflict},
	})
}

func (s *service) listSummaries(ctx context.Context, in *pagedInput) (*listOutput[summaryVersionJSON], error) {
	c := callFrom(ctx)
	part, err := s.store.Summaries(ctx, c.workspace(), c.chat.ID, in.page())

	return presentList(part, err, presentSummary)
}

type summaryOutput struct{ Body summaryVersionJSON }

type summaryPath struct {
	SummaryID chat.SummaryID `inPath:"summary_id"`
}

func (s *service) getSummary(ctx context.Context, in *summaryPath) (*summaryOutput, error) {
	c := callFrom(ctx)

	v, err := s.store.SummaryVersion(ctx, c.workspace(), c.chat.ID, in.SummaryID)
	if err != nil {
		return nil, err
	}

	return &summaryOutput{Body: presentSummary(v)}, nil
}

func (s *service) restoreSummary(ctx context.Context, in *summaryPath) (*chatOutput, error) {
	c := callFrom(ctx)
	return shownChat(s.store.RestoreSummary(ctx, c.workspace(), c.actor(), c.chat.ID, in.SummaryID))
}

func (s *service) undoLabels(ctx context.Context, in *summaryPath) (*chatOutput, error) {
	c := callFrom(ctx)
	return shownChat(s.store.UndoLabels(ctx, c.workspace(), c.actor(), c.chat.ID, in.SummaryID))
}

func shownChat(c chat.Chat, err error) (*chatOutput, error) {
	if err != nil {
		return nil, err
	}

	return &chatOutput{Body: presentChat(c)}, nil
}
