package carrier_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier"
	"handrail/chat"
)

// What a status means is said in the same words with the answer and with its code.
func TestVerdictsByStatusAreThoseOfTheCodes(t *testing.T) {
	t.Parallel()

	for _, status := range []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusTooManyRequests,
	} {
		verdict := carrier.ByStatus(status, true)

		for _, code := range []string{"sendgrid_" + strconv.Itoa(status), chat.TwilioCode(status)} {
			known, found := chat.FindProviderCode(code)
			require.True(t, found, code)
			assert.Equal(t, known.Meaning, verdict.Words, code)
		}
	}
}
