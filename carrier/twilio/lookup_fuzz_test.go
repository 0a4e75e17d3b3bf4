package twilio_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/internal/growth"
)

// FuzzLookUp holds that nothing that claims to be Twilio's list or message can do more than
// be refused, and that what is found has an id.
func FuzzLookUp(f *testing.F) {
	f.Add(
		[]byte(
			`{"messages":[{"sid":"SM1","to":"+15550199","from":"+15550100","body":"Hi","status":"sent",` +
				`"direction":"outbound-api","date_created":"Sun, 22 Nov 2026 10:00:00 +0000"}],"next_page_uri":null}`,
		),
	)

	f.Add([]byte(`{"messages":[null],"next_page_uri":"/2010-04-01/Accounts/x/Messages.json?Page=1"}`))
	f.Add([]byte(`{"sid":"SM1","status":7,"num_segments":"x","error_code":"y"}`))
	f.Add([]byte(`<html>`))
	var said []byte
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(said) }),
	)

	f.Cleanup(server.Close)
	client, err := twilio.New(testConfig(server.URL))
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, body []byte) {
		growth.Check(t, len(body), func() {
			said = body
			at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
			found, err := client.Find(t.Context(), chat.ProviderQuery{
				DeliveryID: "d",
				Channel:    chat.ChannelSMS,
				From:       "+15550100",
				To:         "+15550199",
				Payload:    chat.Payload{Text: "Hi"},
				Since:      at.Add(-time.Hour),
				Until:      at.Add(time.Hour),
			})

			for _, report := range found {
				require.NotEmpty(t, report.ProviderMessageID)
				require.NoError(t, err)
			}

			report, err := client.Fetch(t.Context(), "SM1")
			if err == nil {
				require.NotEmpty(t, report.ProviderMessageID)
			}
		})
	})
}
