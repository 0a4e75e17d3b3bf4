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

// request is one that is made.
type request struct {
	number int
	op     *operation
	by     Caller
	// kind is valid, bounds or wrong.
	kind       string
	method     string
	target     string
	pathValues place
	header     http.Header
	body       []byte
	// stray says that the path or the method is none of the document's, so that the answer is not the operation's.
	stray bool
	// mustFail says why the document refuses the request, "" if it may be taken.
	mustFail string
}

// requests makes requests.
type requests struct {
	*document
	*Callers
	places *places
	tools  *tools
	twilio Twilio
	// sendGrid signs what comes from SendGrid.
	sendGrid *ecdsa.PrivateKey
	// creating are the operations that make what others need.
	creating []*operation
	seed     uint64
	origin   string
}

// make makes the request with this number. It follows from the number, the seed, and the places.
func (s *requests) make(number int) *request {
	r := rand.New(rand.NewPCG(s.seed, uint64(number))) //nolint:gosec // one seed makes the same requests again
	q := &request{
		number:     number,
		op:         s.operationOf(number),
		by:         s.caller(r),
		kind:       pickOne(r, []string{"valid", "valid", "valid", "bounds", "wrong"}),
		header:     http.Header{},
		pathValues: place{},
	}

	q.method = q.op.method
	if q.kind == "wrong" && chance(r, 4) {
		q.method = pickOne(r, []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"})
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

	if chance(r, 2) {
		m.workspace = s.Strangers[0].Workspace // other people's ids
	}

	s.fillPath(q, m)
	s.fillParameters(q, m)
	s.fillBody(q, m)

	if !q.op.open && q.by.Secret != "" {
		q.header.Set("Authorization", "Bearer "+q.by.Secret)
	}

	return q
}

// operationOf deals all operations once before it deals one again, and between them those that create.
func (s *requests) operationOf(number int) *operation {
	round := number / len(s.operations)
	r := rand.New(rand.NewPCG(s.seed, uint64(round)<<32)) //nolint:gosec // one seed makes the same requests again
	order := r.Perm(len(s.operations))

	op := s.operations[order[number%len(order)]]
	deletes := op.method == http.MethodDelete && round%destructive != 0

	if len(s.creating) > 0 && (deletes || number%4 == 3) {
		return pickOne(rand.New(rand.NewPCG(s.seed, uint64(number)<<32+1)), s.creating) //nolint:gosec // one seed makes the same requests again
	}

	return op
}

// destructive is of how many rounds one deletes: the others create, so that there is something to ask about.
const destructive = 4

// creators are the operations that make what others need.
var creators = []string{
	"createChat", "createMember", "createTool", "sendAssistantMessage", "sendMessage", "listChatTools", "createMessage",
	"summarizeChat", "twilioInbound", "addParticipant", "sendAssistantMessage", "listContributorRequests",
	"listChats", "retryDelivery", "createApiKey", "listActions", "listApprovals",
}

func (s *requests) caller(r *rand.Rand) Caller {
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

// wantedStates are those in which an operation has something to do.
var wantedStates = map[string][]string{
	"decideApproval":           {"approval", "tool_decision"},
	"resolveToolCall":          {"unknown", "failed", "waiting"},
	"cancelAction":             {"parked", "running", "approval", "contributor", "person"},
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
	"listToolCallMessages":     {"succeeded", "failed"},
}

// nobodysID names nothing.
const nobodysID = "987654321"

// fillPath chooses what the path names. What the requests need themselves is only read.
func (s *requests) fillPath(q *request, m *maker) {
	path := q.op.path
	names := pathNames(path)

	if len(names) > 0 {
		choosePlace(q, m, names)
	}

	q.pathValues["workspace_uuid"] = q.by.Workspace

	for _, p := range q.op.parameters {
		if p.in != "path" {
			continue
		}

		if q.pathValues[p.name] == "" || p.name != "workspace_uuid" && q.kind != "valid" && chance(m.r, 10) {
			q.pathValues[p.name] = m.pathValue(p, q.kind)
		}

		if q.method != http.MethodGet && s.places.isSpared(place{p.name: q.pathValues[p.name]}) {
			q.pathValues[p.name] = nobodysID
		}

		path = strings.ReplaceAll(path, "{"+p.name+"}", escapePath(q.pathValues[p.name]))
	}

	q.target = path
	q.stray = q.method != q.op.method || strings.Contains(path, "//") || strings.HasSuffix(path, "/")
}

// choosePlace chooses something that there is, in a state in which the operation has something to do with it.
func choosePlace(q *request, m *maker, names []string) {
	name := names[len(names)-1]
	at := m.places.pick(m.r, m.workspace, name)

	if states := wantedStates[q.op.id]; len(states) > 0 && chance(m.r, 60) {
		if fitting := m.places.pick(m.r, m.workspace, name+" "+pickOne(m.r, states)); fitting != nil {
			at = fitting
		}
	}

	for _, name := range names {
		q.pathValues[name] = at[name]
		if at[name] == "" {
			q.pathValues[name] = m.places.id(m.r, m.workspace, name)
		}
	}
}

// escapePath writes a value as one part of a path. A client would take a dot for a part of its own.
func escapePath(value string) string {
	if value == "." || value == ".." {
		return strings.ReplaceAll(value, ".", "%2E")
	}

	return url.PathEscape(value)
}

func pathNames(path string) []string {
	var names []string

	for part := range strings.SplitSeq(path, "/") {
		if name, isName := strings.CutPrefix(part, "{"); isName && name != "workspace_uuid}" {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}

	return names
}

// pathValue makes an id that may be nobody's, or no id at all.
func (m *maker) pathValue(p parameter, kind string) string {
	if kind == "valid" || chance(m.r, 30) {
		plain := *m
		plain.bounds = false

		return fmt.Sprint(plain.value(p.name, p.schema, 0))
	}

	var value any
	if json.Unmarshal(m.hostile(p.schema), &value) != nil {
		return "x"
	}

	return fmt.Sprint(value)
}

func (m *maker) hostile(schema object) []byte {
	made, err := json.Marshal(m.atBounds(schema))
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
		if p.in == "path" || !p.required && !chance(m.r, share) {
			continue
		}

		value := m.parameterValue(p, q.kind)

		switch p.in {
		case "query":
			query.Set(p.name, value)
		case "header":
			q.header[http.CanonicalHeaderKey(p.name)] = []string{headerLine(value)}
		}
	}

	s.hurry(q)
	s.judgeQuery(q, query)

	if q.kind == "wrong" && chance(m.r, 8) {
		query.Set(pickOne(m.r, []string{"surprise", "Limit", "", "limit[]", "id"}), m.word())

		if !q.op.open {
			q.mustFail = "the query has a parameter that the document does not have"
		}
	}

	if len(query) > 0 {
		q.target += "?" + query.Encode()
	}
}

// hurry keeps what waits for an action from waiting long.
func (s *requests) hurry(q *request) {
	for _, p := range q.op.parameters {
		if p.name == "Prefer" && q.header.Get("Prefer") == "" {
			q.header.Set("Prefer", []string{"respond-async", "wait=1"}[q.number%2])
		}
	}
}

func (m *maker) parameterValue(p parameter, kind string) string {
	if kind == "wrong" && chance(m.r, 40) {
		var value any
		if json.Unmarshal(pickOne(m.r, hostileTexts), &value) == nil {
			return fmt.Sprint(value)
		}
	}

	switch value := m.value(p.name, p.schema, 0).(type) {
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

// headerLine is what can travel as a header.
func headerLine(value string) string {
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
		if q.kind == "wrong" && q.method != http.MethodGet && chance(m.r, 5) {
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

	q.body = m.body(q)

	if q.kind == "wrong" && chance(m.r, 10) {
		q.body = []byte(pickOne(m.r, brokenBodies))
	}

	if q.kind == "wrong" && chance(m.r, 4) {
		q.header.Set("Content-Type", pickOne(m.r, otherMedia))
	}

	s.judgeBody(q)
}

// body makes the body of an operation that takes JSON.
func (m *maker) body(q *request) []byte {
	body := m.value("", q.op.body, 0)

	fit, has := fitters[q.op.id]
	if has && asObject(body) != nil && (q.kind == "valid" || chance(m.r, 50)) {
		fit(m, asObject(body))
	}

	if q.op.example != nil && q.kind != "bounds" && chance(m.r, 15) {
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

// judgeBody says whether the document refuses the body.
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

// send asks, and returns the answer with its body.
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

// longestCurl bounds the body in a line for the shell.
const longestCurl = 3000

// curl writes the request as a line for the shell.
func (q *request) curl(origin string) string {
	var b strings.Builder

	fmt.Fprintf(&b, "curl -i -X %s", q.method)

	for name, values := range q.header {
		for _, value := range values {
			if name == "Authorization" {
				value = "Bearer $" + strings.ToUpper(strings.ReplaceAll(q.by.Name, " ", "_"))
				fmt.Fprintf(&b, " -H \"%s: %s\"", name, value)

				continue
			}

			fmt.Fprintf(&b, " -H %s", quoteShell(name+": "+value))
		}
	}

	if len(q.body) > 0 {
		fmt.Fprintf(&b, " --data-binary %s", quoteShell(string(q.body[:min(len(q.body), longestCurl)])))
	}

	if len(q.body) > longestCurl {
		fmt.Fprintf(&b, " `# and %d bytes more`", len(q.body)-longestCurl)
	}

	fmt.Fprintf(&b, " %s", quoteShell(origin+q.target))

	return b.String()
}

// quoteShell writes text as one word of bash.
func quoteShell(text string) string {
	plain := !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
	if plain {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}

	var b strings.Builder

	for _, c := range []byte(text) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}

	return "$'" + b.String() + "'"
}
