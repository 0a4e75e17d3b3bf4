package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

type twilioError struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func TestMessageIsAnsweredAsTwilioDoes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	created := w.sms(t, "StatusCallback", "http://127.0.0.1:8080/webhooks/twilio/status?d=1#rc=5")
	require.Equal(t, http.StatusCreated, created.status, created.body)
	assert.Equal(t, "application/json", created.header.Get("Content-Type"))
	assert.Regexp(t, `^RQ[0-9a-f]{32}$`, created.header.Get("Twilio-Request-Id"))

	var resource map[string]any
	created.decode(t, &resource)
	sid, _ := resource["sid"].(string)
	assert.Regexp(t, `^SM[0-9a-f]{32}$`, sid)

	for _, date := range []string{"date_created", "date_updated"} {
		written, _ := resource[date].(string)
		at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", written)
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now(), at, time.Minute)
		assert.True(t, strings.HasSuffix(written, "+0000"))
		delete(resource, date)
	}

	path := "/2010-04-01/Accounts/" + account + "/Messages/" + sid
	assert.Equal(t, map[string]any{
		"sid":                   sid,
		"account_sid":           account,
		"messaging_service_sid": nil,
		"from":                  ours,
		"to":                    ana,
		"body":                  "Hello Ana",
		"status":                "queued",
		"direction":             "outbound-api",
		"num_segments":          "1",
		"num_media":             "0",
		"date_sent":             nil,
		"price":                 nil,
		"price_unit":            "USD",
		"error_code":            nil,
		"error_message":         nil,
		"api_version":           "2010-04-01",
		"uri":                   path + ".json",
		"subresource_uris":      map[string]any{"media": path + "/Media.json"},
	}, resource)

	fetched := w.do(t, http.MethodGet, path+".json", "", asTwilioCaller)
	assert.Equal(t, http.StatusOK, fetched.status)
	assert.JSONEq(t, created.body, fetched.body)

	kept := w.Messages(sandbox.MessageFilter{})
	require.Len(t, kept, 1)
	assert.Equal(t, "http://127.0.0.1:8080/webhooks/twilio/status?d=1#rc=5", kept[0].Form.Get("StatusCallback"))
	assert.Equal(t, sid, kept[0].SID)
}

func TestMessagingService(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var resource map[string]any
	w.sms(t, "From", "", "MessagingServiceSid", service).decode(t, &resource)
	assert.Equal(t, "accepted", resource["status"])
	assert.Equal(t, service, resource["messaging_service_sid"])
	assert.Equal(t, "0", resource["num_segments"], "the service has not picked a sender")
	assert.Nil(t, resource["from"])
}

func TestMedia(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var resource map[string]any
	w.sms(t, "Body", "", "MediaUrl", "https://acme.example/a.png").decode(t, &resource)
	assert.Regexp(t, `^MM`, resource["sid"])
	assert.Equal(t, "1", resource["num_media"])
}

func TestHeadersAreRecordedWithoutCredentials(t *testing.T) {
	t.Parallel()
	w := setup(t)

	send := func(r *http.Request) {
		asTwilioCaller(r)
		r.Header.Set("Idempotency-Key", "ignored")
	}

	for range 2 {
		assert.Equal(t, http.StatusCreated, w.do(t, http.MethodPost, messagesPath, smsForm().Encode(), send).status)
	}

	kept := w.Messages(sandbox.MessageFilter{})
	require.Len(t, kept, 2, "the key is ignored, as the real one ignores it")
	assert.Equal(t, "ignored", kept[0].RequestHeader.Get("Idempotency-Key"))
	assert.Empty(t, kept[0].RequestHeader.Get("Authorization"))
}

func TestTwilioRefuses(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for name, test := range map[string]struct {
		change []string
		code   int
	}{
		"no To":                     {[]string{"To", ""}, 21604},
		"no From":                   {[]string{"From", ""}, 21603},
		"no Body":                   {[]string{"Body", ""}, 21602},
		"To without plus":           {[]string{"To", "14155550123"}, 21211},
		"To too short":              {[]string{"To", "+1"}, 21211},
		"To with letters":           {[]string{"To", "+1415555CALL"}, 21211},
		"To is magic: invalid":      {[]string{"To", "+15005550001"}, 21211},
		"To is magic: no route":     {[]string{"To", "+15005550002"}, 21612},
		"To is magic: no geography": {[]string{"To", "+15005550003"}, 21408},
		"To is magic: opted out":    {[]string{"To", "+15005550004"}, 21610},
		"To is magic: no mobile":    {[]string{"To", "+15005550009"}, 21614},
		"From is nonsense":          {[]string{"From", "this is no sender at all"}, 21606},
		"From is magic: not ours":   {[]string{"From", "+15005550007"}, 21606},
		"From is magic: queue full": {[]string{"From", "+15005550008"}, 21611},
		"Body too long":             {[]string{"Body", strings.Repeat("é", 1601)}, 21617},
		"service unknown":           {[]string{"MessagingServiceSid", "MG1"}, 21701},
		"callback is no address":    {[]string{"StatusCallback", "not a url"}, 21609},
		"callback is no web":        {[]string{"StatusCallback", "ftp://acme.example/"}, 21609},
		"callback with underscore":  {[]string{"StatusCallback", "https://my_host.example/"}, 21609},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := w.sms(t, test.change...)
			var problem twilioError
			refused.decode(t, &problem)
			assert.Equal(t, http.StatusBadRequest, refused.status)
			assert.Equal(t, test.code, problem.Code)
			assert.Equal(t, http.StatusBadRequest, problem.Status)
			assert.NotEmpty(t, problem.Message)
			assert.Regexp(t, `^https://www\.twilio\.com/docs/errors/\d+$`, problem.MoreInfo)
		})
	}

	t.Cleanup(func() { assert.Empty(t, w.Messages(sandbox.MessageFilter{}), "nothing refused is kept") })
}

func TestTwilioAccepts(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for name, change := range map[string][]string{
		"magic From":          {"From", "+15005550006"},
		"short code":          {"From", "12345"},
		"alphanumeric sender": {"From", "Acme Care"},
		"longest body":        {"Body", strings.Repeat("é", 1600)},
		"pinned sender":       {"MessagingServiceSid", service},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, http.StatusCreated, w.sms(t, change...).status)
		})
	}
}

func TestTooManyMedia(t *testing.T) {
	t.Parallel()
	w := setup(t)

	values := smsForm()
	for range 11 {
		values.Add("MediaUrl", "https://acme.example/a.png")
	}

	var problem twilioError
	w.do(t, http.MethodPost, messagesPath, values.Encode(), asTwilioCaller).decode(t, &problem)
	assert.Equal(t, 21623, problem.Code)
}

func TestTwilioAuthentication(t *testing.T) {
	t.Parallel()
	w := setup(t)

	as := func(user, password string) func(*http.Request) {
		return func(r *http.Request) {
			asTwilioCaller(r)
			r.SetBasicAuth(user, password)
		}
	}

	elsewhere := "/2010-04-01/Accounts/ACffffffffffffffffffffffffffffffff/Messages.json"
	for name, test := range map[string]struct {
		method, path string
		change       func(*http.Request)
		status, code int
	}{
		"no credentials":      {http.MethodPost, messagesPath, nil, http.StatusUnauthorized, 20003},
		"wrong token":         {http.MethodPost, messagesPath, as(account, "wrong"), http.StatusUnauthorized, 20003},
		"wrong account":       {http.MethodGet, messagesPath, as("ACother", token), http.StatusUnauthorized, 20003},
		"another's messages":  {http.MethodPost, elsewhere, asTwilioCaller, http.StatusNotFound, 20404},
		"no account in path":  {http.MethodPost, "/2010-04-01/Messages.json", asTwilioCaller, http.StatusNotFound, 20404},
		"unknown message":     {http.MethodGet, "/2010-04-01/Accounts/" + account + "/Messages/SM1.json", asTwilioCaller, http.StatusNotFound, 20404},
		"method not built":    {http.MethodPut, messagesPath, asTwilioCaller, http.StatusMethodNotAllowed, 20004},
		"unknown place, anon": {http.MethodGet, "/2010-04-01/Accounts.json", nil, http.StatusUnauthorized, 20003},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := w.do(t, test.method, test.path, smsForm().Encode(), test.change)
			var problem twilioError
			refused.decode(t, &problem)
			assert.Equal(t, test.status, refused.status)
			assert.Equal(t, test.code, problem.Code)
			assert.Equal(t, test.status == http.StatusUnauthorized, refused.header.Get("WWW-Authenticate") != "")
			assert.NotContains(t, refused.body, token)
		})
	}
}

func TestOnlyFormsHaveParameters(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for name, test := range map[string]struct {
		contentType, path, body string
		status, code            int
	}{
		"JSON":            {"application/json", messagesPath, `{"To":"` + ana + `"}`, http.StatusBadRequest, 21604},
		"no type":         {"", messagesPath, smsForm().Encode(), http.StatusBadRequest, 21604},
		"only the query":  {"application/x-www-form-urlencoded", messagesPath + "?" + smsForm().Encode(), "", http.StatusBadRequest, 21604},
		"malformed":       {"application/x-www-form-urlencoded", messagesPath, "To=%zz", http.StatusBadRequest, 20001},
		"far too large":   {"application/x-www-form-urlencoded", messagesPath, "Body=" + strings.Repeat("a", 1<<20), http.StatusRequestEntityTooLarge, 20001},
		"with a charset":  {"application/x-www-form-urlencoded; charset=utf-8", messagesPath, smsForm().Encode(), http.StatusCreated, 0},
		"upper-case type": {"Application/X-WWW-Form-Urlencoded", messagesPath, smsForm().Encode(), http.StatusCreated, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := w.do(t, http.MethodPost, test.path, test.body, func(r *http.Request) {
				r.SetBasicAuth(account, token)
				r.Header.Set("Content-Type", test.contentType)
			})

			assert.Equal(t, test.status, got.status, got.body)
			var problem struct{ Code int }
			got.decode(t, &problem)
			assert.Equal(t, test.code, problem.Code)
		})
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"one full":                   {strings.Repeat("a", 160), 1},
		"two":                        {strings.Repeat("a", 161), 2},
		"two full":                   {strings.Repeat("a", 306), 2},
		"three":                      {strings.Repeat("a", 307), 3},
		"extension costs two":        {strings.Repeat("€", 80), 1},
		"extension, one too many":    {strings.Repeat("€", 81), 2},
		"extension is not split":     {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		"the alphabet's own accents": {strings.Repeat("é", 160), 1},
		"UCS-2":                      {strings.Repeat("ł", 70), 1},
		"UCS-2, two":                 {strings.Repeat("ł", 71), 2},
		"surrogates cost two":        {strings.Repeat("🚐", 35), 1},
		"surrogates are not split":   {strings.Repeat("🚐", 67), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var resource struct {
				SID      string `json:"sid"`
				Segments string `json:"num_segments"`
			}

			w.sms(t, "Body", test.body).decode(t, &resource)
			m, err := w.Await(t.Context(), func(m sandbox.Message) bool { return m.SID == resource.SID })
			require.NoError(t, err)
			assert.Equal(t, test.want, m.Segments)
		})
	}
}

type messagePage struct {
	Messages []struct {
		SID, Body, To, Status, Direction string
		ErrorCode                        int `json:"error_code"`
	}
	Page            int     `json:"page"`
	PageSize        int     `json:"page_size"`
	Start           int     `json:"start"`
	End             int     `json:"end"`
	URI             string  `json:"uri"`
	FirstPageURI    string  `json:"first_page_uri"`
	NextPageURI     *string `json:"next_page_uri"`
	PreviousPageURI *string `json:"previous_page_uri"`
}

func (p messagePage) bodies() []string {
	bodies := []string{}
	for _, m := range p.Messages {
		bodies = append(bodies, m.Body)
	}

	return bodies
}

func (w *world) list(t *testing.T, uri string) messagePage {
	t.Helper()
	got := w.do(t, http.MethodGet, uri, "", asTwilioCaller)
	require.Equal(t, http.StatusOK, got.status, got.body)
	var page messagePage
	got.decode(t, &page)

	return page
}

func TestListPagesKeepTheirPlace(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for _, body := range []string{"1", "2", "3", "4", "5"} {
		w.sms(t, "Body", body)
		w.sms(t, "Body", body, "To", ben)
	}

	first := w.list(t, messagesPath+"?PageSize=2&To="+url.QueryEscape(ana))
	assert.Equal(t, []string{"5", "4"}, first.bodies(), "newest first")
	assert.Equal(t, []int{0, 2, 0, 1}, []int{first.Page, first.PageSize, first.Start, first.End})
	assert.Nil(t, first.PreviousPageURI)
	assert.Equal(t, first.FirstPageURI, first.URI)
	require.NotNil(t, first.NextPageURI)

	w.sms(t, "Body", "6")
	second := w.list(t, *first.NextPageURI)
	assert.Equal(t, []string{"3", "2"}, second.bodies(), "a newer message does not shift the page")
	assert.Equal(t, []int{1, 2, 2, 3}, []int{second.Page, second.PageSize, second.Start, second.End})
	require.NotNil(t, second.PreviousPageURI)
	assert.Equal(t, []string{"5", "4"}, w.list(t, *second.PreviousPageURI).bodies())

	last := w.list(t, *second.NextPageURI)
	assert.Equal(t, []string{"1"}, last.bodies())
	assert.Nil(t, last.NextPageURI)
	assert.Equal(t, []string{"6", "5"}, w.list(t, last.FirstPageURI).bodies())

	assert.Equal(
		t,
		[]string{"4", "3"},
		w.list(t, messagesPath+"?PageSize=2&Page=1&To="+url.QueryEscape(ana)).bodies(),
		"by number",
	)
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	w := setup(t)
	empty := w.list(t, messagesPath)
	assert.Empty(t, empty.Messages)
	assert.NotNil(t, empty.Messages, "an empty list, not null")
	assert.Equal(t, []int{0, 50, 0, 0}, []int{empty.Page, empty.PageSize, empty.Start, empty.End})

	w.sms(t, "Body", "to ana")
	w.sms(t, "Body", "to ben", "To", ben)
	w.sms(t, "Body", "from elsewhere", "From", "+15550002222")

	today := time.Now().UTC().Format(time.DateOnly)
	for query, want := range map[string][]string{
		"":                                      {"from elsewhere", "to ben", "to ana"},
		"To=" + url.QueryEscape(ben):            {"to ben"},
		"From=" + url.QueryEscape(ours):         {"to ben", "to ana"},
		"To=%2B10000000000":                     {},
		"PageSize=5000":                         {"from elsewhere", "to ben", "to ana"},
		"Page=9":                                {},
		"DateSent=" + today:                     {},
		"DateSent%3E=2020-01-01":                {},
		"DateSent%3C=" + "2099-01-01T00:00:00Z": {},
	} {
		assert.Equal(t, want, w.list(t, messagesPath+"?"+query).bodies(), query)
	}

	assert.Equal(t, 1000, w.list(t, messagesPath+"?PageSize=5000").PageSize)

	for _, query := range []string{"DateSent=yesterday", "PageToken=PASM0"} {
		assert.Equal(
			t,
			http.StatusBadRequest,
			w.do(t, http.MethodGet, messagesPath+"?"+query, "", asTwilioCaller).status,
			query,
		)
	}
}
