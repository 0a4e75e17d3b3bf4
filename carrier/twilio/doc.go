// Package twilio submits SMS to Twilio's Programmable Messaging, and says of every try
// what it came to. What an error code of Twilio means for a message is data, in codes.go.
//
// It uses the parts of twilio-go that describe the API, and not its HTTP client: that one
// knows no context, loses the HTTP status, and takes redirects for success.
package twilio
