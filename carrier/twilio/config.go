package twilio

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const defaultBaseURL = "https://api.twilio.com"

// Config is an account of Twilio, and how it is reached.
type Config struct {
	AccountSID string
	// AuthToken authenticates as the account, unless an API key is given.
	AuthToken string
	// APIKeySID and APIKeySecret authenticate as an API key of the account.
	APIKeySID, APIKeySecret string
	// BaseURL is where the API is; "" is https://api.twilio.com. Any server that
	// speaks the API may stand there.
	BaseURL string
	// StatusCallbackURL is our own public origin, to which Twilio reports what became
	// of a message; "" asks for no reports. Twilio refuses hosts with an underscore.
	StatusCallbackURL string
	// Timeout bounds one submission; 0 is 30 seconds.
	Timeout time.Duration
	// Proxy chooses the proxy of a request, as in [http.Transport]; nil is none.
	Proxy func(*http.Request) (*url.URL, error)
}

// validate completes the configuration, or names the field that is wrong. It shows no
// value, because any could be a secret in the wrong place.
func (c *Config) validate() error {
	if c.AccountSID == "" {
		return errors.New("twilio: the account SID is missing")
	}

	if (c.APIKeySID == "") != (c.APIKeySecret == "") {
		return errors.New("twilio: an API key needs both its SID and its secret")
	}

	if c.AuthToken == "" && c.APIKeySID == "" {
		return errors.New("twilio: an auth token or an API key is needed")
	}

	if c.BaseURL == "" {
		c.BaseURL = defaultBaseURL
	}

	if err := checkURL("base URL", c.BaseURL); err != nil {
		return err
	}

	if c.StatusCallbackURL == "" {
		return nil
	}

	return checkURL("status callback URL", c.StatusCallbackURL)
}

func checkURL(name, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("twilio: the %s must be like https://host", name)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("twilio: the %s must have no user, query or fragment", name)
	case name != "base URL" && strings.Contains(u.Hostname(), "_"):
		return fmt.Errorf("twilio: the %s must have no underscore in its host", name)
	}

	return nil
}

// credentials are what requests authenticate with.
func (c *Config) credentials() (user, password string) {
	if c.APIKeySID != "" {
		return c.APIKeySID, c.APIKeySecret
	}

	return c.AccountSID, c.AuthToken
}
