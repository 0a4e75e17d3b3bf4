package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"handrail/chat"
)

// headerVersion is the header with the version of the API: in an answer the current one, in a request the one that the
// client was made for.
const headerVersion = "Handrail-Version"

// APIVersion is the current version of the API: the date of its last change that could break clients.
const APIVersion = "2026-11-29"

// apiVersions are the versions that a client may ask for, the oldest first.
func apiVersions() []string { return []string{APIVersion} }

// checkVersion refuses a request for a version that does not exist, whose client would expect other answers.
func checkVersion(ctx huma.Context, _ *requestInfo) error {
	const field = "header." + headerVersion

	asked := humafiber.Unwrap(ctx).Request().Header.PeekAll(headerVersion)

	switch {
	case len(asked) > 1:
		return chat.Invalid(field, "must be given once")
	case len(asked) == 1 && !slices.Contains(apiVersions(), string(asked[0])):
		return chat.Invalid(field, "must be a version of this API: %s", strings.Join(apiVersions(), ", "))
	}

	return nil
}
