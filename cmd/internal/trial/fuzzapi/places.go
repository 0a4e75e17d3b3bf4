package fuzzapi

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// place is the address of a thing: the ids of its path by their names. A participant's has the chat's id too.
type place map[string]string

// places are the addresses of things that earlier answers have named. They may be used concurrently.
type places struct {
	mu sync.Mutex
	// found are the places by workspace and the name of the thing's id, in the order in which they were found.
	found map[string][]place
	known map[string]bool
	// spared are the things that the run itself needs, which no request may change.
	spared map[string]bool
}

// mostPlaces is how many places of one kind are kept: the newest ones.
const mostPlaces = 200

func newPlaces() *places {
	return &places{
		found:  map[string][]place{},
		known:  map[string]bool{},
		spared: map[string]bool{},
	}
}

// spare protects the thing with this id from requests that change it.
func (p *places) spare(name, id string) { p.spared[name+" "+id] = true }

// isSpared reports whether the place names something that the run itself needs.
func (p *places) isSpared(at place) bool {
	for name, id := range at {
		if p.spared[name+" "+id] {
			return true
		}
	}

	return false
}

// add keeps a place of the thing with the name.
func (p *places) add(workspace, name string, at place) {
	p.mu.Lock()
	defer p.mu.Unlock()

	key := workspace + " " + name

	written := key + fmt.Sprint(at)
	if p.known[written] {
		return
	}

	p.known[written] = true
	p.found[key] = append(p.found[key], at)

	if len(p.found[key]) > mostPlaces {
		p.found[key] = p.found[key][1:]
	}
}

// forget removes what a request has deleted, except one time in ten, so that requests also name deleted things.
func (p *places) forget(q *request) {
	_, name, isItem := cutLastParameter(q.op.path)
	if !isItem || q.number%10 == 0 {
		return
	}

	p.mu.Lock()
	defer p.mu.Unlock()

	for key, found := range p.found {
		if strings.HasPrefix(key, q.by.Workspace+" ") {
			p.found[key] = slices.DeleteFunc(found, func(at place) bool { return at[name] == q.pathValues[name] })
		}
	}
}

// pick returns one of the places with the name, preferably a new one, and nil if there is none.
func (p *places) pick(r *rand.Rand, workspace, name string) place {
	p.mu.Lock()
	defer p.mu.Unlock()

	found := p.found[workspace+" "+name]
	if len(found) == 0 {
		return nil
	}

	if rollChance(r, 50) {
		found = found[max(0, len(found)-10):]
	}

	return found[r.IntN(len(found))]
}

// pickID returns one of the ids with the name, "" if there is none.
func (p *places) pickID(r *rand.Rand, workspace, name string) string {
	return p.pick(r, workspace, name)[name]
}

// harvest keeps the ids that an answer has.
func (p *places) harvest(d *document, q *request, body any) {
	at := place{}
	maps.Copy(at, q.pathValues)

	delete(at, "workspace_uuid")

	itself := d.collections[q.op.path]
	if _, name, isItem := cutLastParameter(q.op.path); isItem {
		itself = name
	}

	p.keepIDs(q.by.Workspace, itself, at, body)
}

// singular are the names of ids by the name of the field that holds the thing, where that is not the field's name with
// _id.
var singular = map[string]string{
	"tool_calls":          "call_id",
	"message":             "message_uuid",
	"messages":            "message_uuid",
	"deliveries":          "delivery_id",
	"retry":               "bulk_retry_id",
	"contributor_request": "request_id",
	"assistant":           "assistant_member_id",
}

// addNamedIDs returns the place with the ids that the value has in its fields.
func addNamedIDs(at place, value object) place {
	here := maps.Clone(at)

	for name, item := range value {
		if id := formatID(item); id != "" && isID(name) {
			here[name] = id
		}
	}

	return here
}

// keepIDs keeps the ids in a value at a place. itself is the name of the value's own id.
func (p *places) keepIDs(workspace, itself string, at place, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			p.keepIDs(workspace, itself, at, item)
		}

	case object:
		here := addNamedIDs(at, v)

		for _, name := range []string{"id", "uuid"} {
			if id := formatID(v[name]); id != "" && itself != "" {
				here[itself] = id
				p.add(workspace, itself, maps.Clone(here))
			}
		}

		for name := range v {
			if here[name] != "" {
				p.add(workspace, name, maps.Clone(here))
			}
		}

		p.keepStates(workspace, itself, here, v)

		for name, item := range v {
			p.keepFieldIDs(workspace, itself, name, here, item)
		}
	}
}

// keepStates keeps the place of a thing under each of its states as well.
func (p *places) keepStates(workspace, itself string, here place, value object) {
	if here[itself] == "" {
		return
	}

	for _, name := range []string{"status", "state", "waiting_for", "kind"} {
		if state := getText(value, name); state != "" {
			p.add(workspace, itself+" "+state, maps.Clone(here))
		}
	}
}

// keepFieldIDs keeps the ids in one field of a value.
func (p *places) keepFieldIDs(workspace, itself, name string, here place, item any) {
	kind := singular[name]

	switch {
	case name == "items":
		kind = itself
	case kind == "":
		kind = strings.TrimSuffix(name, "s") + "_id"
	}

	switch item.(type) {
	case []any, object:
		p.keepIDs(workspace, kind, here, item)
	}

	if text, isText := item.(string); isText && (name == "name" || name == "next_cursor" || name == "code") {
		p.add(workspace, name+" of "+itself, place{name + " of " + itself: text})
	}
}

// isID reports whether a field has an id of a thing. The request_id of the audit log has none.
func isID(name string) bool { return strings.HasSuffix(name, "_id") && name != "request_id" }

// formatID writes an id as it is in a path, "" for what cannot be an id.
func formatID(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case fmt.Stringer: // json.Number
		return v.String()
	}

	return ""
}
