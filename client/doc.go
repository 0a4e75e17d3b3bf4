// Package client calls Handrail's API. Its types and its methods are generated from the OpenAPI document that the
// server serves, by `make generate`; what stands beside them is written by hand: [New], errors ([Error]), waiting
// ([API.WaitForAction]), keys ([NewIdempotencyKey]) and lists ([Items]).
//
//	api, err := client.New("https://handrail.example.com", key)
//	…
//	sent, err := api.SendAssistantMessageWithResponse(
//		ctx, workspace, chatID,
//		&client.SendAssistantMessageParams{IdempotencyKey: new(client.NewIdempotencyKey())},
//		client.Send{Message: "Your table is booked."},
//	)
//
// Each operation has two methods. The one that ends with WithResponse decodes the answer into the field that is named
// after its status: JSON200 is set when the server has answered 200, JSON202 when it has answered 202; Body has it as
// it came. The other one returns the answer for [Items] to read. Both return an [Error] for what the server refuses, an
// [UnreachableError] when there is no answer, and an [UnexpectedAnswerError] when something else than Handrail answers.
//
// A request is repeated when the server is busy or the way to it is broken, if that does no harm: a GET, a PUT, one
// with an Idempotency-Key, and one that is marked by [Repeatable].
package client
