package console

import (
	"github.com/microcosm-cc/bluemonday"

	"handrail/client"
)

// mailPolicy leaves an email what a frame may show: no styles, which the policy of pages forbids, and no pictures,
// which would be asked of other servers.
var mailPolicy = newMailPolicy()

// mailAnchor is where the page of a delivery shows its email.
const mailAnchor = "mail"

// nameMail returns what the email of a delivery is called: it is kept as the provider gets it.
func nameMail(d *client.Delivery) string {
	if d.Submission == client.SubmissionStateAccepted {
		return "The email as it was sent"
	}

	return "The email as the provider is to get it"
}

func newMailPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre",
		"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowStandardURLs()

	return p
}
