package db_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/budget"
	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// A page ends before it is large, with a cursor, and the next one goes on there.
func TestPagesAreBoundedInBytes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		long := strings.Repeat("€", chat.MaxInboundText)
		const count = 20

		for i := range count {
			in := newText("+14155550123", long)
			in.Key = fmt.Sprint("long:", i)
			in.From = w.Customer.Phone
			in.Original = long
			receiveInbound(t, s, in, time.Now())
		}

		seen := map[int64]bool{}
		page := chat.MessagePage{Page: chat.Page{Limit: 100}}

		for pages := 0; ; pages++ {
			require.Less(t, pages, count+5)
			list, err := s.Messages(t.Context(), w.Workspace, w.SMS.ID, page)
			require.NoError(t, err)
			require.NotEmpty(t, list.Items)

			encoded, err := json.Marshal(list.Items) //nolint:musttag // only its size counts
			require.NoError(t, err)
			assert.Less(t, len(encoded), budget.MaxPage+10_000)

			for _, m := range list.Items {
				assert.False(t, seen[m.Number])
				seen[m.Number] = true
			}

			if list.NextCursor == "" {
				break
			}

			page.Cursor = list.NextCursor
		}

		assert.GreaterOrEqual(t, len(seen), count)

		inbound, err := s.Inbound(t.Context(), w.Workspace, chat.InboundFilter{Page: chat.Page{Limit: 100}})
		require.NoError(t, err)
		assert.Len(t, inbound.Items, count, "what is small is listed as before")
		assert.Empty(t, inbound.NextCursor)
	})
}
