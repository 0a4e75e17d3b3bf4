// Package workflows owns the workflow logic: what an action does, in which order, how long it
// waits for what, and what is final. One file per workflow. Package engine starts them and
// waits for their answers.
//
// A workflow does nothing itself. Every activity is a [Step] that worker binds to a method of
// activities; the two meet in the step's types, so that a mismatch does not compile.
//
// Whatever an operator needs to understand an open workflow is said in words in the
// Temporal UI: a summary at the start, the current details at every turn, a summary for
// every activity, and search attributes. None of these carries a message's text, an
// address or a key.
package workflows
