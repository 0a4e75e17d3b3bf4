// Package sandbox is the outside world for development and tests: a stand-in for Twilio
// and SendGrid that speaks their HTTP APIs, keeps what it received, and shows it on a
// page. It owns the wire behaviour of the two carriers as their documentation and
// libraries describe it, and the record of what really reached them; it knows nothing
// of the service under test.
//
// An arrival is written to the file and synced before it is acknowledged, so the file
// tells what a carrier would have taken even when both sides were killed.
package sandbox
