package db_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// life is one send, whose recipient, chat and sender may change at any point of it.
type life struct {
	t     *testing.T
	s     *db.Store
	w     *dbtest.World
	clock *clock
	// recipient is whom it goes to, number what it is sent from.
	recipient chat.Member
	number    chat.PhoneNumber
	chat      chat.ChatID
	id        chat.DeliveryID
}

// numbers makes every sender's number unlike those of the other worlds in the store.
var numbers = func() func() string {
	next := make(chan int, 1)
	next <- 0

	return func() string {
		n := <-next + 1
		next <- n

		return fmt.Sprintf("+1212%07d", 2_000_000+n)
	}
}()

func newLife(t *testing.T, s *db.Store) *life {
	t.Helper()

	w := dbtest.Seed(t, s)
	own := numbers()
	w.Grant(t, s, own)

	number, err := s.UpdatePhoneNumber(t.Context(), w.Workspace, w.By, w.PhoneNumber.ID, chat.PhoneNumberPatch{Number: &own})
	require.NoError(t, err)

	l := &life{
		t:         t,
		s:         s,
		w:         w,
		clock:     newClock(),
		recipient: w.Customer,
		number:    number,
		chat:      w.SMS.ID,
	}

	l.id = w.Prepare(t, s, l.chat, "an earlier message").DeliveryID
	l.post(chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM-" + string(l.id)})

	return l
}

// brake lets the assistant say as much as it has said in the chat.
func (l *life) brake() {
	l.t.Helper()
	setBrakes(l.t, l.s, l.w, chat.Brakes{MaxUnanswered: new(1)})
}

func (l *life) patch(p chat.MemberPatch) {
	l.t.Helper()
	require.NoError(l.t, errorOf(l.s.UpdateMember(l.t.Context(), l.w.Workspace, l.w.By, l.recipient.ID, p)))
}

func (l *life) patchChat(p chat.ChatPatch) {
	l.t.Helper()
	require.NoError(l.t, errorOf(l.s.UpdateChat(l.t.Context(), l.w.Workspace, l.w.By, l.chat, p)))
}

// says has the recipient write.
func (l *life) says(text string, keyword chat.Keyword, possible bool) {
	l.t.Helper()

	in := newText(l.recipient.Phone, text)
	in.To = []string{l.number.Number}
	in.Key = uuid.NewString()
	in.ProviderMessageID = in.Key
	in.Keyword = keyword
	in.PossibleOptOut = possible
	require.True(l.t, receiveInbound(l.t, l.s, in, l.clock.now).Known)
}

func (l *life) decides(optedOut bool) {
	l.t.Helper()
	require.NoError(l.t, errorOf(l.s.DecideOptOut(l.t.Context(), l.w.Workspace, chat.OptOutDecision{
		MemberID: l.recipient.ID,
		Channel:  chat.ChannelSMS,
		OptedOut: optedOut,
		By:       l.w.By,
	})))
}

// leaveChat takes the recipient's place away.
func (l *life) leaveChat() {
	l.t.Helper()

	people, err := l.s.Participants(l.t.Context(), l.w.Workspace, l.chat)
	require.NoError(l.t, err)

	for _, p := range people {
		if p.MemberID == l.w.Manager.ID {
			_, err := l.s.UpdateParticipant(l.t.Context(), l.w.Workspace, l.w.By, l.chat, p.ID, chat.ParticipantOwner)
			require.NoError(l.t, err)
		}
	}

	at := slices.IndexFunc(people, func(p chat.Participant) bool { return p.MemberID == l.recipient.ID })
	require.NoError(l.t, l.s.RemoveParticipant(l.t.Context(), l.w.Workspace, l.w.By, l.chat, people[at].ID))
}

// deleteSender gives the chat another number and deletes its own.
func (l *life) deleteSender() {
	l.t.Helper()

	another := numbers()
	l.w.Grant(l.t, l.s, another)

	other, err := l.s.CreatePhoneNumber(l.t.Context(), l.w.Workspace, l.w.By, chat.PhoneNumber{Number: another})
	require.NoError(l.t, err)
	l.patchChat(chat.ChatPatch{PhoneNumberID: &other.ID})
	require.NoError(l.t, l.s.DeletePhoneNumber(l.t.Context(), l.w.Workspace, l.w.By, l.number.ID))
}

// change is something that no longer allows a send.
type change struct {
	do   func(*life)
	undo func(*life)
	// code is that of the delivery which is held back.
	code string
	// customerOnly reports that a question to a contributor leaves all the same.
	customerOnly bool
	// mends reports that a person's retry is enough to let it leave, without undoing it.
	mends bool
}

func consent(c chat.Consent) func(*life) {
	return func(l *life) { l.patch(chat.MemberPatch{Consents: chat.Consents{chat.ChannelSMS: c}}) }
}

func notifications(enabled bool) func(*life) {
	return func(l *life) { l.patch(chat.MemberPatch{NotificationsEnabled: &enabled}) }
}

func chatState(state chat.State) func(*life) {
	return func(l *life) { l.patchChat(chat.ChatPatch{State: &state}) }
}

// changes are all of them, and one that allows everything.
var changes = map[string]change{
	"nothing":           {do: func(*life) {}},
	"consent":           {do: consent(chat.ConsentRevoked), undo: consent(chat.ConsentGranted), code: chat.ErrorOptedOut},
	"notifications":     {do: notifications(false), undo: notifications(true), code: chat.ErrorNotificationsOff},
	"archived":          {do: chatState(chat.StateArchived), undo: chatState(chat.StateOpen), code: chat.ErrorChatArchived},
	"closed":            {do: chatState(chat.StateClosed)},
	"another number":    {do: func(l *life) { l.patch(chat.MemberPatch{Phone: new("+14155550177")}) }, code: chat.ErrorAddressChanged, mends: true},
	"no number":         {do: func(l *life) { l.patch(chat.MemberPatch{Phone: new("")}) }, code: chat.ErrorAddressChanged},
	"left the chat":     {do: (*life).leaveChat, code: chat.ErrorRecipientLeft},
	"sender deleted":    {do: (*life).deleteSender, code: chat.ErrorSenderGone, mends: true},
	"opted out by hand": {do: func(l *life) { l.decides(true) }, undo: consent(chat.ConsentUnknown), code: chat.ErrorOptedOut},
	"taken over": {
		do: func(l *life) {
			require.NoError(l.t, errorOf(l.s.TakeOverChat(l.t.Context(), l.w.Workspace, l.w.By, l.chat)))
		},
		code:         chat.ErrorTakenOver,
		customerOnly: true,
		mends:        true,
	},
	"braked": {
		do:           (*life).brake,
		code:         chat.ErrorBraked,
		customerOnly: true,
		mends:        true,
	},
	"STOP": {
		do:   func(l *life) { l.says("STOP", chat.KeywordStop, false) },
		undo: func(l *life) { l.says("START", chat.KeywordStart, false) },
		code: chat.ErrorOptedOut,
	},
	"please stop": {
		do:   func(l *life) { l.says("please stop texting me", "", true) },
		undo: func(l *life) { l.decides(false) },
		code: chat.ErrorPossibleOptOut,
	},
	"deleted": {
		do: func(l *life) {
			require.NoError(l.t, errorOf(l.s.DeleteChat(l.t.Context(), l.w.Workspace, l.w.By, l.chat, true)))
		},
		code: chat.ErrorChatDeleted,
	},
}

// claim asks for the right to post, when nothing but what is tested stands against it.
func (l *life) claim() chat.Claim {
	l.t.Helper()
	claim, err := l.s.Claim(l.t.Context(), l.w.Workspace, l.id, l.clock.forward(10*time.Minute), time.Minute)
	require.NoError(l.t, err)

	return claim
}

// post claims the send and records what the provider answers.
func (l *life) post(said chat.Submission) chat.Delivery {
	l.t.Helper()

	claim := l.claim()
	require.True(l.t, claim.Granted)

	return recordSubmission(l.t, l.s, l.w, &claim.Delivery, said, l.clock.now)
}

// letGo has a person do what lets the send go on, and reports whether it leaves.
func (l *life) letGo() bool {
	l.t.Helper()

	d, err := l.s.FindDelivery(l.t.Context(), l.w.Workspace, l.id)
	require.NoError(l.t, err)

	if !d.Submission.Claimable() || slices.Contains(chat.LeftAlone(), d.ErrorCode) {
		retried, err := prepareRetry(l.t, l.s, l.w.Retry(l.id, chat.Change{}))
		if err != nil {
			return false
		}

		l.id = retried.DeliveryID
	}

	return l.claim().Granted
}

// points bring a prepared send to a point of its life at which something may change. Each comes
// from an answer of the provider, or from a person.
var points = map[string]func(*life){
	"between prepare and claim": func(*life) {},
	"after no connection":       func(l *life) { l.post(chat.Submission{Outcome: chat.OutcomeNotProcessed}) },
	"while it waits": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeNotProcessed, RetryAfter: 2 * time.Minute})
	},
	"while its account is refused": func(l *life) { l.post(chat.Submission{Outcome: chat.OutcomeBlocked}) },
	"after a release": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeBlocked})
		require.NoError(l.t, errorOf(prepareRetry(l.t, l.s, l.w.Retry(l.id, chat.Change{}))))
	},
	"after a release from review": func(l *life) {
		d := l.post(chat.Submission{Outcome: chat.OutcomeUnknown})
		require.NoError(l.t, errorOf(l.s.SettleUnknown(l.t.Context(), l.w.Workspace, d.ID, l.clock.now)))
		require.NoError(l.t, errorOf(prepareRetry(l.t, l.s, l.w.Retry(l.id, chat.Change{}))))
	},
	"in a bulk retry": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeRejected})

		bulk := l.w.NewBulkRetry(chat.DeliveryFilter{})
		require.NoError(l.t, errorOf(l.s.BeginBulkRetry(l.t.Context(), bulk, "w")))

		in := l.w.Retry(l.id, chat.Change{})
		in.BulkRetryID = bulk.ID
		retried, err := prepareRetry(l.t, l.s, in)
		require.NoError(l.t, err)

		l.id = retried.DeliveryID
	},
}

// TestNothingLeavesThatNothingAllows changes each fact that allows a send at each point of its life:
// nothing is posted that should not be, each says why, and it leaves when it may again.
func TestNothingLeavesThatNothingAllows(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for name, changed := range changes {
			for point, lead := range points {
				t.Run(name+" "+point, func(t *testing.T) {
					l := newLife(t, s)
					l.id = l.w.Prepare(t, s, l.chat, "hi").DeliveryID
					lead(l)
					changed.do(l)
					l.expect(changed, point)
				})

				t.Run("a question to a contributor "+name+" "+point, func(t *testing.T) {
					l := newLife(t, s)
					l.askContributor()
					lead(l)
					changed.do(l)

					if changed.customerOnly {
						l.expect(change{}, point)
					} else {
						l.expect(changed, point)
					}
				})
			}
		}
	})
}

// askContributor makes the send a question to a contributor.
func (l *life) askContributor() {
	l.t.Helper()

	a := &asking{
		t:     l.t,
		s:     l.s,
		w:     l.w,
		clock: l.clock,
	}
	a.in(l.chat)

	l.recipient = a.contributor("Priya", "+14155550188", "")
	question := a.open(a.question())
	l.id = a.ask(&question, 0, chat.TurnQuestion).DeliveryID
}

// expect checks that a change holds back the send, and that it leaves afterwards if it may.
func (l *life) expect(changed change, point string) {
	l.t.Helper()

	claim := l.claim()
	require.Equal(l.t, changed.code == "", claim.Granted)

	if changed.code == "" {
		return
	}

	d, err := l.s.FindDelivery(l.t.Context(), l.w.Workspace, l.id)
	require.NoError(l.t, err)
	require.Equal(l.t, changed.code, d.ErrorCode, "%s", d.Explain())
	require.False(l.t, d.Submission.InFlight())

	if point == "after a release from review" {
		require.Equal(l.t, chat.SubmissionNeedsReview, d.Submission, "an earlier attempt may have been taken")
	}

	require.Equal(l.t, changed.mends, l.letGo(), "a person's retry")

	if changed.undo != nil {
		changed.undo(l)
		require.True(l.t, l.letGo(), "it may leave again")
	}
}

// sortedKeys returns the names in one order, in which they are drawn or tried.
func sortedKeys[V any](of map[string]V) []string {
	return slices.Sorted(maps.Keys(of))
}

// TestWhatChangedBeforeASendIsPrepared is the first claim, which is one transaction with it.
func TestWhatChangedBeforeASendIsPrepared(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, name := range sortedKeys(changes) {
			t.Run(name, func(t *testing.T) {
				l := newLife(t, s)
				changed := changes[name]
				changed.do(l)

				sent, claim, err := s.PrepareAndClaim(t.Context(), l.w.Send(l.chat, "hi"), dbtest.SendIDs(),
					dbtest.PlanText("hi"), l.clock.now, time.Minute)
				isHeld := slices.Contains([]string{chat.ErrorPossibleOptOut, chat.ErrorBraked}, changed.code)
				allowed := changed.code == "" || changed.mends && !changed.customerOnly
				assert.Equal(t, allowed, claim.Granted)
				assert.Equal(t, !allowed && !isHeld, err != nil, "it is refused at once")

				if isHeld {
					l.id = sent.DeliveryID
					l.expect(changed, "")
				}
			})
		}
	})
}
