package chat

import (
	"slices"
	"time"
)

// SummaryKind is how a version of a summary came to be.
type SummaryKind string

// The kinds of versions.
const (
	SummaryByModel  SummaryKind = "model"
	SummaryByPerson SummaryKind = "person"
	// SummaryRestored is an older version that somebody has put back.
	SummaryRestored SummaryKind = "restored"
)

// SummaryState is where a version stands.
type SummaryState string

// The states of versions. A person's are succeeded from the beginning.
const (
	SummaryRunning   SummaryState = "running"
	SummarySucceeded SummaryState = "succeeded"
	SummaryFailed    SummaryState = "failed"
)

// SummaryMode is what a model has read.
type SummaryMode string

// The modes.
const (
	// ModeFull is all of the chat.
	ModeFull SummaryMode = "full"
	// ModeIncremental is the last summary and what is new since.
	ModeIncremental SummaryMode = "incremental"
	// ModeUnchanged is nothing: nothing was new, and the last summary stands.
	ModeUnchanged SummaryMode = "unchanged"
)

// SummaryVersion is one run of a model over a chat, or what a person made of its summary.
// Versions are kept as long as the chat.
type SummaryVersion struct {
	ID     SummaryID
	ChatID ChatID
	Kind   SummaryKind
	State  SummaryState
	Mode   SummaryMode
	Summary
	// Applied reports that its text was the chat's; false for a run that found a person's
	// text and was not told to overwrite it, and for one that failed.
	Applied bool
	// Current reports that its text is the chat's now.
	Current bool
	Usage
	// Watermark is the number of the newest message it covers, Covered how many it covers.
	Watermark int64
	Covered   int
	// LabelsChosen reports that the run was to choose labels.
	LabelsChosen bool
	// LabelsAdded and LabelsRemoved are what the run changed of the chat's labels.
	LabelsAdded, LabelsRemoved []LabelID
	// Fates are what became of each of its Labels, in their order.
	Fates []LabelFate
	// LabelsUndoneAt is when that was taken back.
	LabelsUndoneAt *time.Time
	ActionID       ActionID
	RequestedBy    MemberID
	// Automatic reports that nobody has asked for it but the workspace's settings.
	Automatic    bool
	RestoredFrom SummaryID
	// Problem is why it failed.
	Problem *Error
	// ModelWait is what a run waits for, nil while a model reads.
	ModelWait *ModelWait
	CreatedAt time.Time
	EndedAt   *time.Time
}

// SummaryPlan is what a run is to read. It is taken when the run begins.
type SummaryPlan struct {
	ID SummaryID `json:"id"`
	// Version is the chat's summary version that the run may replace.
	Version int64       `json:"version"`
	Mode    SummaryMode `json:"mode"`
	// Base is the version that an incremental run builds on.
	Base SummaryID `json:"base,omitempty"`
	// Parts are oldest first; none when nothing is to be read.
	Parts []MessageRange `json:"parts,omitempty"`
	// Standing is the summary that stands when nothing is to be read.
	Standing *Summary `json:"standing,omitempty"`
	// Capacity is how many characters of messages the model is given at a time; 0 for all.
	Capacity int `json:"capacity,omitempty"`
}

// MessageRange are the messages of a chat from a number on up to another, both included.
type MessageRange struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// MessageSize is one message that a run is to read: its number, and its characters.
type MessageSize struct {
	Number int64
	Size   int
}

// SplitMessages cuts messages into parts of at most capacity characters each, at their
// borders; a longer message is a part of its own. A capacity of 0 makes one part of all.
func SplitMessages(sizes []MessageSize, capacity int) []MessageRange {
	var parts []MessageRange

	room := 0
	for _, m := range sizes {
		if len(parts) == 0 || capacity > 0 && m.Size > room {
			parts, room = append(parts, MessageRange{From: m.Number}), capacity
		}

		room -= m.Size
		parts[len(parts)-1].To = m.Number
	}

	return parts
}

// SummaryMeans is what a run has at hand when it chooses its mode.
type SummaryMeans struct {
	// Last is the version to build on, nil for none.
	Last *SummaryVersion
	// Intact reports that the messages Last covers are as they were.
	Intact bool
	// New is how many messages are newer than Last's watermark, Total how many there are.
	New, Total int
	// Full asks for all to be read, Labels for labels to be chosen.
	Full, Labels bool
	// Rebriefed reports that the workspace's model, language, instructions or, if labels are to
	// be chosen, labels are not those Last was written with.
	Rebriefed bool
	// Free reports that reading costs nothing: then all is read.
	Free bool
}

// Mode is what is to be read: the last summary and what is new, unless there is no last
// one, what it covers has changed, more than half is new, it has no labels and they are
// asked for, the workspace wants it otherwise by now, or all is asked for. When nothing is
// new it stands.
func (m *SummaryMeans) Mode() SummaryMode {
	switch {
	case m.Full, m.Free, m.Last == nil, !m.Intact, 2*m.New > m.Total, m.Labels && !m.Last.LabelsChosen, m.Rebriefed:
		return ModeFull
	case m.New > 0:
		return ModeIncremental
	}

	return ModeUnchanged
}

// Points are the points of the summary that a chat shows.
type Points struct {
	KeyPoints     []Point `json:"key_points,omitempty"`
	OpenQuestions []Point `json:"open_questions,omitempty"`
	NextSteps     []Point `json:"next_steps,omitempty"`
}

// Points are the summary's points.
func (s *Summary) Points() Points {
	return Points{KeyPoints: s.KeyPoints, OpenQuestions: s.OpenQuestions, NextSteps: s.NextSteps}
}

// LabelFate is what becomes of a label that a model has chosen.
type LabelFate string

// What may become of a choice.
const (
	// LabelSet was put on the chat, or stays on it, by the model's word.
	LabelSet LabelFate = "set"
	// LabelSuggested is below the workspace's threshold.
	LabelSuggested LabelFate = "suggested"
	// LabelPresent is on the chat by somebody else's hand.
	LabelPresent LabelFate = "present"
	// LabelWithheld was taken off the chat by somebody, whom the model does not overrule.
	LabelWithheld LabelFate = "withheld"
)

// ChatLabel is a label on a chat, and who put it there.
type ChatLabel struct {
	Label
	Source LabelSource
	// Confidence is the model's, 0 for labels of others.
	Confidence float64
	// SummaryID is the run that put it there, "" for labels of others.
	SummaryID SummaryID
}

// SuggestedLabel is a label that a model would set if it were surer.
type SuggestedLabel struct {
	Label
	Confidence float64
	Evidence   []Quote
}

// LabelChange is what a run changes of a chat's labels.
type LabelChange struct {
	Add    []ChatLabel
	Remove []ChatLabel
	// Fates are what becomes of each choice, in its order.
	Fates []LabelFate
}

// findLabel finds the label that was chosen. Its name may have been changed since.
func (c *LabelChoice) findLabel(labels []Label) (Label, bool) {
	if c.LabelID == 0 {
		return FindLabel(labels, c.Name)
	}

	i := slices.IndexFunc(labels, func(l Label) bool { return l.ID == c.LabelID })
	if i < 0 {
		return Label{}, false
	}

	return labels[i], true
}

// DecideLabels holds a model's choices against what is on the chat and what somebody has
// taken off it. The model changes only labels that a model has set.
func DecideLabels(
	choices []LabelChoice,
	labels []Label,
	present []ChatLabel,
	removed []LabelID,
	threshold float64,
) LabelChange {
	var change LabelChange
	wanted := map[LabelID]bool{}

	for _, c := range choices {
		label, ok := c.findLabel(labels)
		if !ok { // deleted since the model chose it
			change.Fates = append(change.Fates, LabelWithheld)
			continue
		}

		at := slices.IndexFunc(present, func(p ChatLabel) bool { return p.ID == label.ID })
		fate := LabelSet

		switch {
		case at >= 0 && present[at].Source != LabelByModel:
			fate = LabelPresent
		case slices.Contains(removed, label.ID):
			fate = LabelWithheld
		case c.Confidence < threshold:
			fate = LabelSuggested
		case at < 0:
			change.Add = append(change.Add, ChatLabel{Label: label, Source: LabelByModel, Confidence: c.Confidence})
		}

		wanted[label.ID] = fate == LabelSet
		change.Fates = append(change.Fates, fate)
	}

	for _, p := range present {
		if p.Source == LabelByModel && !wanted[p.ID] {
			change.Remove = append(change.Remove, p)
		}
	}

	return change
}
