package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// routeRestaurant serves the HTTP tools of a small restaurant, whose answers are JSON and
// whose refusals are {"detail": "…"}.
func (s *Sandbox) routeRestaurant(mux *http.ServeMux) {
	mux.HandleFunc("GET /tools/tables", s.tool("tables", s.listTables))
	mux.HandleFunc("POST /tools/tables", s.tool("tables", s.bookTable))
	mux.HandleFunc("DELETE /tools/tables/{id}", s.tool("tables", s.unbookTable))
	mux.HandleFunc("POST /tools/refunds", s.tool("refunds", s.refund))

	mux.HandleFunc("GET /sandbox/bookings", func(w http.ResponseWriter, _ *http.Request) {
		lists := map[string][]Order{"bookings": {}, "refunds": {}, "taxis": {}}

		names := map[OrderKind]string{OrderTable: "bookings", OrderRefund: "refunds", OrderTaxi: "taxis"}
		for _, o := range s.Orders() {
			lists[names[o.Kind]] = append(lists[names[o.Kind]], o)
		}

		writeJSON(w, http.StatusOK, lists)
	})
}

// toolCall is a call whose body is read and whose signature is checked.
type toolCall struct {
	*http.Request
	body   []byte
	signed bool
}

// order begins an order of the call.
func (c *toolCall) order(kind OrderKind) Order {
	return Order{Kind: kind, Key: c.Header.Get("Idempotency-Key"), Signed: c.signed}
}

// into decodes the body; fields that are not known are refused.
func (c *toolCall) into(v any) error {
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.DisallowUnknownFields()

	if err := decoder.Decode(v); err != nil {
		return newRefusal(http.StatusBadRequest, "the body must be a JSON object with the fields of this tool")
	}

	return nil
}

// tool makes a handler of act, which answers a status and a body, or a *refusal. What goes
// wrong on purpose goes wrong around it.
func (s *Sandbox) tool(name string, act func(*toolCall) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, toolLimit))
		if err != nil {
			s.refuseCall(w, r, newRefusal(http.StatusRequestEntityTooLarge, "the body is longer than 1 MiB"))
			return
		}

		call := &toolCall{Request: r, body: body}
		if call.signed, err = s.checkSignature(r.Context(), call); err != nil {
			s.refuseCall(w, r, err)
			return
		}

		fault := s.faults.post(ChannelTool, name)
		if refusedCall(w, fault) {
			return
		}

		if fault.Kind == FaultLate {
			s.acceptLate(fault, func() (func(), error) {
				_, _, err := act(call)
				return func() {}, err
			})
		}

		status, answer, err := act(call)
		if err != nil {
			s.refuseCall(w, r, err)
			return
		}

		s.keepBack(r.Context())

		if !s.spoilAnswer(w, r, fault, status) {
			writeJSON(w, status, answer)
		}
	}
}

// spoilAnswer spoils the answer to a call that was carried out, as the fault says. It reports whether it has answered.
func (s *Sandbox) spoilAnswer(w http.ResponseWriter, r *http.Request, fault Fault, status int) bool {
	switch fault.Kind {
	case FaultError:
		writeJSON(w, http.StatusInternalServerError, detailMap("the kitchen is on fire"))
		return true
	case FaultGarbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>") // whoever asked has gone

		return true

	default:
	}

	s.mangle(w, r, fault, status)

	return false
}

// refusedCall answers what the fault lets a tool refuse; it reports whether it has.
func refusedCall(w http.ResponseWriter, fault Fault) bool {
	switch fault.Kind {
	case FaultRateLimit:
		notNow(w, fault)
		writeJSON(w, http.StatusTooManyRequests, detailMap("too many calls"))
	case FaultRedirect:
		notNow(w, fault)
		w.WriteHeader(http.StatusFound)
	case FaultUnavailable:
		notNow(w, fault)
		writeJSON(w, http.StatusServiceUnavailable, detailMap("we are closed for a moment"))
	case FaultDown:
		panic(http.ErrAbortHandler)
	case FaultRefuse:
		writeJSON(w, http.StatusUnprocessableEntity, detailMap("we would rather not"))
	case FaultSuspended:
		writeJSON(w, http.StatusUnauthorized, detailMap("the account is suspended"))
	default:
		return false
	}

	return true
}

func detailMap(text string) map[string]string { return map[string]string{"detail": text} }

func (s *Sandbox) refuseCall(w http.ResponseWriter, r *http.Request, err error) {
	if no, ok := errors.AsType[*refusal](err); ok {
		writeJSON(w, no.status, detailMap(no.detail))
		return
	}

	s.logger.ErrorContext(r.Context(), "a tool of the sandbox has failed", "error", err)
	writeJSON(w, http.StatusInternalServerError, detailMap("internal error"))
}

// checkSignature reports whether the call is signed with one of the secrets, and fails when
// it must be and is not.
func (s *Sandbox) checkSignature(ctx context.Context, c *toolCall) (bool, error) {
	if s.config.ToolSecrets == nil {
		return false, nil
	}

	secrets, err := s.config.ToolSecrets(ctx)
	if err != nil {
		return false, err
	}

	for _, secret := range secrets {
		if hook, err := standardwebhooks.NewWebhook(secret); err == nil && hook.Verify(c.body, c.Header) == nil {
			return true, nil
		}
	}

	return false, newRefusal(http.StatusUnauthorized, "the signature fits no signing secret of a tool")
}

func (s *Sandbox) listTables(c *toolCall) (int, any, error) {
	at, err := readTime(c.URL.Query().Get("at"))
	if err != nil {
		return 0, nil, err
	}

	type free struct {
		Table int `json:"table"`
		Seats int `json:"seats"`
	}

	tables := []free{}
	for _, table := range freeTables(s.Orders(), at) {
		tables = append(tables, free{table, seats[table-1]})
	}

	return http.StatusOK, map[string]any{"at": at, "tables": tables}, nil
}

func (s *Sandbox) bookTable(c *toolCall) (int, any, error) {
	var in struct {
		Name   string `json:"name"`
		People int    `json:"people"`
		At     string `json:"at"`
	}

	if err := c.into(&in); err != nil {
		return 0, nil, err
	}

	at, err := readTime(in.At)
	switch {
	case err != nil:
		return 0, nil, err
	case strings.TrimSpace(in.Name) == "" || in.People < 1:
		return 0, nil, newRefusal(http.StatusBadRequest, "name must be given, and people be 1 or more")
	case in.People > most:
		return 0, nil, newRefusal(http.StatusUnprocessableEntity, "we have no table for more than %d people", most)
	}

	o := c.order(OrderTable)

	o.OrderRequest = OrderRequest{Name: in.Name, People: in.People, At: at}
	if o, err = s.orderNew(o); err != nil {
		return 0, nil, err
	}

	return http.StatusCreated, map[string]any{"booking_id": o.ID, "table": o.Table}, nil
}

func (s *Sandbox) unbookTable(c *toolCall) (int, any, error) {
	o, err := s.cancelTable(c.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}

	return http.StatusOK, map[string]any{"booking_id": o.ID, "canceled": true}, nil
}

func (s *Sandbox) refund(c *toolCall) (int, any, error) {
	var in struct {
		BookingID   string `json:"booking_id"`
		AmountCents int    `json:"amount_cents"`
		Reason      string `json:"reason"`
	}

	if err := c.into(&in); err != nil {
		return 0, nil, err
	}

	if in.AmountCents < 1 {
		return 0, nil, newRefusal(http.StatusBadRequest, "amount_cents must be 1 or more")
	}

	o := c.order(OrderRefund)
	o.OrderRequest = OrderRequest{BookingID: in.BookingID, AmountCents: in.AmountCents, Reason: in.Reason}

	o, err := s.orderNew(o)
	if err != nil {
		return 0, nil, err
	}

	return http.StatusCreated, map[string]any{"refund_id": o.ID, "amount_cents": o.AmountCents}, nil
}

// readTime returns a time as all orders have it.
func readTime(text string) (string, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", newRefusal(http.StatusBadRequest, "at must be a time like 2026-11-27T19:00:00Z")
	}

	return at.UTC().Format(time.RFC3339), nil
}
