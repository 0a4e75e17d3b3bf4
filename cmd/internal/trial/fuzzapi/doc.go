// Package fuzzapi makes random requests for every operation of the OpenAPI document of a running Handrail: valid ones,
// ones with values at their limits, and wrong ones. It compares each answer with the document.
//
// A request depends on the seed, its number, and the ids in earlier answers. So the same seed makes the same requests,
// except for ids. Each fault is reported with its request as a command for the shell.
package fuzzapi
