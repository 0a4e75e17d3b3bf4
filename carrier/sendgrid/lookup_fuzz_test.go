package sendgrid_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/carrier/sendgrid"
	"handrail/chat"
	"handrail/internal/growth"
)

// FuzzLookUp holds that nothing that claims to be SendGrid's logs can do more than be
// refused, and that what is found has an id.
func FuzzLookUp(f *testing.F) {
	f.Add(
		[]byte(
			`{"messages":[{"sg_message_id":"abc.filter1","to_email":"a@example.com","status":"delivered",` +
				`"sg_message_id_created_at":"2026-11-22T10:00:00Z"}]}`,
		),
	)

	f.Add(
		[]byte(
			`{"sg_message_id":"abc.filter1","custom_args":{"delivery_id":"d","fence":"x"},` +
				`"events":[{"event":"bounce","custom_args":{"delivery_id":"d"}}]}`,
		),
	)

	f.Add([]byte(`{"messages":[null,7]}`))
	f.Add([]byte(`<html>`))
	var said []byte
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(said) }),
	)

	f.Cleanup(server.Close)
	client, err := sendgrid.New(sendgrid.Config{APIKey: "SG.key", BaseURL: server.URL})
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, body []byte) {
		growth.Check(t, len(body), func() {
			said = body
			at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
			found, err := client.Find(t.Context(), chat.ProviderQuery{
				DeliveryID: "d",
				Channel:    chat.ChannelEmail,
				From:       "support@example.com",
				To:         "a@example.com",
				Since:      at.Add(-time.Hour),
				Until:      at.Add(time.Hour),
			})

			for _, report := range found {
				require.NotEmpty(t, report.ProviderMessageID)
				require.NoError(t, err)
			}

			report, err := client.Fetch(t.Context(), "abc")
			if err == nil {
				require.NotEmpty(t, report.ProviderMessageID)
			}
		})
	})
}
