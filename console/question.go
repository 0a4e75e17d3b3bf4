package console

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"handrail/client"
)

// answerForm is how an answer to a contributor's question is given: as one of the choices, as text, or as JSON.
type answerForm struct {
	// choices are JSON values; none where there is no choice.
	choices []string
	isJSON  bool
}

// newAnswerForm returns the form of an answer that fits a JSON Schema. Without one any text does.
func newAnswerForm(expects json.RawMessage) answerForm {
	var schema struct {
		Type any               `json:"type"`
		Enum []json.RawMessage `json:"enum"`
	}

	if len(expects) == 0 || json.Unmarshal(expects, &schema) != nil {
		return answerForm{}
	}

	switch {
	case len(schema.Enum) > 0:
		form := answerForm{isJSON: true}
		for _, value := range schema.Enum {
			form.choices = append(form.choices, string(value))
		}

		return form
	case schema.Type == "boolean":
		return answerForm{isJSON: true, choices: []string{"true", "false"}}
	case schema.Type == "string":
		return answerForm{}
	}

	return answerForm{isJSON: true}
}

// nameChoice returns a choice as people say it.
func nameChoice(value string) string {
	switch value {
	case "true":
		return "yes"
	case "false":
		return "no"
	}

	return formatJSON(json.RawMessage(value))
}

// listOpenAsks returns the questions that nobody has answered yet, one for each contributor.
func listOpenAsks(r *client.ContributorRequest) []client.Ask {
	open := []client.AskState{
		client.AskStateAsked,
		client.AskStatePending,
		client.AskStateReplied,
		client.AskStateUnreadable,
	}

	var asks []client.Ask

	for i := range r.Asks {
		if slices.Contains(open, r.Asks[i].State) {
			asks = append(asks, r.Asks[i])
		}
	}

	return asks
}

// findRefusedAnswer returns the answer that was posted and refused, if its question is not open any more for whom it
// was given: somebody else has answered since, and no form of the page has the words. Otherwise it returns "".
func findRefusedAnswer(v *viewer, questions []client.ContributorRequest) string {
	if !v.isRefused(v.path("/decisions/contributor")) {
		return ""
	}

	for i := range questions {
		isOpen := slices.ContainsFunc(listOpenAsks(&questions[i]), func(ask client.Ask) bool {
			return formatCount(ask.MemberID) == v.PostFormValue("member")
		})
		if isOpen && questions[i].ID == v.PostFormValue("request") {
			return ""
		}
	}

	return v.PostFormValue("answer")
}

// answerQuestion answers for one of those who were asked.
func (h *Handler) answerQuestion(v *viewer) (templ.SafeURL, error) {
	next := v.path("/decisions#contributor")

	member, err := strconv.ParseInt(v.PostFormValue("member"), 10, 64)
	if err != nil {
		return next, newInvalid("member must be one of those who were asked")
	}

	text := client.ValueOf(v.given("answer"))

	var answer any = text
	if v.PostFormValue("json") == "true" {
		if !json.Valid([]byte(text)) {
			return next, newInvalid("answer must be JSON, such as 4 or {\"guests\":4}")
		}

		answer = json.RawMessage(text)
	}

	_, err = v.AnswerContributorRequestWithResponse(
		v.ctx(),
		v.ws(),
		v.PostFormValue("request"),
		&client.AnswerContributorRequestParams{IdempotencyKey: v.once()},
		client.ContributorAnswer{Answer: answer, MemberID: &member},
	)

	return next, err
}

// extendQuestion gives those who were asked more time.
func (h *Handler) extendQuestion(v *viewer) (templ.SafeURL, error) {
	next := v.path("/decisions#contributor")

	deadline, err := readTime(v, "deadline")
	switch {
	case err != nil:
		return next, err
	case deadline == nil:
		return next, newInputError("deadline", "must say until when an answer is waited for")
	}

	_, err = v.ExtendContributorRequestWithResponse(
		v.ctx(),
		v.ws(),
		v.PostFormValue("request"),
		&client.ExtendContributorRequestParams{IdempotencyKey: v.once()},
		client.ContributorExtension{
			Deadline: *deadline,
			Reason:   v.given("reason"),
		},
	)

	return next, err
}
