package sandbox

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// routeMCP serves the restaurant's concierge by the Model Context Protocol, over streamable
// HTTP. It keeps no sessions, so that its clients outlive it.
func (s *Sandbox) routeMCP(mux *http.ServeMux) {
	server := s.concierge()
	handler := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{
			Stateless: true, JSONResponse: true, MaxRequestBodyBytes: toolLimit,
		},
	)

	mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		presented := []byte(r.Header.Get("Authorization"))
		if s.config.MCPToken != "" && subtle.ConstantTimeCompare(presented, []byte("Bearer "+s.config.MCPToken)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "The token is not the concierge's.", http.StatusUnauthorized)

			return
		}

		s.serveMCP(w, r, handler)
	})
}

type hoursAsked struct {
	Day string `json:"day,omitempty" jsonschema:"a day of the week, like Friday; without it all days are told"`
}

type hoursTold struct {
	Hours map[string]string `json:"hours" jsonschema:"the opening hours of each day, or closed"`
}

type taxiAsked struct {
	To     string `json:"to" jsonschema:"the address to go to"`
	At     string `json:"at" jsonschema:"when it is to come, like 2026-11-27T22:00:00Z"`
	People int    `json:"people,omitempty" jsonschema:"how many people ride, 1 when it is not given"`
}

type taxiOrdered struct {
	TaxiID string `json:"taxi_id"`
	At     string `json:"at"`
}

func (s *Sandbox) concierge() *mcp.Server {
	server := mcp.NewServer(
		&mcp.Implementation{Name: "sandbox-concierge", Title: "The restaurant's concierge", Version: "1"},
		nil,
	)

	mcp.AddTool(server, &mcp.Tool{
		Name:        "opening_hours",
		Description: "When the restaurant is open.",
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
	}, tellHours)

	mcp.AddTool(server, &mcp.Tool{
		Name: "order_taxi", Description: "Order a taxi to the restaurant for guests who leave.",
	}, s.orderTaxi)

	return server
}

func tellHours(_ context.Context, _ *mcp.CallToolRequest, in hoursAsked) (*mcp.CallToolResult, hoursTold, error) {
	const usual = "17:00-23:00"
	hours := map[string]string{
		"Monday":    "closed",
		"Tuesday":   usual,
		"Wednesday": usual,
		"Thursday":  usual,
		"Friday":    "17:00-24:00",
		"Saturday":  "12:00-24:00",
		"Sunday":    "12:00-22:00",
	}

	if in.Day == "" {
		return nil, hoursTold{hours}, nil
	}

	for day, open := range hours {
		if strings.EqualFold(day, in.Day) {
			return nil, hoursTold{map[string]string{day: open}}, nil
		}
	}

	return nil, hoursTold{}, newRefusal(http.StatusBadRequest, "there is no day of the week %q", in.Day)
}

func (s *Sandbox) orderTaxi(
	_ context.Context,
	_ *mcp.CallToolRequest,
	in taxiAsked,
) (*mcp.CallToolResult, taxiOrdered, error) {
	at, err := readTime(in.At)
	if err != nil {
		return nil, taxiOrdered{}, err
	}

	o, err := s.orderNew(
		Order{Kind: OrderTaxi, OrderRequest: OrderRequest{To: in.To, At: at, People: max(in.People, 1)}},
	)
	if err != nil {
		return nil, taxiOrdered{}, err
	}

	return nil, taxiOrdered{TaxiID: o.ID, At: at}, nil
}
