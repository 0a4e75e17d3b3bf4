// Package handrail holds the pages of documentation that stand in this folder and in docs/, for the guide that the
// programs serve.
package handrail

import "embed"

// Pages are the Markdown files of the documentation, and the pictures that they show.
//
//go:embed README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs/*.md docs/*.svg docs/console/*.png docs/decisions/*.md
var Pages embed.FS
