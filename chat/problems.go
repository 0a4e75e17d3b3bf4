package chat

// ProblemText explains a code to people: its meaning, its cause, and its remedy. Each of these is a sentence or more;
// backquotes mark names and values of requests and answers.
type ProblemText struct {
	Code Code
	// Field is the field to change for a code of KindInvalid, if the problem's errors name no other.
	Field   string
	Meaning string
	Cause   string
	Remedy  string
}

// problemTexts is the one table of all codes, in the order of their kinds.
var problemTexts = func() []ProblemText {
	var all []ProblemText

	all = append(all, requestProblems...)
	all = append(all, accessProblems...)
	all = append(all, absenceProblems...)
	all = append(all, conflictProblems...)

	return append(all, failureProblems...)
}()

// ProblemTexts lists the explanations of all codes, in the order of their kinds.
func ProblemTexts() []ProblemText { return append([]ProblemText(nil), problemTexts...) }

// FindProblemText returns the explanation of a code; false for a code that does not exist.
func FindProblemText(code Code) (ProblemText, bool) {
	for _, text := range problemTexts {
		if text.Code == code {
			return text, true
		}
	}

	return ProblemText{}, false
}

// Codes lists all codes, in the order of their kinds.
func Codes() []Code {
	codes := make([]Code, len(problemTexts))
	for i, text := range problemTexts {
		codes[i] = text.Code
	}

	return codes
}
