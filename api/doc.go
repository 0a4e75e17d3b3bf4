// Package api owns Handrail's HTTP interface: the routes, who may use them, how a request
// is read and refused, and the OpenAPI document that describes them. It knows the domain
// and two interfaces, [Store] and [Engine]; what an action does, and how it survives a
// crash, is not its business.
//
// A request meets the checks in this order, and the first that fails answers:
//
//	401  the key (access.go)            429  the key's rate (limit.go)
//	404  the workspace of the path      403  the scope, or a place in the chat
//	404  the chat of the path           400  the path's ids, the query, the body
//
// (A path id that can be no id at all is a 400 after the 403.) Every refusal is a
// [chat.Error] turned into problem+json in one place, problem.go.
//
// Providers call under /webhooks, without a key: webhooks.go. Such a call is verified, decoded
// and stored in one transaction, then answered; workflows are told beside that, in
// notifier.go.
//
// A route is one call of register: method, path, access, handler, and what the document
// says of it. The document's JSON Schemas are what bodies are checked against, so it can
// not promise one thing while the service does another.
package api
