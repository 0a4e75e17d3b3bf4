package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"handrail/client"
	"handrail/cmd/internal/service"
)

// remote are the flags of every command that calls the REST API. None of the server's own
// settings is needed for them.
type remote struct {
	URL       string `from:"HANDRAIL_URL" default:"http://127.0.0.1:8080" help:"Where the API is ($HANDRAIL_URL)."`
	Key       string `from:"HANDRAIL_API_KEY" placeholder:"hr_…" help:"An API key ($HANDRAIL_API_KEY). Other users of this machine can see the flag, but not the variable."`
	Workspace string `from:"HANDRAIL_WORKSPACE" placeholder:"UUID" help:"The workspace's id ($HANDRAIL_WORKSPACE)."`
	JSON      bool   `help:"Write the API's JSON."`
}

// fromEnvironment fills the flags that have the tag from.
func fromEnvironment(c *console) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if !flag.Tag.Has("from") {
			return nil, nil
		}

		if value := c.variable(flag.Tag.Get("from")); value != "" {
			return value, nil
		}

		return nil, nil
	}
}

// requestTimeout exceeds the longest that the API lets a request wait, a minute.
const requestTimeout = 90 * time.Second

// tries is how often a request is made that may be repeated.
const tries = 4

// dial returns a client of the API. Nothing is sent yet.
func (r *remote) dial(c *console) (*apiClient, error) { return r.dialFor(c, requestTimeout) }

// dialFor returns a client whose requests take so long at most.
func (r *remote) dialFor(c *console, timeout time.Duration) (*apiClient, error) {
	switch {
	case r.Key == "":
		return nil, &exitError{errors.New("an API key is needed: set HANDRAIL_API_KEY or give --key"), exitUsage}
	case r.Workspace == "":
		return nil, &exitError{
			errors.New("a workspace is needed: set HANDRAIL_WORKSPACE, or give --workspace"),
			exitUsage,
		}
	}

	api, err := client.New(
		r.URL,
		r.Key,
		client.WithUserAgent("handrail/"+service.Version),
		client.WithTimeout(timeout),
		client.WithRetries(tries, c.every),
	)
	if err != nil {
		return nil, &exitError{errors.New("--url (HANDRAIL_URL) must be like https://handrail.example.com"), exitUsage}
	}

	return &apiClient{
		console:   c,
		API:       api,
		workspace: r.Workspace,
		shown:     r.URL,
	}, nil
}

// line returns a command that does the same as args would here, ready to paste: with the flags
// that this command was given and the environment does not hold. The key is left out.
func (r *remote) line(c *console, args string) string {
	var b strings.Builder
	b.WriteString("handrail " + args)

	if r.URL != c.variable("HANDRAIL_URL") && r.URL != defaultURL {
		fmt.Fprintf(&b, " --url %s", r.URL)
	}

	if r.Workspace != c.variable("HANDRAIL_WORKSPACE") {
		fmt.Fprintf(&b, " --workspace %s", r.Workspace)
	}

	return b.String()
}

const defaultURL = "http://127.0.0.1:8080"
