package console

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"handrail/client"
)

// pointList is a part of a summary.
type pointList struct {
	name   string
	points []client.Point
}

// listPoints returns the parts of a summary that have points.
func listPoints(key, questions, steps []client.Point) []pointList {
	var lists []pointList

	for _, list := range []pointList{
		{"Key points", key},
		{"Open questions", questions},
		{"Next steps", steps},
	} {
		if len(list.points) > 0 {
			lists = append(lists, list)
		}
	}

	return lists
}

// summariesView is what the page of a chat's summary versions shows.
type summariesView struct {
	chat     *chatView
	versions []client.SummaryVersion
	next     templ.SafeURL
}

func (h *Handler) showSummaries(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	v.answersAt(v.chatPath(id) + "/summaries")

	found, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
	if err != nil {
		return nil, err
	}

	answer, err := v.ListSummariesWithResponse(v.ctx(), v.ws(), id, &client.ListSummariesParams{
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	view := &summariesView{
		chat:     &chatView{chat: found.JSON200},
		versions: answer.JSON200.Items,
		next:     v.nextPage("/chats/"+formatCount(id)+"/summaries", answer.JSON200.NextCursor),
	}

	view.chat.keepNames(v)

	return summariesPage(v, view), nil
}

// labelAnchor returns the id that the evidence of a chat's label has on the page of versions.
func labelAnchor(id int64) string { return "label-" + formatCount(id) }

// anchorLabel returns the id of the evidence of a label of the chat, as the newest version has it that speaks for the
// label; none for other evidence.
func (s *summariesView) anchorLabel(version *client.SummaryVersion, label *client.ChosenLabel) templ.Attributes {
	speaksFor := func(l client.ChosenLabel) bool { return l.Name == label.Name && len(l.Evidence) > 0 }
	newest := slices.IndexFunc(s.versions, func(one client.SummaryVersion) bool {
		return slices.ContainsFunc(one.Labels, speaksFor)
	})

	for _, l := range s.chat.chat.Labels {
		if l.Name == label.Name && newest >= 0 && s.versions[newest].ID == version.ID {
			return templ.Attributes{"id": labelAnchor(l.ID)}
		}
	}

	return nil
}

func (h *Handler) summarizeChat(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	isChecked := func(field string) *bool { return client.IfGiven(v.PostFormValue(field) == "true") }
	prefer := sendWait

	_, err = v.SummarizeChatWithResponse(v.ctx(), v.ws(), id, &client.SummarizeChatParams{
		UpdateLabels:   isChecked("update_labels"),
		Full:           isChecked("full"),
		Overwrite:      isChecked("overwrite"),
		IdempotencyKey: v.once(),
		Prefer:         &prefer,
	})

	return v.chatPath(id), err
}

// version returns the number of the chat and the id of the summary version that the path names.
func (v *viewer) version() (chatID int64, version string, err error) {
	if chatID, err = v.number("id"); err != nil {
		return 0, "", err
	}

	version, err = v.uuid("version")

	return chatID, version, err
}

func (h *Handler) restoreSummary(v *viewer) (templ.SafeURL, error) {
	id, version, err := v.version()
	if err != nil {
		return "", err
	}

	_, err = v.RestoreSummaryWithResponse(v.ctx(), v.ws(), id, version, &client.RestoreSummaryParams{
		IdempotencyKey: v.once(),
	})

	return v.chatPath(id) + "/summaries", err
}

func (h *Handler) undoLabels(v *viewer) (templ.SafeURL, error) {
	id, version, err := v.version()
	if err != nil {
		return "", err
	}

	_, err = v.UndoLabelsWithResponse(v.ctx(), v.ws(), id, version, &client.UndoLabelsParams{
		IdempotencyKey: v.once(),
	})

	return v.chatPath(id) + "/summaries", err
}

// canRestore reports whether a version has a text that the chat does not show.
func canRestore(s *client.SummaryVersion) bool {
	return s.State == client.SummaryVersionStateSucceeded && !s.Current
}

// canUndoLabels reports whether a version has changed labels, and nobody has undone that.
func canUndoLabels(s *client.SummaryVersion) bool {
	return len(s.LabelsAdded)+len(s.LabelsRemoved) > 0 && s.LabelsUndoneAt == nil
}

// formatPercent returns a share of 1 in percent.
func formatPercent(share float64) string { return strconv.FormatFloat(100*share, 'f', 0, 64) + " %" }

// nameWriter returns what has written a summary.
func nameWriter(model string) string {
	switch model {
	case "":
		return ""
	case "offline":
		return "Taken from the chat word for word, without a model (offline)."
	case "person":
		return "Written by a person."
	}

	return "Written by the model " + model + "."
}

// sentenceOfSummarizing returns what a new summary replaces.
func sentenceOfSummarizing(c *client.Chat) string {
	title := "the title “" + nameChat(c) + "” may be replaced, too"
	if c.TitleEdited {
		title = "the title stays, since a person has written it"
	}

	return "The chat is read, and its summary written anew; " + title + ". When it fails, nothing changes."
}
