// Package carrier owns what every way out of Handrail shares: one HTTP post that is made
// at most once and knows whether it reached a connection, what an HTTP status means for
// a message, and the provider of web chats, which is Handrail itself. The adapters to
// Twilio and SendGrid are the packages below it.
//
// Questions to a provider change nothing there; they may be asked again, and a failed one
// says nothing about the message.
//
// Neither provider has an idempotency key for sending. So nothing that sends retries,
// follows a redirect or guesses: an outcome that is not clearly known is
// [chat.OutcomeUnknown].
package carrier
