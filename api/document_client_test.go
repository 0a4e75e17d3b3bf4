package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
)

// clientDocument is the document from which the clients are generated.
const clientDocument = "../client/openapi.json"

// TestClientsKnowTheDocument holds the document that the clients are generated from to the whole one that is served.
// `make generate` writes it, and generates them anew.
func TestClientsKnowTheDocument(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(config *api.Config) { config.Version = "2" }) // that of the API: clients are not of one build
	served := w.do(t, request{method: http.MethodGet, path: "/docs/openapi.json", key: "-"})

	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, []byte(served.raw), "", "  "))
	indented.WriteByte('\n')

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(clientDocument, indented.Bytes(), 0o600))
	}

	committed, err := os.ReadFile(clientDocument)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(committed, indented.Bytes()), "the document has changed: run `make generate`")
}

// documentLimit is how many bytes the document may have that is served to programs.
const documentLimit = 150_000

// TestTheDocumentStaysSmall measures the document as it is sent without compression.
func TestTheDocumentStaysSmall(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	size := len(w.do(t, request{method: http.MethodGet, path: "/openapi.json", key: "-"}).raw)
	t.Logf("%d bytes", size)
	assert.Less(t, size, documentLimit)
}
