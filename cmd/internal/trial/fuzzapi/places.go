package fuzzapi

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// place is where something is: the ids of a path by their names. A participant's has its chat's too.
type place map[string]string

// places are what earlier answers have had ids of. They may be used concurrently.
type places struct {
	mu sync.Mutex
	// found are the places of a kind of thing in the order in which they were found, by workspace and the name of
	// its id.
	found map[string][]place
	known map[string]bool
	// spared are the places that no request that writes may name: what the requests themselves need.
	spared map[string]bool
}

// mostPlaces is how many places of one kind are kept, the newest.
const mostPlaces = 200

func newPlaces() *places {
	return &places{found: map[string][]place{}, known: map[string]bool{}, spared: map[string]bool{}}
}

// spare keeps the thing with this id from what writes.
func (p *places) spare(name, id string) { p.spared[name+" "+id] = true }

// isSpared reports whether the place names something that the requests need.
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

// forget leaves out what a request has deleted, but for one time in ten: what is gone is asked for too.
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

// pick returns one of the places of the thing with the name, nil without any. It prefers the newest.
func (p *places) pick(r *rand.Rand, workspace, name string) place {
	p.mu.Lock()
	defer p.mu.Unlock()

	found := p.found[workspace+" "+name]
	if len(found) == 0 {
		return nil
	}

	if chance(r, 50) {
		found = found[max(0, len(found)-10):]
	}

	return found[r.IntN(len(found))]
}

// id returns one of the ids with the name, "" without any.
func (p *places) id(r *rand.Rand, workspace, name string) string {
	return p.pick(r, workspace, name)[name]
}

// harvest keeps what an answer has ids of.
func (p *places) harvest(d *document, q *request, body any) {
	at := place{}
	maps.Copy(at, q.pathValues)

	delete(at, "workspace_uuid")

	itself := d.collections[q.op.path]
	if _, name, isItem := cutLastParameter(q.op.path); isItem {
		itself = name
	}

	p.walk(q.by.Workspace, itself, at, body)
}

// singular are the names of the ids of what stands in an object under a name, where it is not that name with _id.
var singular = map[string]string{
	"tool_calls":          "call_id",
	"message":             "message_uuid",
	"messages":            "message_uuid",
	"deliveries":          "delivery_id",
	"retry":               "bulk_retry_id",
	"contributor_request": "request_id",
	"assistant":           "assistant_member_id",
}

// placeOf adds the ids that a value names to the place that it stands in.
func placeOf(at place, value object) place {
	here := maps.Clone(at)

	for name, item := range value {
		if id := idOf(item); id != "" && isID(name) {
			here[name] = id
		}
	}

	return here
}

// walk keeps the ids of a value that is the thing whose id is named itself.
func (p *places) walk(workspace, itself string, at place, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			p.walk(workspace, itself, at, item)
		}

	case object:
		here := placeOf(at, v)

		for _, name := range []string{"id", "uuid"} {
			if id := idOf(v[name]); id != "" && itself != "" {
				here[itself] = id
				p.add(workspace, itself, maps.Clone(here))
			}
		}

		for name := range v {
			if here[name] != "" {
				p.add(workspace, name, maps.Clone(here))
			}
		}

		p.addStates(workspace, itself, here, v)

		for name, item := range v {
			p.walkMember(workspace, itself, name, here, item)
		}
	}
}

// addStates keeps the thing under each of the states that it says it is in, too.
func (p *places) addStates(workspace, itself string, here place, value object) {
	if here[itself] == "" {
		return
	}

	for _, name := range []string{"status", "state", "waiting_for", "kind"} {
		if state := textIn(value, name); state != "" {
			p.add(workspace, itself+" "+state, maps.Clone(here))
		}
	}
}

func (p *places) walkMember(workspace, itself, name string, here place, item any) {
	kind := singular[name]

	switch {
	case name == "items":
		kind = itself
	case kind == "":
		kind = strings.TrimSuffix(name, "s") + "_id"
	}

	switch item.(type) {
	case []any, object:
		p.walk(workspace, kind, here, item)
	}

	if text, isText := item.(string); isText && (name == "name" || name == "next_cursor" || name == "code") {
		p.add(workspace, name+" of "+itself, place{name + " of " + itself: text})
	}
}

// isID reports whether a field has an id. The request_id of the audit log is none of a contributor's request.
func isID(name string) bool { return strings.HasSuffix(name, "_id") && name != "request_id" }

// idOf writes what may be an id as it stands in a path.
func idOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case fmt.Stringer: // json.Number
		return v.String()
	}

	return ""
}
