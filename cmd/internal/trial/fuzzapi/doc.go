// Package fuzzapi asks a running Handrail for everything that its OpenAPI document has: with requests that are
// right, at the bounds of what is right, and wrong. It compares each answer with the document.
//
// A request follows from the seed and its number, and from the ids that earlier answers have had. So the same
// seed asks the same again, but for ids; and each fault comes with the request as a line for the shell.
package fuzzapi
