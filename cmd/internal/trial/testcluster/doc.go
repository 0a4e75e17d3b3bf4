// Package testcluster owns whole installations for trials: PostgreSQL, Temporal, the sandbox and
// Handrail's processes, each a process of its own on this machine, in one folder that can
// be thrown away, with a workspace to send in.
package testcluster
