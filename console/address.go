package console

import "context"

// addressMark is the context key of the browser's address.
type addressMark struct{}

func withBrowserAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressMark{}, address)
}

// BrowserAddress returns the address and port of the browser for which a request to the API is made, as in
// [http.Request.RemoteAddr]; "" when there is none. The API limits failed logins by it.
func BrowserAddress(ctx context.Context) string {
	address, _ := ctx.Value(addressMark{}).(string)

	return address
}
