package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	"handrail/chat"
	handrail "handrail/client"
)

// newClients makes a client for each key. They repeat nothing: what is refused or takes too long is to be seen.
func newClients(address string, secrets []string) ([]*handrail.API, error) {
	doer := newHTTP()
	clients := make([]*handrail.API, len(secrets))

	for i, secret := range secrets {
		api, err := handrail.New(address, secret, handrail.WithDoer(doer), handrail.WithRetries(1, 0))
		if err != nil {
			return nil, fmt.Errorf("make a client for the bench: %w", err)
		}

		clients[i] = api
	}

	return clients, nil
}

// apiOf gives callers keys in turn: one may make only so many requests in a second.
func (a *actor) apiOf(caller int) *handrail.API {
	return a.apis[(caller+int(a.turn.Load()))%len(a.apis)]
}

// workspace is where everything is done.
func (a *actor) workspace() string { return string(a.seeded.Workspace) }

// question asks the API for an action, under an Idempotency-Key.
type question func(api *handrail.API, key *string) (*http.Response, error)

// request asks for an action, and returns its workflow.
func (a *actor) request(caller int, ask question) (string, error) {
	key := uuid.NewString()
	err := finish(ask(a.apiOf(caller), &key))

	return chat.ActionWorkflowID(a.seeded.Workspace, a.engine.ActionID(a.seeded.Workspace, key)), err
}

// sendIn sends in a chat.
func (a *actor) sendIn(ctx context.Context, caller int, id chat.ChatID, send handrail.Send) (string, error) {
	return a.request(caller, func(api *handrail.API, key *string) (*http.Response, error) {
		return api.SendAssistantMessage(
			ctx,
			a.workspace(),
			int64(id),
			&handrail.SendAssistantMessageParams{IdempotencyKey: key},
			send,
		)
	})
}

// write adds a message to a chat.
func (a *actor) write(ctx context.Context, caller int, id chat.ChatID, content string) error {
	return finish(a.apiOf(caller).CreateMessage(
		ctx,
		a.workspace(),
		int64(id),
		&handrail.CreateMessageParams{},
		handrail.NewMessage{Content: content},
	))
}

// finish reads an answer, which must tell of something that is done, and not promise it.
func finish(response *http.Response, err error) error {
	if err != nil {
		return err
	}

	defer func() { _ = response.Body.Close() }() // read to its end

	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("read the API's answer: %w", err)
	}

	if response.StatusCode == http.StatusAccepted {
		return fmt.Errorf(
			"%s was answered with 202: the machine is too slow, or there are too many callers",
			response.Request.URL.Path,
		)
	}

	return nil
}
