package service_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// byProvider is why webhooks leave no entry: no member acts. What came is kept as it came, in the delivery's
// events or under /inbound.
const byProvider = "a provider posts it, and it is kept as it came"

// unaudited are the routes that write without an audit entry, by operation id, and why they may.
var unaudited = map[string]string{
	"twilioInbound":   byProvider,
	"twilioStatus":    byProvider,
	"sendgridInbound": byProvider,
	"sendgridEvents":  byProvider,

	"previewMessage":   "it shows what would be sent, and keeps nothing",
	"createEventToken": "for a minute it lets read what its key may read anyway, and changes nothing",
}

// auditWalk goes through the routes that write, and looks for the audit entry of each.
type auditWalk struct {
	*env
	desk *desk
	// server is the address of an MCP server.
	server string
	// noor is a second manager, with the header of her key.
	noor    chat.MemberID
	noorKey []string
	// methods are those of the routes that write, by operation id.
	methods map[string]string
	asked   map[string]bool
}

// auditedAsk is a request that must leave an audit entry with this verb.
type auditedAsk struct {
	id   string
	verb string
	path string
	body any
	by   chat.MemberID
	key  []string
}

// TestEveryRouteThatWritesLeavesAnAuditEntry asks for everything that the API's document has and that writes.
// A new route fails it until somebody adds a request, or says in unaudited why it needs no entry.
func TestEveryRouteThatWritesLeavesAnAuditEntry(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newAuditWalk(t, url)

		for _, walk := range []func(){
			w.walkThings, w.walkPeople, w.walkChats, w.walkKeys, w.walkDeliveries, w.walkBulkRetries, w.walkTools,
			w.walkAgreement, w.walkContributors, w.walkInbound, w.walkResume,
			w.walkNotifications, w.walkWebhooks,
		} {
			walk()
		}

		for id := range w.methods {
			assert.NotEqual(
				t,
				unaudited[id] != "",
				w.asked[id],
				"%s writes: ask for it here and look for its audit entry, or say in unaudited why it has none",
				id,
			)
		}

		for id := range unaudited {
			assert.Contains(t, w.methods, id, "there is no such route any more")
		}
	})
}

func newAuditWalk(t *testing.T, url string) *auditWalk {
	t.Helper()

	server := httptest.NewServer(
		mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newConcierge() }, nil),
	)
	t.Cleanup(server.Close)

	d := newDesk(t)
	w := &auditWalk{
		env:     newEnv(t, url, allowHost(d.Server), allowHost(server), withShortWaits, withEncryption),
		desk:    d,
		server:  server.URL,
		methods: map[string]string{},
		asked:   map[string]bool{},
	}

	w.noor = w.member("Noor", chat.RoleManager)
	w.noorKey = w.keyOf(w.noor, chat.AllScopes()...)

	for _, item := range w.document() {
		for method, operation := range map[string]*documentedOperation{
			http.MethodPost:   item.Post,
			http.MethodPut:    item.Put,
			http.MethodPatch:  item.Patch,
			http.MethodDelete: item.Delete,
		} {
			if operation != nil {
				w.methods[operation.ID] = method
			}
		}
	}

	require.Greater(t, len(w.methods), 40)

	return w
}

// documentedPath is what one path of the API's document does that writes.
type documentedPath struct {
	Post   *documentedOperation `json:"post"`
	Put    *documentedOperation `json:"put"`
	Patch  *documentedOperation `json:"patch"`
	Delete *documentedOperation `json:"delete"`
}

type documentedOperation struct {
	ID string `json:"operationId"`
}

// document is the paths of the API's document.
func (w *auditWalk) document() map[string]documentedPath {
	w.Helper()

	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+"/openapi.json", http.NoBody)
	require.NoError(w, err)
	answer, err := (&http.Client{}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	var document struct {
		Paths map[string]documentedPath `json:"paths"`
	}

	require.NoError(w, json.NewDecoder(answer.Body).Decode(&document))

	return document.Paths
}

// ask sends a request and wants its audit entry: of this workspace, by who has asked, with their key and the
// id of the request.
func (w *auditWalk) ask(a auditedAsk) response {
	w.Helper()

	if a.by == 0 {
		a.by = w.people.manager.ID
	}

	require.NotEmpty(w, w.methods[a.id], "no route that writes is called %s", a.id)
	w.asked[a.id] = true

	id := fmt.Sprintf("walk-%s-%d", a.id, len(w.asked))
	r := w.call(w.methods[a.id], a.path, a.body, append([]string{"X-Request-Id", id}, a.key...)...)
	require.Less(w, r.status, 300, "%s: %s", a.id, r.raw)

	var entry map[string]any

	// What a workflow does is there when the workflow has come to it.
	w.eventually(func() bool {
		entry = w.entryOf(id)
		return entry != nil
	})

	assert.Equal(w, a.verb, entry["verb"], a.id)
	assert.NotEmpty(w, entry["object"], a.id)
	assert.EqualValues(w, a.by, entry["member_id"], a.id)

	key := w.call("GET", fmt.Sprintf("/api-keys/%v", entry["key_id"]), nil)
	assert.EqualValues(w, a.by, key.at("member_id"), "%s: %s", a.id, key.raw)

	return r
}

// entryOf is the first audit entry of a request, nil if there is none yet: a bulk retry has more.
func (w *auditWalk) entryOf(request string) map[string]any {
	w.Helper()

	var first map[string]any

	// The newest comes first. A key may ask 50 times a second: the walk itself needs the other one.
	r := w.call("GET", "/audit-log?limit=20", nil, w.noorKey...)
	for _, item := range r.at("items").([]any) {
		if entry := item.(map[string]any); entry["request_id"] == request {
			first = entry
		}
	}

	return first
}

func fields(pairs ...any) map[string]any {
	body := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		body[pairs[i].(string)] = pairs[i+1]
	}

	return body
}
