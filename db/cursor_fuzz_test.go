package db_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/internal/growth"
)

// FuzzCursor holds that what is no cursor is the caller's fault and never ours.
func FuzzCursor(f *testing.F) {
	f.Add("WyJsaXN0IiwxLCJhIl0")
	f.Add("")
	f.Add("e30")
	f.Add("!!")

	f.Fuzz(func(t *testing.T, cursor string) {
		growth.Check(t, len(cursor), func() {
			if err := db.ReadCursor(cursor); err != nil {
				require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
			}
		})
	})
}
