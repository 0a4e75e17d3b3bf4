package fuzzapi

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const mediaJSON = "application/json"

// request is one request of the run.
type request struct {
	number int
	op     *operation
	by     Caller
	// kind is valid, bounds (values at the limits of their schemas, and beyond) or wrong.
	kind       string
	method     string
	target     string
	pathValues place
	header     http.Header
	body       []byte
	// stray reports whether the document has no such path or method, so that the answer is not the operation's.
	stray bool
	// mustFail says why the API must refuse the request by its document, "" if it may accept it.
	mustFail string
}

// requests makes the requests of a run.
type requests struct {
	*document
	*Callers
	places *places
	tools  *tools
	twilio Twilio
	// sendGrid signs the requests that come from SendGrid; with nil they are not signed.
	sendGrid *ecdsa.PrivateKey
	// creating are the operations of creators.
	creating []*operation
	seed     uint64
	origin   string
}

// makeRequest makes the request with this number. The same number, seed and places give the same request.
func (s *requests) makeRequest(number int) *request {
	r := rand.New(rand.NewPCG(s.seed, uint64(number))) //nolint:gosec // one seed makes the same requests again
	q := &request{
		number:     number,
		op:         s.chooseOperation(number),
		by:         s.chooseCaller(r),
		kind:       pickOne(r, []string{"valid", "valid", "valid", "bounds", "wrong"}),
		header:     http.Header{},
		pathValues: place{},
	}

	q.method = q.op.method
	if q.kind == "wrong" && rollChance(r, 4) {
		q.method = pickOne(r, []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"})

		if other := s.findOperation(q.op.path, q.method); other != nil {
			q.op = other
		}
	}

	m := &maker{
		document:  s.document,
		places:    s.places,
		tools:     s.tools,
		r:         r,
		workspace: q.by.Workspace,
		bounds:    q.kind == "bounds",
		origin:    s.origin,
	}

	if rollChance(r, 2) {
		m.workspace = s.Strangers[0].Workspace // other people's ids
	}

	s.fillPath(q, m)
	s.fillParameters(q, m)
	s.fillBody(q, m)

	if !q.op.needsNoKey && q.by.Secret != "" {
		q.header.Set("Authorization", "Bearer "+q.by.Secret)
	}

	return q
}

// findOperation finds the operation with a path and a method, nil if the document has none.
func (s *requests) findOperation(path, method string) *operation {
	for _, op := range s.operations {
		if op.path == path && op.method == method {
			return op
		}
	}

	return nil
}

// chooseOperation chooses each operation once a round, in the round's own order. Every fourth request, and most
// deletions, are replaced by an operation that creates something.
func (s *requests) chooseOperation(number int) *operation {
	round := number / len(s.operations)
	r := rand.New(rand.NewPCG(s.seed, uint64(round)<<32)) //nolint:gosec // one seed makes the same requests again
	order := r.Perm(len(s.operations))

	op := s.operations[order[number%len(order)]]
	deletes := op.method == http.MethodDelete && round%deletingRounds != 0

	if len(s.creating) > 0 && (deletes || number%4 == 3) {
		return pickOne(rand.New(rand.NewPCG(s.seed, uint64(number)<<32+1)), s.creating) //nolint:gosec // one seed makes the same requests again
	}

	return op
}

// deletingRounds is how many rounds there are for each one that deletes: in the others, things are created.
const deletingRounds = 4

// creators are the ids of the operations that create or list what other operations need.
var creators = []string{
	"createChat", "createMember", "createTool", "sendAssistantMessage", "sendMessage", "listChatTools", "createMessage",
	"summarizeChat", "twilioInbound", "addParticipant", "sendAssistantMessage", "listContributorRequests",
	"listChats", "retryDelivery", "createApiKey", "listActions", "listApprovals",
}

// chooseCaller chooses who makes a request: mostly a manager, sometimes somebody who may do less, or nothing.
func (s *requests) chooseCaller(r *rand.Rand) Caller {
	switch n := r.IntN(200); {
	case n < 2:
		return Caller{Name: "nobody", Workspace: s.Managers[0].Workspace}
	case n < 3:
		return Caller{Name: "unknown key", Workspace: s.Managers[0].Workspace, Secret: "hr_nobody"}
	case n < 5:
		return Caller{Name: "stranger", Workspace: s.Managers[0].Workspace, Secret: s.Strangers[0].Secret}
	case n < 8:
		return s.Strangers[1]
	case n < 14:
		return s.Reader
	case n < 22:
		return s.User
	case n < 60:
		return pickOne(r, s.Seconds)
	}

	return pickOne(r, s.Managers)
}

// wantedStates are the states and kinds of things with which an operation has something to do, by its id.
var wantedStates = map[string][]string{
	"decideApproval":           {"approval", "tool_decision"},
	"resolveToolCall":          {"unknown"},
	"cancelAction":             {"parked", "running", "approval", "contributor", "person", "attempt"},
	"changeAction":             {"attempt"},
	"sendAssistantMessage":     {"asking", "", ""},
	"resumeAction":             {"parked", "running"},
	"resolveDelivery":          {"needs_review", "unknown", "unconfirmed"},
	"cancelDelivery":           {"pending", "blocked", "needs_review"},
	"lookUpDelivery":           {"unknown", "accepted", "unconfirmed"},
	"retryDelivery":            {"undelivered", "failed", "rejected", "needs_review"},
	"refreshTool":              {"mcp"},
	"pauseBulkRetry":           {"running"},
	"resumeBulkRetry":          {"paused"},
	"cancelBulkRetry":          {"running", "paused"},
	"decideRequest":            {"waiting"},
	"answerContributorRequest": {"open"},
	"cancelContributorRequest": {"open"},
	"extendContributorRequest": {"open"},
	"listToolCallMessages":     {"succeeded", "failed"},
}

// nobodysID is an id that nothing has.
const nobodysID = "987654321"

// fillPath fills the ids of the path in. What the run itself needs is only read: other methods get nobodysID.
func (s *requests) fillPath(q *request, m *maker) {
	path := q.op.path
	names := listPathNames(path)

	if len(names) > 0 {
		choosePlace(q, m, names)
	}

	q.pathValues["workspace_uuid"] = q.by.Workspace

	for _, p := range q.op.parameters {
		if p.in != "path" {
			continue
		}

		if q.pathValues[p.name] == "" || p.name != "workspace_uuid" && q.kind != "valid" && rollChance(m.r, 10) {
			q.pathValues[p.name] = m.makePathValue(p, q.kind)
		}

		if q.method != http.MethodGet && s.places.isSpared(place{p.name: q.pathValues[p.name]}) {
			q.pathValues[p.name] = nobodysID
		}

		path = strings.ReplaceAll(path, "{"+p.name+"}", escapePath(q.pathValues[p.name]))
	}

	q.target = path
	q.stray = q.method != q.op.method || strings.Contains(path, "//") || strings.HasSuffix(path, "/")
}

// choosePlace chooses an existing thing, preferably in one of the operation's wantedStates.
func choosePlace(q *request, m *maker, names []string) {
	name := names[len(names)-1]
	chosen := m.places.pick(m.r, m.workspace, name)

	if states := wantedStates[q.op.id]; len(states) > 0 && rollChance(m.r, 60) {
		if fitting := m.places.pick(m.r, m.workspace, name+" "+pickOne(m.r, states)); fitting != nil {
			chosen = fitting
		}
	}

	for _, name := range names {
		q.pathValues[name] = chosen[name]
		if chosen[name] == "" {
			q.pathValues[name] = m.places.pickID(m.r, m.workspace, name)
		}
	}
}

// escapePath writes a value as one segment of a path. A client would resolve "." and ".." as relative segments.
func escapePath(value string) string {
	if value == "." || value == ".." {
		return strings.ReplaceAll(value, ".", "%2E")
	}

	return url.PathEscape(value)
}

// listPathNames returns the names of a path's ids but for the workspace's.
func listPathNames(path string) []string {
	var names []string

	for part := range strings.SplitSeq(path, "/") {
		if name, isName := strings.CutPrefix(part, "{"); isName && name != "workspace_uuid}" {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}

	return names
}

// makePathValue makes an id that nothing may have, or a text that is no id.
func (m *maker) makePathValue(p parameter, kind string) string {
	if kind == "valid" || rollChance(m.r, 30) {
		plain := *m
		plain.bounds = false

		return fmt.Sprint(plain.makeValue(p.name, p.schema, 0))
	}

	var value any
	if json.Unmarshal(m.makeHostile(p.schema), &value) != nil {
		return "x"
	}

	return fmt.Sprint(value)
}

// makeHostile makes a value at the limits of a schema, as JSON.
func (m *maker) makeHostile(schema object) []byte {
	made, err := json.Marshal(m.makeAtBounds(schema))
	if err != nil {
		return []byte(`"x"`)
	}

	return made
}

// fillParameters fills in the query and the headers.
func (s *requests) fillParameters(q *request, m *maker) {
	query := url.Values{}
	share := pickOne(m.r, []int{0, 0, 25, 60})

	for _, p := range q.op.parameters {
		if p.in == "path" || !p.required && !rollChance(m.r, share) {
			continue
		}

		value := m.makeParameterValue(p, q.kind)

		switch p.in {
		case "query":
			query.Set(p.name, value)
		case "header":
			q.header[http.CanonicalHeaderKey(p.name)] = []string{cleanHeader(value)}
		}
	}

	s.boundWait(q)
	s.judgeQuery(q, query)

	if q.kind == "wrong" && rollChance(m.r, 8) {
		query.Set(pickOne(m.r, []string{"surprise", "Limit", "", "limit[]", "id"}), m.makeWord())

		if !q.op.needsNoKey {
			q.mustFail = "the query has a parameter that the document does not have"
		}
	}

	if len(query) > 0 {
		q.target += "?" + query.Encode()
	}
}

// boundWait sets the header Prefer so that no request waits for an action for more than a second.
func (s *requests) boundWait(q *request) {
	for _, p := range q.op.parameters {
		if p.name == "Prefer" && q.header.Get("Prefer") == "" {
			q.header.Set("Prefer", []string{"respond-async", "wait=1"}[q.number%2])
		}
	}
}

func (m *maker) makeParameterValue(p parameter, kind string) string {
	if kind == "wrong" && rollChance(m.r, 40) {
		var value any
		if json.Unmarshal(pickOne(m.r, hostileTexts), &value) == nil {
			return fmt.Sprint(value)
		}
	}

	switch value := m.makeValue(p.name, p.schema, 0).(type) {
	case json.RawMessage:
		return strings.Trim(string(value), `"`)
	case []any:
		words := make([]string, len(value))
		for i, word := range value {
			words[i] = fmt.Sprint(word)
		}

		return strings.Join(words, ",")

	default:
		return fmt.Sprint(value)
	}
}

// cleanHeader returns the value without the control characters that a header cannot have.
func cleanHeader(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}

		return r
	}, value)
}

// fillBody makes the body.
func (s *requests) fillBody(q *request, m *maker) {
	if q.op.media == "" {
		if q.kind == "wrong" && q.method != http.MethodGet && rollChance(m.r, 5) {
			q.body = []byte(`{"surprise":1}`)
		}

		return
	}

	q.header.Set("Content-Type", q.op.media)

	switch {
	case q.op.id == "sendgridEvents":
		s.fillEvents(q, m)
		return
	case q.op.id == "sendgridInbound":
		s.fillMail(q, m)
		return
	case q.op.body == nil:
		s.fillForm(q, m)
		return
	}

	q.body = m.makeBody(q)

	if q.kind == "wrong" && rollChance(m.r, 10) {
		q.body = []byte(pickOne(m.r, brokenBodies))
	}

	if q.kind == "wrong" && rollChance(m.r, 4) {
		q.header.Set("Content-Type", pickOne(m.r, otherMedia))
	}

	s.judgeBody(q)
}

// makeBody makes the body of a request whose operation takes JSON.
func (m *maker) makeBody(q *request) []byte {
	body := m.makeValue("", q.op.body, 0)

	fit, has := fitters[q.op.id]
	if has && asObject(body) != nil && (q.kind == "valid" || rollChance(m.r, 50)) {
		fit(m, asObject(body))
	}

	if q.op.example != nil && q.kind != "bounds" && rollChance(m.r, 15) {
		body = q.op.example
	}

	if q.kind == "wrong" {
		body = m.spoil(body)
	}

	written, err := json.Marshal(body)
	if err != nil {
		return []byte(`{}`)
	}

	return written
}

// judgeBody sets mustFail if the body is not what the document describes.
func (s *requests) judgeBody(q *request) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(q.body))
	if err != nil {
		q.mustFail = "the body is no JSON"
		return
	}

	if schema := s.bodies[q.op.id]; schema != nil && schema.Validate(value) != nil {
		q.mustFail = "the body is not what the document says"
	}
}

// send makes the request, and returns the answer with its body.
func (q *request) send(ctx context.Context, client *http.Client, origin string) (*http.Response, []byte, error) {
	asked, err := http.NewRequestWithContext(ctx, q.method, origin+q.target, bytes.NewReader(q.body))
	if err != nil {
		return nil, nil, fmt.Errorf("make request %d: %w", q.number, err)
	}

	asked.Header = q.header.Clone()

	answer, err := client.Do(asked)
	if err != nil {
		return nil, nil, err
	}

	var body bytes.Buffer

	_, err = body.ReadFrom(answer.Body)
	if closed := answer.Body.Close(); err == nil {
		err = closed
	}

	return answer, body.Bytes(), err
}
