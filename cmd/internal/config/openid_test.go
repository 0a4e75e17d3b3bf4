package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
)

// TestOpenIDIsGivenWhole names the variable that is missing or wrong.
func TestOpenIDIsGivenWhole(t *testing.T) {
	t.Parallel()

	whole := map[string]string{
		"HANDRAIL_OPENID_ISSUER":        "https://accounts.example.com",
		"HANDRAIL_OPENID_CLIENT_ID":     "handrail",
		"HANDRAIL_OPENID_CLIENT_SECRET": "secret",
		"HANDRAIL_PUBLIC_URL":           "https://handrail.example.com",
	}

	load := func(name, value string) error {
		environ := []string{"DATABASE_URL=postgres://localhost/handrail"}

		for key, given := range whole {
			if key == name {
				given = value
			}

			environ = append(environ, key+"="+given)
		}

		_, err := config.Load(environ)

		return err
	}

	require.NoError(t, load("", ""))

	for name := range whole {
		require.ErrorContains(t, load(name, ""), name)
	}

	require.ErrorContains(t, load("HANDRAIL_OPENID_ISSUER", "http://accounts.example.com"), "HANDRAIL_OPENID_ISSUER")
}
