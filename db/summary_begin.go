package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// perMessage is what a message takes in a prompt beside its text, in characters, and
// mostOfMessage the most of its text that goes into one.
const (
	perMessage    = 60
	mostOfMessage = 8000
)

// BeginSummary stores that a run has begun and says what it is to read, with a model that
// takes capacity characters at a time, or any number at no cost when that is 0. The
// errors: chat_not_found; nothing_to_summarize; summary_edited when a person wrote the
// summary and neither is it to be overwritten nor are labels to be chosen.
//
// Idempotent: a repetition plans again under the same id. There is one workflow for a chat,
// so other runs of it that have not ended never will, and are marked so.
func (s *Store) BeginSummary(ctx context.Context, in chat.SummaryStart, capacity int) (chat.SummaryPlan, error) {
	// The version first: what changes after it makes SaveSummary refuse.
	row, err := findChat(ctx, s.db.NewSelect(), in.WorkspaceID, in.ChatID)
	if err != nil {
		return chat.SummaryPlan{}, wrapErr("find a chat", err)
	}

	if row.SummaryEdited && !in.Overwrite && !in.UpdateLabels {
		return chat.SummaryPlan{}, chat.Errorf(
			chat.CodeSummaryEdited,
			"a person wrote this summary; ask with overwrite=true to replace it",
		)
	}

	last, err := s.lastRun(ctx, &row)
	if err != nil {
		return chat.SummaryPlan{}, wrapErr("find the last summary", err)
	}

	settings, err := findSettings(ctx, s.db, in.WorkspaceID)
	if err != nil {
		return chat.SummaryPlan{}, wrapErr("find the settings of summaries", err)
	}

	m, err := s.measureChat(ctx, &row, last)
	if err != nil {
		return chat.SummaryPlan{}, wrapErr("measure a chat", err)
	}

	if m.count == 0 {
		return chat.SummaryPlan{}, chat.Errorf(chat.CodeNothingToSummarize, "the chat has no messages yet")
	}

	var labels []chat.Label
	if in.UpdateLabels {
		if labels, err = workspaceLabels(ctx, s.db, in.WorkspaceID); err != nil {
			return chat.SummaryPlan{}, wrapErr("list the labels", err)
		}
	}

	m.brief = settings.Brief(labels)
	plan := m.plan(&in, last, capacity)
	plan.ID = in.ID
	plan.Version = row.SummaryVersion

	return plan, s.storeRun(ctx, &in, &plan, m)
}

// lastRun is the newest summary that a model has written, unless a person has replaced it;
// nil for none. A run that found nothing new has written none.
func (s *Store) lastRun(ctx context.Context, row *chatRow) (*summaryRow, error) {
	if row.SummaryEdited {
		return nil, nil //nolint:nilnil // none is no error
	}

	var last summaryRow

	err := selectSummaries(s.db, &last, row.WorkspaceID, row.ID).
		Where("s.kind = ?", chat.SummaryByModel).
		Where("s.state = ?", chat.SummarySucceeded).
		Where("s.mode <> ?", chat.ModeUnchanged).
		OrderExpr("s.number DESC").
		Limit(1).
		Scan(ctx)
	if noRows(err) {
		return nil, nil //nolint:nilnil // none is no error
	}

	return &last, err
}

// measured is what a chat has to read.
type measured struct {
	all, fresh []chat.MessageSize
	count      int
	// digest is of all messages; intact reports that those of the last run are as they were.
	digest string
	intact bool
	newest int64
	// brief is how the workspace wants its summaries.
	brief string
}

// measureChat reads a chat's messages through once, for their sizes and their digest.
func (s *Store) measureChat(ctx context.Context, row *chatRow, last *summaryRow) (*measured, error) {
	rows, err := s.db.NewSelect().Model((*messageRow)(nil)).Column("number", "id", "content").
		Where("m.workspace_id = ?", row.WorkspaceID).Where("m.chat_id = ?", row.ID).
		Where("m.state <> ?", chat.MessageNotSent).OrderExpr("m.number").Rows(ctx)
	if err != nil {
		return nil, err
	}

	defer func() { _ = rows.Close() }() // Err returns what went wrong

	m, sum := &measured{}, sha256.New()

	for rows.Next() {
		var number int64

		var id, content string
		if err := rows.Scan(&number, &id, &content); err != nil {
			return nil, err
		}

		m.addMessage(number, content, last, sum)
		sum.Write([]byte(id + "\x00" + content + "\x00"))
	}

	m.takeDigest(last, sum)

	return m, rows.Err()
}

// addMessage counts a message. sum is of the messages before it.
func (m *measured) addMessage(number int64, content string, last *summaryRow, sum hash.Hash) {
	size := chat.MessageSize{Number: number, Size: min(utf8.RuneCountInString(content), mostOfMessage) + perMessage}
	m.all = append(m.all, size)

	if last != nil && number > last.Watermark {
		m.takeDigest(last, sum)
		m.fresh = append(m.fresh, size)
	}

	m.count++
	m.newest = number
}

// takeDigest takes the digest: of the messages the last run covered when they are through,
// and in the end of all.
func (m *measured) takeDigest(last *summaryRow, sum hash.Hash) {
	m.digest = hex.EncodeToString(sum.Sum(nil))
	if last != nil && len(m.fresh) == 0 {
		m.intact = m.digest == last.Digest
	}
}

func (m *measured) plan(in *chat.SummaryStart, last *summaryRow, capacity int) chat.SummaryPlan {
	means := chat.SummaryMeans{
		Intact: m.intact,
		New:    len(m.fresh),
		Total:  m.count,
		Full:   in.Full,
		Labels: in.UpdateLabels,
		Free:   capacity == 0,
	}

	if last != nil {
		version := last.version()
		means.Last = &version
		means.Rebriefed = !strings.HasPrefix(last.Brief, m.brief)
	}

	if in.Capacity > 0 && capacity > 0 {
		capacity = in.Capacity
	}

	plan := chat.SummaryPlan{Mode: means.Mode(), Capacity: capacity}
	switch plan.Mode {
	case chat.ModeUnchanged:
		standing := last.content()
		if !in.UpdateLabels {
			standing.Labels = nil
		}

		plan.Standing = &standing

	case chat.ModeIncremental:
		plan.Base = last.ID
		plan.Parts = chat.SplitMessages(m.fresh, capacity)
	case chat.ModeFull:
		plan.Parts = chat.SplitMessages(m.all, capacity)
	}

	return plan
}

func (s *Store) storeRun(ctx context.Context, in *chat.SummaryStart, plan *chat.SummaryPlan, m *measured) error {
	run := newSummaryRow(in.WorkspaceID, in.ChatID, chat.SummaryByModel, s.time())
	run.ID = in.ID
	run.Mode = plan.Mode
	run.LabelsChosen = in.UpdateLabels
	run.Automatic = in.Automatic
	run.ActionID = in.ActionID
	run.RequestedBy = in.By.MemberID
	run.Watermark = m.newest
	run.Covered = m.count
	run.Digest = m.digest
	run.Brief = m.brief

	return s.inTx(ctx, "begin a summary", func(ctx context.Context, tx bun.Tx) error {
		if err := endLostRuns(ctx, tx, &run); err != nil {
			return err
		}

		_, err := tx.NewInsert().Model(&run).On("CONFLICT (workspace_id, id) DO UPDATE").Set("mode = EXCLUDED.mode").
			Set("watermark = EXCLUDED.watermark").Set("covered = EXCLUDED.covered").Set("digest = EXCLUDED.digest").
			Set("brief = EXCLUDED.brief").Set("model_wait = NULL").Exec(ctx)
		if err != nil || !in.Automatic {
			return err
		}

		q := tx.NewUpdate().Set("summary_tried = ?", m.newest)

		return editChat(ctx, q, in.WorkspaceID, in.ChatID, run.CreatedAt)
	})
}

// endLostRuns marks the runs of a chat, but the one that begins, whose workflow was ended
// in Temporal.
func endLostRuns(ctx context.Context, tx bun.Tx, run *summaryRow) error {
	lost := chat.Errorf(chat.CodeSummarizationFailed, "its workflow was ended in Temporal")
	_, err := endRun(tx, run.WorkspaceID, lost, run.CreatedAt).
		Where("chat_id = ?", run.ChatID).
		Where("id <> ?", run.ID).
		Exec(ctx)

	return err
}

// endRun is the statement that ends runs without a summary.
func endRun(tx bun.Tx, ws chat.WorkspaceID, problem *chat.Error, now time.Time) *bun.UpdateQuery {
	return tx.NewUpdate().
		Model((*summaryRow)(nil)).
		Set("state = ?", chat.SummaryFailed).
		Set("problem = ?", problem).
		Set("model_wait = NULL").
		Set("ended_at = ?", now).
		Where("workspace_id = ?", ws).
		Where("state = ?", chat.SummaryRunning)
}
