package twilio_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/twilio"
	"handrail/chat"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "a-token-that-must-not-leak"
	service = "MG00000000000000000000000000000002"
)

func testConfig(baseURL string) twilio.Config {
	return twilio.Config{
		AccountSID:        account,
		AuthToken:         token,
		BaseURL:           baseURL,
		StatusCallbackURL: "https://hr.example/",
	}
}

func newOutgoing() chat.Outgoing {
	return chat.Outgoing{
		DeliveryID: "01935c2e-7d1a-7000-8000-000000000001",
		MessageID:  "01935c2e-7d1a-7000-8000-000000000002",
		Fence:      3,
		Channel:    chat.ChannelSMS,
		From:       "+15550100",
		To:         "+15550199",
		Payload:    chat.Payload{Text: "Your order & more", Segments: 2},
		LeaseUntil: time.Now().Add(time.Hour),
	}
}

// submitTo submits to a server that gives this one answer.
func submitTo(t *testing.T, status int, header map[string]string, body string) chat.Submission {
	t.Helper()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}

		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))

	t.Cleanup(server.Close)
	c, err := twilio.New(testConfig(server.URL))
	require.NoError(t, err)

	return c.Submit(t.Context(), newOutgoing())
}

// sentRequest is the one request that a submission makes.
func sentRequest(t *testing.T, change func(*twilio.Config, *chat.Outgoing)) (*http.Request, url.Values) {
	t.Helper()
	var request *http.Request

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		request = r

		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM1"}`)
	}))
	defer server.Close()

	cfg, out := testConfig(server.URL), newOutgoing()
	change(&cfg, &out)
	c, err := twilio.New(cfg)
	require.NoError(t, err)
	require.Equal(t, chat.OutcomeAccepted, c.Submit(t.Context(), out).Outcome)

	return request, request.PostForm
}

func TestRequest(t *testing.T) {
	t.Parallel()
	request, form := sentRequest(t, func(*twilio.Config, *chat.Outgoing) {})
	user, password, _ := request.BasicAuth()
	assert.Equal(t, []string{account, token}, []string{user, password})
	assert.Equal(t, http.MethodPost, request.Method)
	assert.Equal(t, "/2010-04-01/Accounts/"+account+"/Messages.json", request.RequestURI)
	assert.Equal(t, "application/x-www-form-urlencoded", request.Header.Get("Content-Type"))
	assert.Empty(t, request.Header.Get("Idempotency-Key"))

	assert.Equal(t, url.Values{
		"From": {"+15550100"},
		"To":   {"+15550199"},
		"Body": {"Your order & more"},
		"StatusCallback": {
			"https://hr.example/webhooks/twilio/status?d=01935c2e-7d1a-7000-8000-000000000001&a=3#rc=5&rp=all",
		},
	}, form)
}

func TestRequestVariants(t *testing.T) {
	t.Parallel()

	request, form := sentRequest(t, func(c *twilio.Config, out *chat.Outgoing) {
		c.APIKeySID, c.APIKeySecret = "SK1", "key secret, with signs: ü"
		c.BaseURL += "/proxy/"
		c.StatusCallbackURL = ""
		out.From = service
	})

	user, password, _ := request.BasicAuth()
	assert.Equal(t, []string{"SK1", "key secret, with signs: ü"}, []string{user, password})
	assert.Equal(t, "/proxy/2010-04-01/Accounts/"+account+"/Messages.json", request.RequestURI)
	assert.Equal(t, service, form.Get("MessagingServiceSid"))
	assert.False(t, form.Has("From"))
	assert.False(t, form.Has("StatusCallback"))
}

func TestTheEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("TWILIO_EDGE", "dublin")
	t.Setenv("TWILIO_REGION", "ie1")
	request, _ := sentRequest(t, func(*twilio.Config, *chat.Outgoing) {})
	assert.Equal(t, "/2010-04-01/Accounts/"+account+"/Messages.json", request.RequestURI)
}

func TestAccepted(t *testing.T) {
	t.Parallel()

	s := submitTo(t, http.StatusCreated, map[string]string{"Twilio-Request-Id": "RQ1"},
		`{"sid":"SM1","status":"queued","num_segments":"3","error_code":null,"to":"+15550199"}`)

	assert.Equal(t, chat.Submission{
		Outcome:           chat.OutcomeAccepted,
		ProviderMessageID: "SM1",
		ProviderRequestID: "RQ1",
		DeliveryStatus:    chat.StatusQueued,
		Segments:          3,
		GotConnection:     true,
		HTTPStatus:        http.StatusCreated,
	}, s)

	s = submitTo(t, http.StatusCreated, nil, `{"sid":"SM1","status":"accepted","num_segments":"0"}`)
	assert.Equal(t, chat.StatusAccepted, s.DeliveryStatus)
	assert.Equal(t, 2, s.Segments, "with a messaging service, Twilio does not know yet")

	s = submitTo(t, http.StatusOK, nil, `{"sid":"SM1","status":"something new"}`)
	assert.Equal(t, chat.OutcomeAccepted, s.Outcome)
	assert.Equal(t, chat.StatusNone, s.DeliveryStatus)
}

func TestAnswers(t *testing.T) {
	t.Parallel()

	refusal := func(code string) string {
		return `{"code":` + code + `,"message":"The number +15550199 is not valid for Your order",` +
			`"more_info":"https://x","status":400}`
	}

	for name, c := range map[string]struct {
		status  int
		body    string
		outcome chat.SubmissionOutcome
		code    string
	}{
		// Success needs a SID.
		"201 without a SID":      {201, `{"status":"queued"}`, chat.OutcomeUnknown, "twilio_201"},
		"201 with an empty SID":  {201, `{"sid":""}`, chat.OutcomeUnknown, "twilio_201"},
		"201 with a null SID":    {201, `{"sid":null}`, chat.OutcomeUnknown, "twilio_201"},
		"201 with half a body":   {201, `{"sid":"SM1","sta`, chat.OutcomeUnknown, "twilio_201"},
		"201 without a body":     {201, ``, chat.OutcomeUnknown, "twilio_201"},
		"201 with HTML":          {201, `<html>`, chat.OutcomeUnknown, "twilio_201"},
		"201 with a refusal":     {201, refusal("21211"), chat.OutcomeUnknown, "twilio_201"},
		"204":                    {204, ``, chat.OutcomeUnknown, "twilio_204"},
		"302 with a SID":         {302, `{"sid":"SM1"}`, chat.OutcomeUnknown, "twilio_302"},
		"304":                    {304, ``, chat.OutcomeUnknown, "twilio_304"},
		"invalid number":         {400, refusal("21211"), chat.OutcomeRejected, "twilio_21211"},
		"not a mobile":           {400, refusal("21614"), chat.OutcomeRejected, "twilio_21614"},
		"opted out":              {400, refusal("21610"), chat.OutcomeSuppressed, "twilio_21610"},
		"filtered":               {400, refusal("21618"), chat.OutcomeRejected, "twilio_21618"},
		"too long":               {400, refusal("21617"), chat.OutcomeRejected, "twilio_21617"},
		"bad status callback":    {400, refusal("21609"), chat.OutcomeRejected, "twilio_21609"},
		"no text":                {400, refusal("21602"), chat.OutcomeRejected, "twilio_21602"},
		"country not permitted":  {400, refusal("21408"), chat.OutcomeBlocked, "twilio_21408"},
		"sender not ours":        {400, refusal("21606"), chat.OutcomeBlocked, "twilio_21606"},
		"no route":               {400, refusal("21612"), chat.OutcomeBlocked, "twilio_21612"},
		"not valid to send":      {400, refusal("21601"), chat.OutcomeBlocked, "twilio_21601"},
		"trial, from":            {400, refusal("21607"), chat.OutcomeBlocked, "twilio_21607"},
		"a landline":             {400, refusal("21635"), chat.OutcomeBlocked, "twilio_21635"},
		"a short code":           {400, refusal("21265"), chat.OutcomeBlocked, "twilio_21265"},
		"not a sender":           {400, refusal("21659"), chat.OutcomeBlocked, "twilio_21659"},
		"mismatch":               {400, refusal("21660"), chat.OutcomeBlocked, "twilio_21660"},
		"not for SMS":            {400, refusal("21661"), chat.OutcomeBlocked, "twilio_21661"},
		"service without sender": {400, refusal("21703"), chat.OutcomeBlocked, "twilio_21703"},
		"trial account":          {400, refusal("21608"), chat.OutcomeBlocked, "twilio_21608"},
		"queue full":             {400, refusal("21611"), chat.OutcomeNotProcessed, "twilio_21611"},
		"daily limit":            {400, refusal("63038"), chat.OutcomeNotProcessed, "twilio_63038"},
		"a new code":             {400, refusal("29999"), chat.OutcomeRejected, "twilio_29999"},
		"400 by who knows whom":  {400, `<html>Bad Request</html>`, chat.OutcomeUnknown, "twilio_400"},
		"400 without a code":     {400, `{"message":"x"}`, chat.OutcomeUnknown, "twilio_400"},
		"401":                    {401, refusal("20003"), chat.OutcomeBlocked, "twilio_20003"},
		"401 by a gateway":       {401, ``, chat.OutcomeBlocked, "twilio_401"},
		"403":                    {403, refusal("20008"), chat.OutcomeBlocked, "twilio_20008"},
		"403 with a new code":    {403, refusal("29999"), chat.OutcomeBlocked, "twilio_29999"},
		"404":                    {404, refusal("20404"), chat.OutcomeBlocked, "twilio_20404"},
		"404 by another server":  {404, `404 page not found`, chat.OutcomeBlocked, "twilio_404"},
		"405":                    {405, ``, chat.OutcomeBlocked, "twilio_405"},
		"408":                    {408, ``, chat.OutcomeUnknown, "twilio_408"},
		"409":                    {409, refusal("20409"), chat.OutcomeRejected, "twilio_20409"},
		"413":                    {413, ``, chat.OutcomeRejected, "twilio_413"},
		"429":                    {429, refusal("20429"), chat.OutcomeNotProcessed, "twilio_20429"},
		"429 whatever the code":  {429, refusal("21211"), chat.OutcomeNotProcessed, "twilio_21211"},
		"429 without a body":     {429, ``, chat.OutcomeNotProcessed, "twilio_429"},
		"500":                    {500, refusal("20500"), chat.OutcomeUnknown, "twilio_20500"},
		"500 with a known code":  {500, refusal("21211"), chat.OutcomeUnknown, "twilio_21211"},
		"502 with HTML":          {502, `<html>Bad Gateway</html>`, chat.OutcomeUnknown, "twilio_502"},
		"503 without a code":     {503, `{"message":"x"}`, chat.OutcomeUnknown, "twilio_503"},
		"504":                    {504, ``, chat.OutcomeUnknown, "twilio_504"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := submitTo(t, c.status, map[string]string{"Twilio-Request-Id": "RQ1"}, c.body)
			assert.Equal(t, c.outcome, s.Outcome)
			assert.Equal(t, c.code, s.ErrorCode)
			assert.Equal(t, c.status, s.HTTPStatus)
			assert.Equal(t, "RQ1", s.ProviderRequestID)
			assert.True(t, s.GotConnection)
			assert.Empty(t, s.ProviderMessageID)
			assert.Zero(t, s.RetryAfter)
			require.NotEmpty(t, s.ErrorMessage)

			for _, private := range []string{"15550199", "Your order", token, account, "127.0.0.1"} {
				assert.NotContains(t, s.ErrorMessage, private)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 7*time.Second, submitTo(t, 429, map[string]string{"Retry-After": "7"}, ``).RetryAfter)

	soon := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	wait := submitTo(t, 429, map[string]string{"Retry-After": soon}, ``).RetryAfter
	assert.InDelta(t, time.Minute, wait, float64(10*time.Second))

	assert.Zero(
		t,
		submitTo(t, 503, map[string]string{"Retry-After": "7"}, ``).RetryAfter,
		"an unknown outcome is not tried again",
	)
}

func TestConfig(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change func(*twilio.Config)
		want   string
	}{
		"no account":            {func(c *twilio.Config) { c.AccountSID = "" }, "account SID"},
		"no credentials":        {func(c *twilio.Config) { c.AuthToken = "" }, "auth token or an API key"},
		"half an API key":       {func(c *twilio.Config) { c.APIKeySID = "SK1" }, "both its SID and its secret"},
		"no scheme":             {func(c *twilio.Config) { c.BaseURL = "api.twilio.com" }, "base URL"},
		"other scheme":          {func(c *twilio.Config) { c.BaseURL = "ftp://api.twilio.com" }, "base URL"},
		"base URL with secret":  {func(c *twilio.Config) { c.BaseURL = "https://user:" + token + "@api.twilio.com" }, "base URL"},
		"broken base URL":       {func(c *twilio.Config) { c.BaseURL = "https://" + token + "%" }, "base URL"},
		"callback with a query": {func(c *twilio.Config) { c.StatusCallbackURL = "https://hr.example/?a=b" }, "status callback URL"},
		"callback underscore":   {func(c *twilio.Config) { c.StatusCallbackURL = "https://h_r.example" }, "underscore"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cfg := testConfig("")
			c.change(&cfg)
			_, err := twilio.New(cfg)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), token)
		})
	}

	_, err := twilio.New(testConfig(""))
	require.NoError(t, err)
}
