// Package chaos owns the trial behind Handrail's promise: it runs a whole installation as
// processes of their own, sends through it while providers misbehave and while it makes trouble
// of many kinds itself, and then compares three truths: what callers were told, what the
// database says, and what the providers really got.
//
// A kind of trouble is a [disturbance]; a [scheduler] plays each of them at least once and
// counts them. What one send came to is its [verdict].
package chaos
