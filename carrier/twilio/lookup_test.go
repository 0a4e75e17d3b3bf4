package twilio_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/twilio"
	"handrail/chat"
)

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// shownMessage is one as Twilio's API shows it, sent for the look-up, with changes.
func shownMessage(id string, created time.Time, changes map[string]any) map[string]any {
	m := map[string]any{
		"sid":                   id,
		"account_sid":           account,
		"from":                  "+15550100",
		"to":                    "+15550199",
		"body":                  "Your order & more",
		"status":                "sent",
		"direction":             "outbound-api",
		"num_segments":          "2",
		"num_media":             "0",
		"error_code":            nil,
		"error_message":         nil,
		"price":                 nil,
		"messaging_service_sid": nil,
		"date_created":          created.Format(time.RFC1123Z),
		"date_sent":             nil,
		"api_version":           "2010-04-01",
		"subresource_uris":      map[string]any{"media": "/x.json"},
	}

	maps.Copy(m, changes)

	return m
}

// askedClient is a client of a server that answers like this, and the requests it made.
func askedClient(t *testing.T, answer http.HandlerFunc) *twilio.Client {
	t.Helper()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		assert.Equal(t, []string{account, token}, []string{user, password})
		assert.Equal(t, http.MethodGet, r.Method)
		answer(w, r)
	}))

	t.Cleanup(server.Close)
	c, err := twilio.New(testConfig(server.URL))
	require.NoError(t, err)

	return c
}

// listPages answers with pages of that many messages.
func listPages(t *testing.T, size int, messages ...map[string]any) http.HandlerFunc {
	t.Helper()

	return func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/2010-04-01/Accounts/"+account+"/Messages.json", r.URL.Path)
		assert.Equal(t, "+15550199", r.URL.Query().Get("To"))
		assert.Equal(t, "50", r.URL.Query().Get("PageSize"))
		page, _ := strconv.Atoi(r.URL.Query().Get("Page"))
		from, to := min(page*size, len(messages)), min((page+1)*size, len(messages))
		answer := map[string]any{
			"messages":      append([]map[string]any{}, messages[from:to]...),
			"page":          page,
			"next_page_uri": nil,
		}

		if to < len(messages) {
			answer["next_page_uri"] = "/2010-04-01/Accounts/" + account + "/Messages.json?To=%2B15550199&PageSize=50&Page=" +
				strconv.Itoa(
					page+1,
				) + "&PageToken=PA" + strconv.Itoa(
				to,
			)
		}

		assert.NoError(t, json.NewEncoder(w).Encode(answer))
	}
}

func lookUp() chat.ProviderQuery {
	return chat.ProviderQuery{
		DeliveryID: deliveryID,
		Channel:    chat.ChannelSMS,
		From:       "+15550100",
		To:         "+15550199",
		Payload:    chat.Payload{Text: "Your order & more"},
		Since:      began,
		Until:      began.Add(5 * time.Minute),
	}
}

func sidsOf(reports []chat.Report) []string {
	var all []string
	for i := range reports {
		all = append(all, reports[i].ProviderMessageID)
	}

	return all
}

func TestFind(t *testing.T) {
	t.Parallel()

	in := began.Add(time.Minute)
	found, err := askedClient(t, listPages(t, 50,
		shownMessage("SM9", in.Add(time.Second), nil),
		shownMessage("SM8", in, map[string]any{"body": "your order & more"}),
		shownMessage("SM7", in, map[string]any{"from": "+15550101"}),
		shownMessage("SM6", in, map[string]any{"direction": "inbound"}),
		shownMessage("SM5", in, map[string]any{"direction": "outbound-reply"}),
		shownMessage("SM4", began.Add(time.Hour), nil),
		shownMessage("SM3", began.Add(-time.Second), nil),
		shownMessage("SM2", began, map[string]any{"status": "undelivered", "error_code": 30003, "num_segments": "0"}),
		shownMessage("SM1", in, map[string]any{"to": "+15550198"}),
	)).Find(t.Context(), lookUp())

	require.NoError(t, err)
	require.Equal(t, []string{"SM2", "SM9"}, sidsOf(found), "oldest first")
	assert.NotEmpty(t, found[0].Raw)
	found[0].Raw = nil
	assert.Equal(t, chat.Report{
		Provider:          chat.ProviderTwilio,
		Key:               "lookup:twilio:SM2:undelivered",
		MadeAt:            began,
		ProviderMessageID: "SM2",
		Type:              "undelivered",
		Accepts:           true,
		DeliveryStatus:    chat.StatusUndelivered,
		ErrorCode:         "twilio_30003",
		ErrorMessage:      "the recipient's phone is off or out of reach",
	}, found[0])

	assert.Equal(t, 2, found[1].Segments)
}

func TestFindByService(t *testing.T) {
	t.Parallel()

	q := lookUp()
	q.From = service
	found, err := askedClient(t, listPages(t, 50,
		shownMessage("SM2", began, map[string]any{"messaging_service_sid": service, "status": "a new word"}),
		shownMessage("SM1", began, nil),
	)).Find(t.Context(), q)

	require.NoError(t, err)
	require.Equal(t, []string{"SM2"}, sidsOf(found))
	assert.True(t, found[0].Accepts, "it is there, whatever its status means")
	assert.Equal(t, chat.StatusNone, found[0].DeliveryStatus)
}

func TestFindPages(t *testing.T) {
	t.Parallel()

	var all []map[string]any
	for n := range 5 {
		all = append(all, shownMessage("SMnew"+strconv.Itoa(n), began.Add(time.Hour), nil))
	}

	all = append(all, shownMessage("SMhit", began, nil))
	found, err := askedClient(t, listPages(t, 2, all...)).Find(t.Context(), lookUp())
	require.NoError(t, err)
	assert.Equal(t, []string{"SMhit"}, sidsOf(found))

	older := []map[string]any{shownMessage("SM3", began, map[string]any{"body": "x"})}
	for n := range 100 {
		older = append(older, shownMessage("SMold"+strconv.Itoa(n), began.Add(-time.Hour), nil))
	}

	found, err = askedClient(t, listPages(t, 2, older...)).Find(t.Context(), lookUp())
	require.NoError(t, err, "what is older than the time asked for is not looked through")
	assert.Empty(t, found)

	for range 100 {
		all = append([]map[string]any{shownMessage("SMnew", began.Add(time.Hour), nil)}, all...)
	}

	_, err = askedClient(t, listPages(t, 2, all...)).Find(t.Context(), lookUp())
	require.Error(t, err, "not seen is not the same as not there")
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	found, err := askedClient(t, listPages(t, 50)).Find(t.Context(), lookUp())
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestFetch(t *testing.T) {
	t.Parallel()

	report, err := askedClient(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/2010-04-01/Accounts/"+account+"/Messages/SM2.json", r.URL.Path)
		assert.NoError(t, json.NewEncoder(w).Encode(shownMessage("SM2", began, map[string]any{"status": "delivered"})))
	}).Fetch(t.Context(), "SM2")

	require.NoError(t, err)
	assert.Equal(t, "lookup:twilio:SM2:delivered", report.Key)
	assert.Equal(t, chat.StatusDelivered, report.DeliveryStatus)
	assert.True(t, report.Accepts)
	assert.Equal(t, 2, report.Segments)
}

func TestFetchUnknown(t *testing.T) {
	t.Parallel()

	_, err := askedClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":20404,"message":"The requested resource was not found","status":404}`)
	}).Fetch(t.Context(), "SM2")

	require.Equal(t, chat.CodeNotFound, chat.CodeOf(err))

	for _, id := range []string{"", "../SM2", "SM2?x", "SM 2", "SM2/Media"} {
		_, err := askedClient(
			t,
			func(http.ResponseWriter, *http.Request) { t.Error("asked for " + id) },
		).Fetch(
			t.Context(),
			id,
		)

		require.Equal(t, chat.CodeNotFound, chat.CodeOf(err))
	}
}

func TestQuestionsThatFail(t *testing.T) {
	t.Parallel()

	for name, answer := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"503 HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<html>")
		},
		"401": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example", http.StatusFound)
		},
		"garbage":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"messages":[{"sid":`) },
		"HTML":         func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"empty":        func(http.ResponseWriter, *http.Request) {},
		"empty object": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") },
		"no time": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"messages":[{"sid":"SM1","date_created":"soon"}]}`)
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"sid":"SM1"}`)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for range 1 << 11 {
				_, _ = w.Write(make([]byte, 1<<10))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := askedClient(t, answer)
			_, finding := c.Find(t.Context(), lookUp())

			_, fetching := c.Fetch(t.Context(), "SM1")
			for _, err := range []error{finding, fetching} {
				require.Error(t, err)
				require.NotEqual(t, chat.CodeNotFound, chat.CodeOf(err))
				require.NotContains(t, err.Error(), "5550199")
				require.NotContains(t, err.Error(), token)
				require.NotContains(t, err.Error(), account)
			}
		})
	}
}

func TestFindWithoutTheAccount(t *testing.T) {
	t.Parallel()

	_, err := askedClient(
		t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
	).Find(
		t.Context(),
		lookUp(),
	)

	require.Error(t, err)
	require.NotEqual(t, chat.CodeNotFound, chat.CodeOf(err), "that is no empty list")
}

func TestTooManyQuestions(t *testing.T) {
	t.Parallel()

	c := askedClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})

	_, err := c.Find(t.Context(), lookUp())
	later, ok := errors.AsType[*chat.RetryLaterError](err)
	require.True(t, ok)
	assert.Equal(t, 7*time.Second, later.After)
	assert.Equal(t, "twilio_429", later.Code)
	_, err = c.Fetch(t.Context(), "SM1")
	_, ok = errors.AsType[*chat.RetryLaterError](err)
	require.True(t, ok)
}

func TestFindComparesTextsAsTwilioChangesThem(t *testing.T) {
	t.Parallel()

	in := began.Add(time.Minute)

	for name, c := range map[string]struct {
		posted, shown string
		segments      int
		counted       string
		found         bool
	}{
		"smart encoding":        {"“Hi” – it’s here…", `"Hi" - it's here...`, 1, "1", true},
		"fewer segments by it":  {"“Hi” – it’s here…", `"Hi" - it's here...`, 2, "1", true},
		"a trial account":       {"Your code", "Sent from your Twilio trial account - Your code", 1, "1", true},
		"a shortened link":      {"See https://shop.example/abc", "See https://twil.io/x", 1, "1", true},
		"not counted yet":       {"“Hi”", `"Hi"`, 3, "0", true},
		"ours not counted":      {"“Hi”", `"Hi"`, 0, "4", true},
		"another size":          {"“Hi”", `"Hi"`, 3, "2", false},
		"the same, odd counted": {"Hi", "Hi", 1, "9", true},
		"another text":          {"“Hi”", `"Ho"`, 1, "1", false},
	} {
		q := lookUp()
		q.Payload = chat.Payload{Text: c.posted, Segments: c.segments}

		found, err := askedClient(t, listPages(t, 50,
			shownMessage("SM1", in, map[string]any{"body": c.shown, "num_segments": c.counted}),
		)).Find(t.Context(), q)

		require.NoError(t, err, name)
		assert.Equal(t, c.found, len(found) == 1, name)
	}
}

// TestFindLeavesWhatAServiceHasSentFromTheNumber: the number is in the pool of a messaging service, and
// the same text was posted through that one. Twilio shows the number that the service has chosen.
func TestFindLeavesWhatAServiceHasSentFromTheNumber(t *testing.T) {
	t.Parallel()

	byService := map[string]any{"messaging_service_sid": "MG00112233445566778899aabbccddeeff"}
	c := askedClient(t, listPages(
		t,
		50,
		shownMessage("SM2", began.Add(time.Minute), byService),
		shownMessage("SM1", began, nil),
	))

	found, err := c.Find(t.Context(), lookUp())
	require.NoError(t, err)
	assert.Equal(t, []string{"SM1"}, sidsOf(found))
}
