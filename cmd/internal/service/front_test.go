package service_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// front is an address that stays the same while what serves it is stopped and started, as
// a load balancer has it.
type front struct {
	url    string
	behind atomic.Pointer[url.URL]
}

func newFront(t *testing.T) *front {
	t.Helper()

	f := &front{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.behind.Load()) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.behind.Load() == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}

		proxy.ServeHTTP(w, r)
	}))

	t.Cleanup(server.Close)
	f.url = server.URL

	return f
}

func (f *front) serves(origin string) {
	u, err := url.Parse(origin)
	if err != nil {
		panic(err)
	}

	f.behind.Store(u)
}
