package config

import (
	"errors"
	"net/url"
)

// checkOpenID returns what is missing or wrong in the settings of OpenID Connect. Without an issuer, nobody logs in by
// it.
func (c *Config) checkOpenID() []error {
	if c.OpenIDIssuer == "" {
		if c.OpenIDClientID != "" || c.OpenIDClientSecret != "" {
			return []error{errors.New("HANDRAIL_OPENID_ISSUER must be given with HANDRAIL_OPENID_CLIENT_ID")}
		}

		return nil
	}

	var all []error

	issuer, err := url.Parse(c.OpenIDIssuer)
	if err != nil || issuer.Scheme != "https" || issuer.Host == "" {
		all = append(all, errors.New("HANDRAIL_OPENID_ISSUER must be like https://accounts.example.com"))
	}

	if c.OpenIDClientID == "" {
		all = append(all, errors.New("HANDRAIL_OPENID_CLIENT_ID must be given with HANDRAIL_OPENID_ISSUER"))
	}

	if c.OpenIDClientSecret == "" {
		all = append(all, errors.New("HANDRAIL_OPENID_CLIENT_SECRET must be given with HANDRAIL_OPENID_ISSUER"))
	}

	if c.PublicURL == "" {
		all = append(
			all,
			errors.New("HANDRAIL_OPENID_ISSUER needs HANDRAIL_PUBLIC_URL: the provider sends browsers there"),
		)
	}

	return all
}
