package fuzzapi

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// fitters change a body that fits its schema so that it also meets the rules that the document describes in words, by
// operation. Without them, few requests would succeed.
var fitters = map[string]func(*maker, object){
	"createTool":               fitTool,
	"updateTool":               fitTool,
	"testTool":                 fitTest,
	"sendMessage":              fitDirectMessage,
	"sendAssistantMessage":     fitSend,
	"createChat":               fitChat,
	"addParticipant":           fitParticipant,
	"updateChat":               fitChatPatch,
	"retryDeliveries":          fitBulk,
	"createApiKey":             fitKey,
	"createPhoneNumber":        fitNumber,
	"answerContributorRequest": fitAnswer,
	"changeAction":             fitChange,
	"updateSummarySettings":    fitSummaries,
	"createMember":             fitMember,
	"updateMember":             fitMember,
	"upsertMember":             fitMember,
}

func fitTool(m *maker, body object) {
	schema := object{"type": "object", "properties": object{
		"id":    object{"type": "string", "maxLength": json.Number("20")},
		"seats": object{"type": "integer", "minimum": json.Number("1"), "maximum": json.Number("9")},
	}, "required": []any{"id"}}

	body["http"] = object{
		"method": pickOne(m.r, []string{"GET", "POST", "PUT", "PATCH", "DELETE"}),
		"url":    m.origin + pickOne(m.r, []string{"/orders/{id}", "/tables/{id}/seats", "/{id}"}),
		"schema": schema,
	}

	if rollChance(m.r, 25) {
		asObject(body["http"])["method"] = http.MethodPost
		asObject(body["http"])["url"] = m.origin + pathCut + "{id}"
		body["idempotent"] = false
	}

	if rollChance(m.r, 30) {
		asObject(body["http"])["headers"] = object{"X-Token": "Bearer {secret.TOKEN}"}
		body["secrets"] = object{"TOKEN": m.makeWord()}
	} else {
		delete(body, "secrets")
	}

	delete(body, "mcp")
	delete(body, "undo")
	body["kind"] = "http"

	if rollChance(m.r, 10) {
		body["kind"] = "mcp"
		body["mcp"] = object{"url": m.origin + pathMCP}
		delete(body, "http")
		delete(body, "secrets")
	}

	if _, has := body["name"]; has {
		body["name"] = fmt.Sprintf("tool_%d", m.r.IntN(60))
	}

	if rollChance(m.r, 80) {
		delete(body, "assistants")
	}
}

func fitTest(m *maker, body object) {
	delete(body, "tool")

	if rollChance(m.r, 80) {
		delete(body, "approval_id")
	}

	body["arguments"] = object{"id": m.makeWord(), "seats": 1 + m.r.IntN(9)}
}

func fitDirectMessage(m *maker, body object) {
	to := asObject(body["to"])

	for _, name := range []string{"phone", "email", "member_id", "external_id"} {
		if to[name] != nil && len(to) > 1 {
			body["to"] = object{name: to[name]}
			break
		}
	}

	if len(asObject(body["to"])) == 0 {
		body["to"] = object{"phone": fmt.Sprintf("+1416555%04d", m.r.IntN(20))}
	}

	if rollChance(m.r, 80) {
		delete(body, "channel")
	}

	if rollChance(m.r, 20) {
		body["to"] = object{"phone": pickOne(m.r, []string{StuckNumber, LostNumber})}
		delete(body, "channel")
	}

	fitSend(m, body)
}

func fitSend(m *maker, body object) {
	if rollChance(m.r, 80) {
		delete(body, "if_last_message")
	}

	delete(body, "tool_calls")

	if rollChance(m.r, 50) {
		return
	}

	calls := []any{}

	if rollChance(m.r, 40) {
		question := object{"question": m.makeWords(1, 100)}
		calls = append(calls, object{"name": "contributor_input_request", "arguments": question})
	}

	for range m.r.IntN(3) {
		name, schema := m.tools.pick(m.r, m.workspace)
		if name == "" {
			break
		}

		calls = append(calls, object{"name": name, "arguments": m.makeValue("", schema, 3)})
	}

	if len(calls) > 0 {
		body["tool_calls"] = calls
	}
}

func fitChat(m *maker, body object) {
	body["channel"] = pickOne(m.r, []string{"phone-sms", "phone-sms", "email", "web-chat"})

	if body["channel"] != "email" {
		delete(body, "inbox_id")
	}

	if body["channel"] != "phone-sms" {
		delete(body, "phone_number_id")
	}

	if rollChance(m.r, 70) {
		delete(body, "participants")
	}

	if id := m.places.pickID(m.r, m.workspace, "contributor"); id != "" && rollChance(m.r, 40) {
		body["participants"] = []any{object{"member_id": json.Number(id), "role": "contributor"}}
	}
}

func fitParticipant(m *maker, body object) {
	if rollChance(m.r, 60) {
		body["role"] = "contributor"
	}
}

func fitChatPatch(m *maker, body object) {
	for _, name := range []string{"inbox_id", "phone_number_id"} {
		if rollChance(m.r, 80) {
			delete(body, name)
		}
	}
}

func fitBulk(m *maker, body object) {
	now := time.Now().UTC()
	body["since"] = now.Add(-time.Hour).Format(time.RFC3339)
	body["reason"] = m.makeWord()
	delete(body, "until")

	for _, name := range []string{"error_code", "chat_id", "channel"} {
		if rollChance(m.r, 70) {
			delete(body, name)
		}
	}

	body["status"] = pickOne(m.r, []string{"undelivered", "failed", "unknown", "needs_review", "rejected"})
	body["rate_per_second"] = pickOne(m.r, []int{1, 1, 50})
}

func fitKey(m *maker, body object) {
	if body["expires_at"] != nil {
		body["expires_at"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	}

	if rollChance(m.r, 80) {
		delete(body, "approval_id")
	}
}

func fitNumber(m *maker, body object) {
	delete(body, "messaging_service_sid")
	body["number"], _ = m.makeKnownText("number")
}

func fitAnswer(m *maker, body object) {
	body["answer"] = pickOne(m.r, []any{"yes", m.makeWords(1, 100), m.makeWords(1, 100), true, 7})

	if id := m.places.pickID(m.r, m.workspace, "contributor"); id != "" {
		body["member_id"] = json.Number(id)
	}
}

func fitChange(m *maker, body object) {
	body["message"] = m.makeWords(1, 200)
	delete(body, "to")
}

func fitSummaries(_ *maker, body object) {
	delete(body, "model")
	body["token_budget"] = 100_000
}

// fitMember leaves most roles out, because making a manager waits for an approval.
func fitMember(m *maker, body object) {
	if rollChance(m.r, 80) {
		delete(body, "role")
	}

	delete(body, "tools")
}

// tools are the tools of chats, with the schemas of their arguments, by workspace. They may be used concurrently.
type tools struct {
	mu      sync.Mutex
	names   map[string][]string
	schemas map[string]object
}

// harvest keeps the tools that an answer lists.
func (t *tools) harvest(q *request, body any) {
	if q.op.id != "listChatTools" {
		return
	}

	t.mu.Lock()
	defer t.mu.Unlock()

	for _, item := range getList(asObject(body), "items") {
		name := getText(asObject(item), "name")
		key := q.by.Workspace + " " + name

		if t.schemas[key] == nil {
			t.names[q.by.Workspace] = append(t.names[q.by.Workspace], name)
		}

		t.schemas[key] = getObject(asObject(item), "schema")
	}
}

func (t *tools) pick(r *rand.Rand, workspace string) (string, object) {
	t.mu.Lock()
	defer t.mu.Unlock()

	if len(t.names[workspace]) == 0 {
		return "", nil
	}

	name := pickOne(r, t.names[workspace])

	return name, t.schemas[strings.Join([]string{workspace, name}, " ")]
}
