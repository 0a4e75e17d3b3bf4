package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"handrail/chat"
)

// headerVersion names the version of the API: in an answer the one that has answered, in a request the one that
// the client was made for.
const headerVersion = "Handrail-Version"

// APIVersion is the present version of the API: the day of its last change that could break a client.
const APIVersion = "2026-11-29"

// apiVersions are the versions that a client may ask for, the oldest first.
func apiVersions() []string { return []string{APIVersion} }

// checkVersion refuses a version that the client expects and that is none: it would be answered in another form.
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
