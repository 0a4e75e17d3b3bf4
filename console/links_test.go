package console_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/console"
)

func TestPagesLinkToTheSandboxAndToTemporal(t *testing.T) {
	t.Parallel()

	e := newEnv(t, actionReplies(actionOf(``)), func(c *console.Config) {
		c.Sandbox = "http://127.0.0.1:8026/"
		c.Temporal = "https://temporal.example.com/namespaces/handrail"
	})

	page := e.get("/actions/" + theAction)
	assert.Contains(t, page, `<a href="http://127.0.0.1:8026/">Sandbox</a>`)
	assert.Contains(t, page, `<a href="https://temporal.example.com/namespaces/handrail">Temporal</a>`)
	assert.Contains(t, page, `<a href="https://temporal.example.com/namespaces/handrail/workflows/action:1"`)

	page = newEnv(t, actionReplies(actionOf(``))).get("/actions/" + theAction)
	assert.NotContains(t, page, ">Sandbox</a>")
	assert.NotContains(t, page, ">Temporal</a>")
	assert.NotContains(t, page, "Its run in Temporal")
}

func TestThePageOfComponentsIsForWhoeverWorksOnThem(t *testing.T) {
	t.Parallel()

	for shows, status := range map[bool]int{true: http.StatusOK, false: http.StatusNotFound} {
		e := newEnv(t, nil, func(c *console.Config) { c.ShowsComponents = shows })
		answer := httptest.NewRecorder()
		e.pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, console.Root+"/components", nil))
		assert.Equal(t, status, answer.Code)
	}
}
