package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"handrail/client"
)

// serve returns a client of a server that answers every request with a body.
func serve(status int, body string) (api *client.API, end func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))

	api, err := client.New(server.URL, "hr_live_…")
	if err != nil {
		panic(err)
	}

	return api, server.Close
}

// A send is answered 200 when the provider took it, and 202 while it is still being delivered.
func Example() {
	api, end := serve(http.StatusOK, `{"success":true,"delivery":{"status":"accepted"}}`)
	defer end()

	ctx := context.Background()
	sent, err := api.SendAssistantMessageWithResponse(
		ctx, workspace, 7,
		&client.SendAssistantMessageParams{IdempotencyKey: new("order-4711")},
		client.Send{Message: "Your table is booked."},
	)

	switch {
	case err != nil:
		fmt.Println(err)

	case sent.JSON202 != nil:
		ended, err := api.WaitForAction(ctx, workspace, sent.JSON202.ActionID)
		fmt.Println(ended.State, err)

	default:
		fmt.Println(sent.JSON200.Delivery.Status)
	}
	// Output: accepted
}

// Each entry of a list, however many pages it has.
func ExampleItems() {
	api, end := serve(http.StatusOK, `{"items":[{"id":7,"title":"A table"}],"next_cursor":null}`)
	defer end()

	chats := client.Items[client.Chat](func(cursor *string) (*http.Response, error) {
		return api.ListChats(context.Background(), workspace, &client.ListChatsParams{Cursor: cursor})
	})

	for chat, err := range chats {
		if err != nil {
			fmt.Println(err)
			return
		}

		fmt.Println(chat.ID, chat.Title)
	}
	// Output: 7 A table
}

// A refusal has a code, which stays the same, and a sentence for people.
func ExampleError() {
	api, end := serve(http.StatusNotFound, `{"code":"chat_not_found","detail":"there is no chat 8","status":404}`)
	defer end()

	_, err := api.GetChatWithResponse(context.Background(), workspace, 8, nil)

	if refusal, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(refusal.Code)
		fmt.Println(refusal.Detail)
	}
	// Output:
	// chat_not_found
	// there is no chat 8
}
