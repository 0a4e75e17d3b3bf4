// Package api owns Handrail's HTTP interface: the routes, who may use them, how a request
// is read and refused, and the OpenAPI document that describes them. It knows the domain
// and two interfaces, [Store] and [Engine]; what an action does, and how it survives a
// crash, is not its business.
//
// A request meets the checks in this order, and the first that fails answers:
//
//  1. 429: the rate of the address (withinAddressRate, in limit.go).
//  2. 401: the key (authenticate, in access.go).
//  3. 429: the rate of the key, and of its workspace (withinRate, withinWorkspaceRate).
//  4. 404: the workspace of the path (inWorkspace).
//  5. 403: the scope, or a place in the chat (permit). Who may use an action or a contributor
//     request depends on it, so it is found here, and may be a 404.
//  6. 400: the ids of the path (readIDs, in path.go).
//  7. 404: the chat or the delivery of the path (loadChat, loadDelivery).
//  8. 400: the version, the query, the Idempotency-Key, and the body (checkVersion, checkQuery, checkKey, readBody).
//  9. 409: the Idempotency-Key of another request (once, in keyed_requests.go; actions: act.go). A request that repeats
//     an earlier one is answered here, and also when its chat is gone.
//
// Every refusal is a [chat.Error] turned into problem+json in one place, problem.go.
//
// Providers call under /webhooks, without a key: webhooks.go. Such a call is verified, decoded
// and stored in one transaction, then answered; workflows are signaled beside that, in
// notifier.go.
//
// A route is one call of registerRoute: a handler, and a route that says who may use it, what
// is loaded before the handler runs, and what the document says of it. A handler gets the ids
// of the path as fields of its input with the tag inPath. New fails when a route does not
// declare what its path names, or an input has a field that the path does not fill.
//
// The document's JSON Schemas are what bodies are checked against, so it cannot promise one
// thing while the service does another.
package api
