package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// unverifiedMark stands behind the address of who has not shown that it is theirs, in the name
// that the message is kept under.
const unverifiedMark = " (unverified)"

// tokenHolder is whom the mail was sent to whose token a message came with; zero for none.
type tokenHolder struct {
	member  chat.MemberID
	address string
}

// judgeAuthor settles what shows that a message is by who wrote it, once its workspace is known.
//
// A token shows it of whom its mail was sent to, and of nobody else. What nothing speaks for is
// never a message of a member who has a role in the workspace: it is kept under the address with
// a mark.
func (a *arrival) judgeAuthor(ctx context.Context, tx bun.Tx) error {
	if a.Channel.Spec().Address != chat.AddressEmail {
		return nil
	}

	var members []memberRow

	err := a.ofAuthor(tx.NewSelect().Model(&members)).OrderExpr("m.id").Limit(maxCandidates).Scan(ctx)
	if err != nil {
		return err
	}

	if a.holder.address != "" && a.holder.address == chat.FoldAddress(a.From) {
		a.Trust = chat.TrustToken
	}

	for i := range members {
		if a.Via == "" && members[i].ID == a.holder.member {
			a.Trust = chat.TrustToken
		}
	}

	for i := range members {
		member := members[i].member()
		if member.HasRole() && !a.Trust.HasAuthority() {
			a.claimed = append(a.claimed, member.ID)
		}
	}

	return nil
}

// mayAnswer reports whether the message may be the answer to the question. A token shows that its
// holder answers, whatever address they write from.
func (a *arrival) mayAnswer(q *inboundQuestion) bool { return q.certain || a.Trust.HasAuthority() }

// judgeAnswer notes that the token or the code, which only who was asked has, shows whose the answer
// is. The code is not kept in the message: it is a secret as long as the question is open.
func (a *arrival) judgeAnswer() {
	if !a.question.answers {
		return
	}

	if a.question.certain {
		a.Trust = chat.TrustToken
		a.claimed = nil
	}

	if a.question.code == "" {
		return
	}

	if rest, ok := chat.TakeAnswerCode(a.Text, a.question.code); ok {
		a.Text = rest
		a.Trust = chat.TrustCode
	} else if chat.TriesAnswerCode(a.Text) {
		a.question.current().WrongCodes++
	}
}

// withoutTokens makes a message fit to be kept and shown: the addresses for answers in it, and
// those that its text quotes, lose their tokens.
func withoutTokens(in *chat.Inbound) {
	for _, text := range []*string{
		&in.Text,
		&in.Original,
		&in.Subject,
		&in.FromName,
		&in.AnswersTo,
		&in.AnswersToName,
	} {
		*text = chat.MaskReplyTokens(*text)
	}

	for _, list := range [][]string{in.To, in.Delivered, in.References} {
		for i := range list {
			list[i] = chat.MaskReplyTokens(list[i])
		}
	}

	for i := range in.Files {
		in.Files[i].Name = chat.MaskReplyTokens(in.Files[i].Name)
	}
}
