package api

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// newDocumented returns a service that has its routes and their document, and nothing to answer with.
func newDocumented(t *testing.T) *service {
	t.Helper()

	s := &service{
		api:       humafiber.New(fiber.New(), openAPI("test")),
		bodyTypes: map[string]string{},
		logger:    slog.New(slog.DiscardHandler),
	}
	s.routes()
	require.NoError(t, s.finish())

	return s
}

// TestEveryOperationListsItsCodes: a code is among those that are described for all operations, or stands in the
// operation's own list, under its status.
func TestEveryOperationListsItsCodes(t *testing.T) {
	t.Parallel()

	s := newDocumented(t)

	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}

	require.NoError(t, json.Unmarshal(s.document, &document))

	for _, r := range s.registered {
		var operation struct {
			Problems map[string][]chat.Code `json:"x-problems"`
		}

		raw := document.Paths[workspacePath+r.path][strings.ToLower(r.method)]
		require.NoError(t, json.Unmarshal(raw, &operation), r.id)

		for _, code := range r.problems {
			if !slices.Contains(slices.Concat(commonCodes(), bodyCodes(), keyCodes()), code) {
				assert.Contains(t, operation.Problems[strconv.Itoa(statuses[code.Kind()])], code, r.id)
			}
		}
	}

	described := s.api.OpenAPI().Components.Responses[responseRefused].Description +
		s.api.OpenAPI().Components.Responses[responseFailed].Description

	for _, code := range slices.Concat(commonCodes(), bodyCodes(), keyCodes()) {
		assert.Contains(t, described, strconv.Itoa(statuses[code.Kind()])+" `"+string(code)+"`")
	}
}

// TestAnswersFitTheirSchemas holds the example of each route's answer to the schema of its answer.
func TestAnswersFitTheirSchemas(t *testing.T) {
	t.Parallel()

	s := newDocumented(t)

	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(s.document)))
	require.NoError(t, err)

	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("openapi.json", parsed))

	checked := 0

	for _, r := range s.registered {
		if r.answer == nil {
			continue
		}

		answer, err := json.Marshal(r.answer)
		require.NoError(t, err)

		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(answer)))
		require.NoError(t, err)

		path := strings.NewReplacer("/", "~1", "{", "%7B", "}", "%7D").Replace(workspacePath + r.path)
		status := strconv.Itoa(max(200, r.status))

		schema, err := compiler.Compile("openapi.json#/paths/" + path + "/" + strings.ToLower(r.method) +
			"/responses/" + status + "/content/application~1json/schema")
		require.NoError(t, err, r.id)
		require.NoError(t, schema.Validate(value), r.id)

		checked++
	}

	assert.Greater(t, checked, 70)
}

// TestListsOfValuesHaveNames: what stands in several places is one type for those who generate clients.
func TestListsOfValuesHaveNames(t *testing.T) {
	t.Parallel()

	var document any
	require.NoError(t, json.Unmarshal(newDocumented(t).document, &document))

	uses := map[string]int{}
	countEnums(document, uses)

	for values, count := range uses {
		// A list of one value is a constant.
		if strings.Contains(values, " ") {
			assert.Equal(t, 1, count, "give %q a name in enumNames", values)
		}
	}

	assert.Greater(t, len(uses), 40)
}

func countEnums(value any, uses map[string]int) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			countEnums(item, uses)
		}

	case map[string]any:
		if values, ok := v["enum"].([]any); ok {
			uses[joinSorted(values)]++
		}

		for name, item := range v {
			if name != "example" && name != "examples" {
				countEnums(item, uses)
			}
		}
	}
}

// TestEveryRefusalOfARequestNamesItsField goes through all codes with the status 400.
func TestEveryRefusalOfARequestNamesItsField(t *testing.T) {
	t.Parallel()

	refusals := 0

	for _, code := range chat.Codes() {
		p := newProblem("", chat.Errorf(code, "it is wrong"))
		if p.Status != 400 {
			continue
		}

		refusals++

		require.Len(t, p.Errors, 1, code)
		assert.NotEmpty(t, p.Errors[0].Field, code)
		assert.Equal(t, "it is wrong", p.Errors[0].Message, code)
	}

	assert.Greater(t, refusals, 20)
}

// TestAPersonsRefusalIsNoFaultOfTheServer holds the two codes of an approval that was not given.
func TestAPersonsRefusalIsNoFaultOfTheServer(t *testing.T) {
	t.Parallel()

	for _, code := range []chat.Code{chat.CodeApprovalRefused, chat.CodeApprovalExpired} {
		refused := chat.Errorf(code, "no")
		assert.Equal(t, 409, newProblem("", refused).Status, code)
		assert.True(t, refused.Final(), code)

		var named *chat.Error
		require.ErrorAs(t, ofAction(refused, exampleAction), &named)
		assert.Equal(t, exampleAction, named.ActionID, "the answer names its action")
	}
}

// TestAFailedDeliveryCarriesItsCode looks at the problem of a delivery that its provider has refused.
func TestAFailedDeliveryCarriesItsCode(t *testing.T) {
	t.Parallel()

	snapshot := chat.DeliverySnapshot{DeliveryID: exampleDelivery}
	snapshot.ErrorCode = "twilio_30007"

	p := newProblem("", snapshot.NotDelivered(exampleAction))
	assert.Equal(t, "twilio_30007", p.ErrorCode)
	assert.Equal(t, "/docs/problems/delivery_failed", p.Type)
}

// problemsPage is the page that explains all codes, for those who read the source.
const problemsPage = "../docs/problems.md"

// TestThePageOfProblemsIsTheTable holds docs/problems.md to the table. With UPDATE_GOLDEN=1 it writes the page.
func TestThePageOfProblemsIsTheTable(t *testing.T) {
	t.Parallel()

	want := writeProblemsPage()

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(problemsPage, []byte(want), 0o600))
		return
	}

	page, err := os.ReadFile(problemsPage)
	require.NoError(t, err)
	assert.Equal(t, want, string(page), "UPDATE_GOLDEN=1 writes the page anew")
}

func writeProblemsPage() string {
	var page strings.Builder

	page.WriteString("# Problems, and what to do\n\nEvery error of the API has a `code`, and its `type` is the path of " +
		"a page that explains it: `/docs/problems/{code}`.\nThis page is written from the same table, " +
		"`chat/problems*.go`, by `UPDATE_GOLDEN=1 go test ./api -run TestThePageOfProblemsIsTheTable`.\n")

	for _, text := range chat.ProblemTexts() {
		page.WriteString("\n## " + string(text.Code) + "\n\n")
		page.WriteString("HTTP status " + strconv.Itoa(statuses[text.Code.Kind()]) + ". " + text.Meaning + "\n\n")
		page.WriteString("- **Why it comes:** " + text.Cause + "\n")
		page.WriteString("- **What to do:** " + text.Remedy + "\n")
	}

	return page.String()
}

// TestTheDocumentIsAlwaysTheSame makes it several times: clients are generated from one, and compared with another.
func TestTheDocumentIsAlwaysTheSame(t *testing.T) {
	t.Parallel()

	publish := func() string {
		s := newDocumented(t)

		written, err := json.Marshal(s.api.OpenAPI())
		require.NoError(t, err)

		made, err := newPublication(written, s.bodyTypes)
		require.NoError(t, err)

		return string(made.document)
	}

	first := publish()
	for range 3 {
		assert.Equal(t, first, publish())
	}
}

// TestAToolCallIsOneOfTwoClosedObjects: generators know what to make of that, and of nothing else that was tried.
func TestAToolCallIsOneOfTwoClosedObjects(t *testing.T) {
	t.Parallel()

	var document struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}

	require.NoError(t, json.Unmarshal(newDocumented(t).document, &document))

	schemas := document.Components.Schemas
	assert.Equal(t, map[string]any{"oneOf": []any{
		map[string]any{"$ref": "#/components/schemas/FunctionCall"},
		map[string]any{"$ref": "#/components/schemas/PlainCall"},
	}}, objectIn(objectIn(objectIn(schemas["Send"], "properties"), "tool_calls"), "items"))

	for _, name := range []string{"FunctionCall", "PlainCall"} {
		assert.Equal(t, false, schemas[name]["additionalProperties"], name)
	}

	arguments := objectIn(objectIn(schemas["PlainCall"], "properties"), "arguments")
	assert.Equal(t, "object", arguments["type"])
	assert.Equal(t, true, arguments["additionalProperties"])
}

// TestRulesOfCodeStandInTheDocument looks for what bodies are held to, and for the words that fields may have.
func TestRulesOfCodeStandInTheDocument(t *testing.T) {
	t.Parallel()

	var document struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}

	require.NoError(t, json.Unmarshal(newDocumented(t).document, &document))

	property := func(schema, name string) map[string]any {
		return objectIn(objectIn(document.Components.Schemas[schema], "properties"), name)
	}

	assert.Equal(t, "^(#[0-9a-fA-F]{6})?$", property("NewLabel", "color")["pattern"])
	assert.Equal(t, "^([+][1-9][0-9]{6,14})?$", property("NewMember", "phone")["pattern"])
	assert.Equal(t, "^([+][1-9][0-9]{6,14})?$", property("NewPhoneNumber", "number")["pattern"])

	for _, word := range []struct{ schema, field, named string }{
		{"Delivery", "status", "DeliveryStatus"},
		{"Delivery", "submission", "SubmissionState"},
		{"Delivery", "carrier", "CarrierStatus"},
		{"Problem", "code", "ProblemCode"},
	} {
		assert.Equal(t, sharedSchemas+word.named, property(word.schema, word.field)["$ref"])
		assert.NotEmpty(t, document.Components.Schemas[word.named]["enum"])
	}

	assert.Equal(t, sharedSchemas+"Scope", objectIn(property("NewKey", "scopes"), "items")["$ref"])
}

// TestOtherNamesOfFieldsStandInTheDocument holds bodies with memberId and toolCalls, as the README has one, to the
// document that generated clients are made from.
func TestOtherNamesOfFieldsStandInTheDocument(t *testing.T) {
	t.Parallel()

	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(newDocumented(t).document)))
	require.NoError(t, err)

	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("openapi.json", parsed))

	for _, body := range []struct {
		schema, text string
		fits         bool
	}{
		{"NewParticipant", `{"memberId": 5, "role": "contributor"}`, true},
		{"NewParticipant", `{"member_id": 5, "role": "contributor"}`, true},
		{"NewParticipant", `{"role": "contributor"}`, false},
		{"NewParticipant", `{"member": 5, "role": "contributor"}`, false},
		{"Send", `{"message": "Hello", "toolCalls": [{"name": "add_label", "arguments": {"label": "vip"}}]}`, true},
		{"DirectMessage", `{"to": {"memberId": 5}, "message": "Hello"}`, true},
	} {
		schema, err := compiler.Compile("openapi.json" + sharedSchemas + body.schema)
		require.NoError(t, err)

		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body.text))
		require.NoError(t, err)
		assert.Equal(t, body.fits, schema.Validate(value) == nil, "%s %s", body.schema, body.text)
	}
}
