// Package sendgrid submits email to Twilio SendGrid, and says of every try what it came
// to. It asks SendGrid's logs about messages of which that is not known, and reads what
// SendGrid posts to us: events about messages, and the emails of customers.
//
// It uses SendGrid's mail structs and request, and not its client: that one writes the
// message on a shared receiver, has no timeout, and follows redirects.
package sendgrid
