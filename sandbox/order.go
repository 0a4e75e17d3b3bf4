package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// OrderKind is what was ordered from the restaurant.
type OrderKind string

// What the restaurant's tools make.
const (
	OrderTable  OrderKind = "table"
	OrderRefund OrderKind = "refund"
	OrderTaxi   OrderKind = "taxi"
)

// Order is something that a tool has done: a table that is booked, a refund, a taxi.
type Order struct {
	// ID is what the tool has answered, as booking_id, refund_id or taxi_id.
	ID   string    `json:"id"`
	Kind OrderKind `json:"kind"`
	OrderRequest
	// Table is its number, of a booking.
	Table int `json:"table,omitempty"`
	// Key is the Idempotency-Key, "" for none. Calls counts how often it was ordered under
	// it: calls after the first change nothing.
	Key   string `json:"idempotency_key,omitempty"`
	Calls int    `json:"calls"`
	// Signed reports that the call's signature was checked.
	Signed     bool       `json:"signed"`
	MadeAt     time.Time  `json:"made_at"`
	CanceledAt *time.Time `json:"canceled_at,omitempty"`
}

// OrderRequest is what was asked for; each kind of order has its own fields.
type OrderRequest struct {
	// Name, People and At (RFC 3339, UTC) are a booking's; People and At a taxi's, too.
	Name   string `json:"name,omitempty"`
	People int    `json:"people,omitempty"`
	At     string `json:"at,omitempty"`
	// BookingID, AmountCents and Reason are a refund's.
	BookingID   string `json:"booking_id,omitempty"`
	AmountCents int    `json:"amount_cents,omitempty"`
	Reason      string `json:"reason,omitempty"`
	// To is where a taxi goes.
	To string `json:"to,omitempty"`
}

// Orders are what the restaurant's tools have done, in order. A canceled booking stays.
func (s *Sandbox) Orders() []Order {
	return selectKept(s.arrived.look().orders, func(Order) bool { return true })
}

// refusal is the restaurant's no.
type refusal struct {
	status int
	detail string
}

// Error is what is wrong, for whoever ordered.
func (r *refusal) Error() string { return r.detail }

func newRefusal(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// most is how many people fit at a table.
const most = 12

// seats are those of the tables, by number from 1.
var seats = []int{2, 2, 4, 4, 4, 6, 8, most}

// sitting is how long a booked table is taken.
const sitting = 2 * time.Hour

// orderNew keeps a new order. Under a key that was used before it counts the call, and
// returns the order of the first one.
func (s *Sandbox) orderNew(o Order) (Order, error) {
	s.ordering.Lock()
	defer s.ordering.Unlock()

	orders := s.Orders()
	for _, before := range orders {
		if o.Key == "" || before.Key != o.Key {
			continue
		}

		if before.Kind != o.Kind || before.OrderRequest != o.OrderRequest {
			return Order{}, newRefusal(http.StatusConflict, "this Idempotency-Key was used for something else")
		}

		before.Calls++

		return before, s.arrived.record(record{Order: &before})
	}

	if o.Kind == OrderTable {
		if o.Table = freeTable(orders, o.People, o.At); o.Table == 0 {
			return Order{}, newRefusal(http.StatusConflict, "no table for %d people is free then", o.People)
		}
	}

	o.ID = newSID(string(o.Kind) + "_")
	o.Calls = 1
	o.MadeAt = currentTime()

	return o, s.arrived.record(record{Order: &o})
}

// cancelTable frees a booked table; doing it twice does no harm.
func (s *Sandbox) cancelTable(id string) (Order, error) {
	s.ordering.Lock()
	defer s.ordering.Unlock()

	for _, o := range s.Orders() {
		switch {
		case o.ID != id || o.Kind != OrderTable:
			continue
		case o.CanceledAt != nil:
			return o, nil
		}

		o.CanceledAt = new(currentTime())

		return o, s.arrived.record(record{Order: &o})
	}

	return Order{}, newRefusal(http.StatusNotFound, "there is no booking %q", id)
}

// freeTable is the smallest table that is free and holds them; 0 is none.
func freeTable(orders []Order, people int, at string) int {
	best := 0
	for _, table := range freeTables(orders, at) {
		if size := seats[table-1]; size >= people && (best == 0 || size < seats[best-1]) {
			best = table
		}
	}

	return best
}

func freeTables(orders []Order, at string) []int {
	var free []int

	for table := 1; table <= len(seats); table++ {
		if !slices.ContainsFunc(
			orders,
			func(o Order) bool { return o.Table == table && o.CanceledAt == nil && doOverlap(o.At, at) },
		) {
			free = append(free, table)
		}
	}

	return free
}

// doOverlap reports whether two sittings do. Both times were read when they were ordered.
func doOverlap(a, b string) bool {
	first, _ := time.Parse(time.RFC3339, a)
	second, _ := time.Parse(time.RFC3339, b)

	return first.Sub(second).Abs() < sitting
}
