// Package sandbox is the outside world for development and tests: a stand-in for Twilio
// and SendGrid that speaks their HTTP APIs, keeps what it received, and shows it on a
// page. It owns the wire behaviour of the two providers as their documentation and
// libraries describe it, and the record of what really reached them; it knows nothing
// of the service under test.
//
// A small restaurant in it gives assistants something to do: HTTP tools that book tables
// and refund, honour an Idempotency-Key and verify signatures by Standard Webhooks, and an
// MCP server with a concierge. What they have done is kept and shown like the rest.
//
// It also receives the webhooks of the service under test, verifies them, and fails when
// it is told to.
//
// It does what follows an accepted message: statuses move, callbacks and events are
// told with the providers' signatures, customers answer, lists and logs can be searched.
// By rules that are set on its page, over HTTP or in Go it misbehaves on purpose: answers
// are lost, cut off or late, callbacks come twice, in disorder or never. Rules are kept
// in memory only. Webhooks are called on loopback only, unless the Config says otherwise.
//
// An arrival is written to the file and synced before it is acknowledged, so the file
// tells what a provider would have taken even when both sides were killed. What had not
// come to its end goes on when the file is opened again; a callback, event or answer that
// was being told then is not told again, and what was to be accepted late never is.
package sandbox
