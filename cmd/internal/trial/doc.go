// Package trial has no code of its own: its folder holds what tries Handrail's programs from
// the outside, as processes on this machine.
//
// Three packages run whole installations, which package testcluster starts and stops: package
// bench measures how fast they are, package fuzzapi compares their answers with the API's
// document, and package chaos checks that they keep their promise while providers misbehave,
// processes are killed, and people interfere. The programs handrail-bench and handrail-chaos
// are their command lines. Package pgproxy stands between
// an installation and its database, and makes trouble there.
//
// Package programtest is for the tests of the programs themselves: there, the test binary
// becomes the program. Package handrail/freeport finds the ports that all of them listen on.
//
// No production code imports any of these packages.
package trial
