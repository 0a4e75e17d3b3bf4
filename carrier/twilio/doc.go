// Package twilio submits SMS to Twilio's Programmable Messaging, and says of every try
// what it came to. It asks Twilio about messages of which that is not known, and reads
// what Twilio posts to us: reports on messages, and the texts of customers. What an error
// code of Twilio means is data: in codes.go for messages that it refused, in reports.go
// for those that it took.
//
// It uses the parts of twilio-go that describe the API, and not its HTTP client: that one
// knows no context, loses the HTTP status, and takes redirects for success.
package twilio
