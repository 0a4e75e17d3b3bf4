package chat

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// codeDigits is how long a code is that an answer must carry: short enough to be copied by hand,
// and one chance in a million for each guess.
const codeDigits = 6

// NewAnswerCode makes the code of a question. It is in the text that is sent to who is asked, and
// nowhere else: not in the chat's message, in answers of the API, in logs or in Temporal.
func NewAnswerCode() string {
	number, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil { // it never fails: https://pkg.go.dev/crypto/rand#Read
		return ""
	}

	return fmt.Sprintf("%0*d", codeDigits, number)
}

// maxWrongCodes is how many wrong codes a question takes, so that nobody finds the right one by
// trying: ten in a million. After them it is answered through the API.
const maxWrongCodes = 10

// digitGroups are the numbers of a text, each as a whole.
var digitGroups = regexp.MustCompile(`[0-9]+`)

// TakeAnswerCode returns the text without the code, and whether it had it. Only the first number of
// as many digits counts: a text of many numbers would be many guesses at once.
func TakeAnswerCode(text, code string) (rest string, ok bool) {
	at := findAnswerCode(text)
	if at == nil || text[at[0]:at[1]] != code {
		return text, false
	}

	before := strings.TrimRight(text[:at[0]], " \t\n,:;-")
	after := strings.TrimLeft(text[at[1]:], " \t\n.,:;-")

	return cmp.Or(strings.TrimSpace(before+" "+after), onlyCode), true
}

// TriesAnswerCode reports whether the text has a number that may be meant as a code.
func TriesAnswerCode(text string) bool { return findAnswerCode(text) != nil }

// findAnswerCode is where the first number is that has as many digits as a code; nil for none.
func findAnswerCode(text string) []int {
	for _, at := range digitGroups.FindAllStringIndex(text, -1) {
		if at[1]-at[0] == codeDigits {
			return at
		}
	}

	return nil
}

// onlyCode is the text of a message that was nothing but its code.
const onlyCode = "[code]"

// codeRequest asks for the code, below a question.
const codeRequest = "\n\nPlease put this code into your answer: "

// Posted is the text as the recipient gets it: with the code that only they may see.
func (p *Payload) Posted() string {
	if p.Code == "" {
		return p.Text
	}

	return p.Text + codeRequest + p.Code
}

// IsLocked reports whether so many wrong codes have come that no answer by SMS is taken any more.
func (q *ContributorQuestion) IsLocked() bool { return q.Confirm && q.WrongCodes >= maxWrongCodes }

// LacksCode reports whether the reply cannot be the answer, as it had not the code that the question
// asked for.
func (q *ContributorQuestion) LacksCode() bool { return q.Confirm && q.Trust != TrustCode }

// ErrorLacksCode is why such a reply is not read.
func (q *ContributorQuestion) ErrorLacksCode() error {
	if q.IsLocked() {
		return Invalid("answer", "must be given through the API: too many messages had a wrong code")
	}

	return Invalid("answer", "must have the code that the question asked for")
}
