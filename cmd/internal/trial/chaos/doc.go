// Package chaos owns the trial behind Handrail's promise: it runs a whole installation as
// processes of their own, sends through it while providers misbehave and processes are
// killed, and then compares three truths: what callers were told, what the database says,
// and what the providers really got.
package chaos
