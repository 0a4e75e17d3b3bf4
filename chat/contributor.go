package chat

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// askContributorSchema are the arguments of [ToolAskContributor].
const askContributorSchema = `{"type":"object","properties":{` +
	`"question":{"type":"string","minLength":1,"maxLength":1000,"description":"What is asked, in plain text."},` +
	`"contributor_id":{"type":"integer","minimum":1,"description":"The member who is asked; without it every ` +
	`contributor of the chat is."},` +
	`"require":{"enum":["any","all"],"default":"any","description":"Whether one answer is enough when several ` +
	`people are asked."},` +
	`"expects":{"type":"object","description":"The JSON Schema that an answer must fit; without it any text does."},` +
	`"deadline":{"type":"string","pattern":"^[1-9][0-9]{0,4}[mhd]$","default":"24h","description":"How long an ` +
	`answer is waited for: 90m, 24h or 14d."},` +
	`"default":{"description":"The answer when nobody has answered by the deadline; without it the call fails ` +
	`then."},` +
	`"reminders":{"type":"integer","minimum":0,"maximum":5,"default":1,"description":"How often who has not ` +
	`answered is reminded before the deadline."},` +
	`"confirm":{"type":"boolean","default":false,"description":"Whether a question by SMS has a code that its ` +
	`answer must have too, as numbers can be forged."},` +
	`"wait":{"type":"boolean","default":true,"description":"Whether the message waits for the answer."}},` +
	`"required":["question"],"additionalProperties":false}`

// ContributorRequestState is where a request to contributors stands.
type ContributorRequestState string

// The states of a contributor request.
const (
	RequestOpen     ContributorRequestState = "open"
	RequestAnswered ContributorRequestState = "answered"
	// RequestDefaulted has taken its default at the deadline.
	RequestDefaulted ContributorRequestState = "defaulted"
	// RequestExpired had no default at the deadline.
	RequestExpired ContributorRequestState = "expired"
	// RequestFailed cannot be answered any more: nobody who could is reached.
	RequestFailed   ContributorRequestState = "failed"
	RequestCanceled ContributorRequestState = "canceled"
)

// ContributorRequireAll asks for everybody's answer; the other value, "any", for one.
const ContributorRequireAll = "all"

// ContributorRequest is a question to people who take part in a chat, and what has become
// of it.
type ContributorRequest struct {
	ID          ContributorRequestID `json:"id"`
	WorkspaceID WorkspaceID          `json:"workspace_id"`
	ChatID      ChatID               `json:"chat_id"`
	// ActionID and CallID are the send and the tool call that ask, Index its position.
	ActionID ActionID `json:"action_id"`
	CallID   string   `json:"call_id"`
	Index    int      `json:"index"`
	// RequestedBy has asked for the send.
	RequestedBy MemberID `json:"requested_by"`
	Question    string   `json:"question"`
	// Hint says in words what is expected, "" for any text.
	Hint    string          `json:"hint,omitempty"`
	Expects json.RawMessage `json:"expects,omitempty"`
	// Require is "any" or "all".
	Require   string                  `json:"require"`
	Wait      bool                    `json:"wait"`
	Default   json.RawMessage         `json:"default,omitempty"`
	Reminders int                     `json:"reminders"`
	State     ContributorRequestState `json:"state"`
	// Note says why it is over, when that needs saying.
	Note     string    `json:"note,omitempty"`
	Deadline time.Time `json:"deadline"`
	// Result is the tool call's, once there is one.
	Result     json.RawMessage       `json:"result,omitempty"`
	Questions  []ContributorQuestion `json:"asks"`
	WorkflowID string                `json:"workflow_id"`
	CreatedAt  time.Time             `json:"created_at"`
	UpdatedAt  time.Time             `json:"updated_at"`
}

// QuestionState is where one contributor's part in a request stands.
type QuestionState string

// The states of a question.
const (
	// QuestionPending is still to be sent: over SMS a person is asked one thing at a time.
	QuestionPending QuestionState = "pending"
	QuestionAsked   QuestionState = "asked"
	// QuestionReplied has a reply that is still to be read.
	QuestionReplied QuestionState = "replied"
	// QuestionUnreadable has a reply that is not what was asked for.
	QuestionUnreadable QuestionState = "unreadable"
	QuestionAnswered   QuestionState = "answered"
	// QuestionFailed cannot be answered: the question did not reach the contributor.
	QuestionFailed QuestionState = "failed"
	// QuestionClosed was not needed any more.
	QuestionClosed QuestionState = "closed"
)

// Open reports whether an answer would be taken.
func (s QuestionState) Open() bool {
	return s == QuestionPending || s == QuestionAsked || s == QuestionReplied || s == QuestionUnreadable
}

// ContributorQuestion is one contributor's part in a request.
type ContributorQuestion struct {
	ID         QuestionID `json:"id"`
	MemberID   MemberID   `json:"member_id"`
	MemberName string     `json:"member_name"`
	Channel    Channel    `json:"channel"`
	// Sender is the scope that asks: "phone:12", "inbox:3".
	Sender string        `json:"sender"`
	State  QuestionState `json:"state"`
	// ReplyID is the newest message that replies, Reply its words. No workflow needs them.
	ReplyID    MessageID       `json:"reply_id,omitempty"`
	Reply      string          `json:"-"`
	Answer     json.RawMessage `json:"answer,omitempty"`
	AnsweredAt *time.Time      `json:"answered_at,omitempty"`
	// AnsweredBy is the name of the member who has answered for the contributor; "" for one who has answered themself.
	// It is known where a second answer is refused. No workflow needs it.
	AnsweredBy string `json:"-"`
	// Confirm reports that the question has a code which the reply must have too.
	Confirm bool `json:"confirm,omitempty"`
	// WrongCodes is how many replies had a wrong one.
	WrongCodes int `json:"wrong_codes,omitempty"`
	// Trust is what shows that the reply is theirs, "" for one that came through the API.
	Trust Trust `json:"trust,omitempty"`
	// Why is what went wrong, or how the answer was read where that needs saying.
	Why string `json:"why,omitempty"`
	// Language is the one in which the contributor has written, as BCP 47 has it; "" if it is not known.
	Language string `json:"language,omitempty"`
	// Understood is what a reply that could not be read may have meant. The contributor is asked
	// whether it does; by itself it counts for nothing.
	Understood json.RawMessage `json:"understood,omitempty"`
}

// RefuseOver returns CodeDecided for whoever comes after the request is over: since when, and who has answered what.
func (r *ContributorRequest) RefuseOver() error {
	var who strings.Builder

	for _, q := range r.Questions {
		if q.AnsweredAt != nil {
			fmt.Fprintf(&who, "; %s%s", q.nameAnswer("answered", ""), q.describeAnswer())
		}
	}

	return Errorf(
		CodeDecided,
		"this request is over: it is %s since %s%s",
		r.State,
		formatTime(r.UpdatedAt),
		who.String(),
	)
}

// RefuseAgain returns CodeDecided for a second answer to the question: who has given the first one, when, and what it
// was.
func (q *ContributorQuestion) RefuseAgain() error {
	return Errorf(CodeDecided, "%s%s", q.nameAnswer("has answered", " already"), q.describeAnswer())
}

// MaxAnswerWait is how long an answer is waited for at most, from the time that the deadline is set.
const MaxAnswerWait = 90 * 24 * time.Hour

// Extend moves the deadline of an open request to a later one, and reports whether that changes anything: the deadline
// that it has already changes nothing, so that it may be asked for twice. Errors: already_decided once it is over;
// invalid_request for a deadline that is earlier, past or too far away.
func (r *ContributorRequest) Extend(deadline, now time.Time) (bool, error) {
	switch {
	case r.State != RequestOpen:
		return false, r.RefuseOver()
	case deadline.Equal(r.Deadline):
		return false, nil
	case !deadline.After(now):
		return false, Invalid("deadline", "must be later than now")
	case deadline.Before(r.Deadline):
		return false, Invalid("deadline", "must be later than the present one, %s", formatTime(r.Deadline))
	case deadline.After(now.Add(MaxAnswerWait)):
		return false, Invalid("deadline", "must be at most %d days from now", int(MaxAnswerWait.Hours())/24)
	}

	r.Deadline = deadline
	r.UpdatedAt = now

	return true, nil
}

// nameAnswer returns that the question is answered and by whom: the contributor, or another member for them.
func (q *ContributorQuestion) nameAnswer(answered, already string) string {
	if q.AnsweredBy == "" {
		return fmt.Sprintf("%s %s%s", q.MemberName, answered, already)
	}

	return fmt.Sprintf("%s %s for %s%s", q.AnsweredBy, answered, q.MemberName, already)
}

// maxToldAnswer is how many characters of an answer a refusal has.
const maxToldAnswer = 200

// describeAnswer returns when the question was answered, and with what.
func (q *ContributorQuestion) describeAnswer() string {
	described := ""
	if q.AnsweredAt != nil {
		described = ", at " + formatTime(*q.AnsweredAt)
	}

	if len(q.Answer) > 0 {
		described += ", with " + shortenText(string(q.Answer), maxToldAnswer)
	}

	return described
}

// TakeReply records a reply that is still to be read, and what shows that it is theirs. Who has not been
// asked yet whether they meant what was understood cannot confirm it.
func (q *ContributorQuestion) TakeReply(reply MessageID, trust Trust) {
	if q.State != QuestionAsked {
		q.Understood = nil
	}

	q.State = QuestionReplied
	q.ReplyID = reply
	q.Trust = trust
	q.Why = ""
}

// QuestionTurn is why a question is sent.
type QuestionTurn string

// The turns of a question.
const (
	TurnQuestion QuestionTurn = "question"
	TurnReminder QuestionTurn = "reminder"
	// TurnAgain follows a reply that could not be read.
	TurnAgain QuestionTurn = "again"
)

// QuestionStep makes a send a question to a contributor instead of a message to the chat's
// member: it goes over the contributor's channel and clears nothing.
type QuestionStep struct {
	RequestID  ContributorRequestID `json:"request_id"`
	QuestionID QuestionID           `json:"ask_id"`
	Turn       QuestionTurn         `json:"turn"`
}

// Text is what a contributor is told: the question, in the words of their language around it if they
// have written in one.
//
//workflowcheck:ignore decoding JSON is deterministic, and the map that is walked has one entry
func (r *ContributorRequest) Text(turn QuestionTurn, question *ContributorQuestion) string {
	words := askWordsIn(question.Language)

	hint := r.Hint
	if question.Language != "" && hint != "" {
		hint = AnswerHint(DecodeExpected(r.Expects), question.Language)
	}

	if turn == TurnAgain && question.Understood != nil {
		hint = fmt.Sprintf(words.didYouMean, tellValue(question.Understood)) + " " + hint
	}

	text := r.Question
	if hint != "" {
		text += "\n\n" + hint
	}

	switch turn {
	case TurnReminder:
		return words.reminder + " " + text
	case TurnAgain:
		return words.sorry + " " + text
	case TurnQuestion:
	}

	return text
}

// tellValue is a value as people write it: a text without quotes.
func tellValue(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}

	return string(value)
}

// Settle closes the request when its questions decide it, and reports whether it is over.
// Questions that are still open are closed with it.
func (r *ContributorRequest) Settle(now time.Time) bool {
	if r.State != RequestOpen {
		return true
	}

	answered, open := 0, 0

	for _, a := range r.Questions {
		switch {
		case a.State == QuestionAnswered:
			answered++
		case a.State.Open():
			open++
		}
	}

	switch {
	case answered > 0 && (r.Require != ContributorRequireAll || answered == len(r.Questions)):
		r.close(RequestAnswered, "", now)
	case open == 0 || r.Require == ContributorRequireAll && answered+open < len(r.Questions):
		r.close(RequestFailed, r.whyUnreachable(), now)
	default:
		return false
	}

	return true
}

// End closes an open request for another reason than its questions: at the deadline, when it
// takes its default if it has one, or because somebody has canceled it.
func (r *ContributorRequest) End(state ContributorRequestState, note string, now time.Time) {
	if r.State != RequestOpen {
		return
	}

	if state == RequestExpired && r.Default != nil {
		state, note = RequestDefaulted, "Nobody has answered in time, so the default holds."
	}

	r.close(state, note, now)
}

func (r *ContributorRequest) whyUnreachable() string {
	for _, a := range r.Questions {
		if a.State == QuestionFailed {
			return a.MemberName + " could not be asked: " + a.Why
		}
	}

	return "There is nobody left who could answer."
}

func (r *ContributorRequest) close(state ContributorRequestState, note string, now time.Time) {
	r.State = state
	r.Note = note

	r.UpdatedAt = now
	for i := range r.Questions {
		if r.Questions[i].State.Open() {
			r.Questions[i].State = QuestionClosed
		}
	}

	if state == RequestAnswered || state == RequestDefaulted {
		r.Result = r.outcome()
	}
}

// contributorAnswer is one answer as the tool call's result shows it.
type contributorAnswer struct {
	ContributorID MemberID        `json:"contributor_id"`
	Name          string          `json:"name"`
	Answer        json.RawMessage `json:"answer"`
	AnsweredAt    time.Time       `json:"answered_at"`
	// Note is how the answer was read, where that needs saying.
	Note string `json:"note,omitempty"`
}

// outcome is the result of the tool call: the answer, or the default, and who has said what.
func (r *ContributorRequest) outcome() json.RawMessage {
	result := struct {
		RequestID ContributorRequestID `json:"contributor_request_id"`
		Answer    json.RawMessage      `json:"answer"`
		Defaulted bool                 `json:"defaulted"`
		Answers   []contributorAnswer  `json:"answers"`
	}{r.ID, r.Default, r.State == RequestDefaulted, []contributorAnswer{}}

	for _, a := range r.Questions {
		if a.State != QuestionAnswered {
			continue
		}

		if len(result.Answers) == 0 && !result.Defaulted {
			result.Answer = a.Answer
		}

		result.Answers = append(result.Answers, contributorAnswer{
			ContributorID: a.MemberID,
			Name:          a.MemberName,
			Answer:        a.Answer,
			AnsweredAt:    *a.AnsweredAt,
			Note:          a.Why,
		})
	}

	encoded, err := json.Marshal(result)
	if err != nil { // only an answer that is no JSON could do that, and none is stored
		return nil
	}

	return encoded
}

// ContributorFilter narrows a list of requests; zero fields do not.
type ContributorFilter struct {
	States []ContributorRequestState
	ChatID ChatID
	Page
}

// NewContributorRequest asks for a request to be opened for a tool call.
type NewContributorRequest struct {
	ToolStep
	ID       ContributorRequestID
	Question string
	Hint     string
	Expects  json.RawMessage
	Require  string
	Wait     bool
	Default  json.RawMessage
	// Reminders is how often, Within how long an answer is waited for.
	Reminders int
	Within    time.Duration
	// ContributorID is who is asked, 0 for every contributor.
	ContributorID MemberID
	// Confirm asks for a code in answers by SMS.
	Confirm bool
	// NewQuestionID makes UUIDv7s.
	NewQuestionID func() string
	WorkflowID    string
}

// ContributorExtension is a later deadline for a request.
type ContributorExtension struct {
	RequestID ContributorRequestID
	Deadline  time.Time
	// Reason is "" if none was given.
	Reason string
}

// ContributorAnswer is an answer that came through the API.
type ContributorAnswer struct {
	MemberID MemberID
	Answer   json.RawMessage
	// MessageID is the message's that the answer becomes, Text what it says.
	MessageID MessageID
	Text      string
}
