// Package carrier owns what every way out of Handrail shares: one HTTP post that is made
// at most once and knows whether it reached a connection, what an HTTP status means for
// a message, and the carrier of web chats, which is Handrail itself. The adapters to
// Twilio and SendGrid are the packages below it.
//
// Neither provider has an idempotency key for sending. So nothing here retries, follows a
// redirect or guesses: an outcome that is not clearly known is [chat.OutcomeUnknown].
package carrier
