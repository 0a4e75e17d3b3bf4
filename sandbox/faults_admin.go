package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// faultJSON is a rule as programs write it. No rate is 1; a rate of 0 never strikes.
type faultJSON struct {
	Kind    FaultKind `json:"fault"`
	Rate    *float64  `json:"rate"`
	To      string    `json:"to"`
	Channel string    `json:"channel"`
	Times   int       `json:"times"`
	Delay   string    `json:"delay"`
	Struck  int       `json:"struck"`
}

func (f Fault) wire() faultJSON {
	wire := faultJSON{
		Kind:    f.Kind,
		Rate:    new(1.0),
		To:      f.To,
		Channel: f.Channel,
		Times:   f.Times,
		Struck:  f.Struck,
	}

	if f.Rate > 0 {
		*wire.Rate = f.Rate
	}

	if f.delay() > 0 {
		wire.Delay = f.delay().String()
	}

	return wire
}

func (w faultJSON) fault() (Fault, error) {
	f := Fault{
		Kind:    w.Kind,
		To:      w.To,
		Channel: w.Channel,
		Times:   w.Times,
	}

	if w.Rate != nil {
		f.Rate = *w.Rate
	}

	if w.Delay != "" {
		delay, err := time.ParseDuration(w.Delay)
		if err != nil {
			return f, errors.New(`delay must be a duration as "40s" or "250ms"`)
		}

		f.Delay = delay
	}

	return f, f.validate()
}

// parseRules leaves out what never strikes.
func parseRules(wires []faultJSON) ([]Fault, error) {
	faults := make([]Fault, 0, len(wires))
	for i, wire := range wires {
		f, err := wire.fault()
		if err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}

		if wire.Rate == nil || *wire.Rate > 0 {
			faults = append(faults, f)
		}
	}

	return faults, nil
}

func (s *Sandbox) routeFaults(mux *http.ServeMux) {
	mux.HandleFunc("GET /sandbox/faults", s.showFaults)
	mux.HandleFunc("PUT /sandbox/faults", s.putFaults)
	mux.HandleFunc("POST /sandbox/faults/add", s.addFault)
	mux.HandleFunc("POST /sandbox/faults/remove", s.removeFault)

	mux.HandleFunc("POST /sandbox/faults/reset", func(w http.ResponseWriter, r *http.Request) {
		s.faults.set(nil)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}

func (s *Sandbox) showFaults(w http.ResponseWriter, _ *http.Request) {
	wires := []faultJSON{}
	for _, f := range s.Faults() {
		wires = append(wires, f.wire())
	}

	writeJSON(w, http.StatusOK, wires)
}

func (s *Sandbox) putFaults(w http.ResponseWriter, r *http.Request) {
	var wires []faultJSON
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, toolLimit)).Decode(&wires); err != nil {
		refuseTool(w, errors.New("the body must be a JSON list of faults"))
		return
	}

	faults, err := parseRules(wires)
	if err != nil {
		refuseTool(w, err)
		return
	}

	s.faults.set(faults)
	s.showFaults(w, r)
}

// addFault is the page's form: a rule is put at the end.
func (s *Sandbox) addFault(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, toolLimit)
	wire := faultJSON{
		Kind:    FaultKind(r.PostFormValue("fault")),
		To:      r.PostFormValue("to"),
		Channel: r.PostFormValue("channel"),
		Delay:   r.PostFormValue("delay"),
	}

	var err error

	if percent := r.PostFormValue("percent"); percent != "" {
		var share float64
		if share, err = strconv.ParseFloat(percent, 64); err == nil && share <= 0 {
			err = errors.New("the percentage must be above 0")
		}

		wire.Rate = new(share / 100)
	}

	if times := r.PostFormValue("times"); times != "" && err == nil {
		wire.Times, err = strconv.Atoi(times)
	}

	if err != nil {
		refuseTool(w, err)
		return
	}

	f, err := wire.fault()
	if err != nil {
		refuseTool(w, err)
		return
	}

	s.faults.edit(func(rules []Fault) []Fault { return append(rules, f) })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// removeFault takes away the rule with that number, counted from 1, if it still is of
// the kind that was shown there.
func (s *Sandbox) removeFault(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, toolLimit)
	number, _ := strconv.Atoi(r.PostFormValue("number"))
	kind := FaultKind(r.PostFormValue("fault"))

	s.faults.edit(func(rules []Fault) []Fault {
		if number < 1 || number > len(rules) || rules[number-1].Kind != kind {
			return rules
		}

		return slices.Delete(rules, number-1, number)
	})

	http.Redirect(w, r, "/", http.StatusSeeOther)
}
