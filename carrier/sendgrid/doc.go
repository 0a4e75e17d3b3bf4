// Package sendgrid submits email to Twilio SendGrid, and says of every try what it came
// to.
//
// It uses SendGrid's mail structs and request, and not its client: that one writes the
// message on a shared receiver, has no timeout, and follows redirects.
package sendgrid
