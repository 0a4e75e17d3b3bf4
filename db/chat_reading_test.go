package db_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// A summary's text and labels are stored at once, and must be seen at once.
func TestAChatIsReadAsItWasAtOneMoment(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")

		write := func(n int) {
			label := []string{"vip", "billing"}[n%2]
			beginSummary(t, s, summaryStart(w, withLabels, inFull)).save(t, s, label, sureChoice(label))
		}

		write(0)

		over := make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			for {
				select {
				case <-over:
					return

				default:
				}

				c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)

				list, errList := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: pageOfTen()})
				if err = errors.Join(err, errList); err != nil {
					t.Error(err)
					return
				}

				for _, c := range append(list.Items, c) {
					if c.ID == w.SMS.ID && assert.Len(t, c.Labels, 1) {
						assert.Contains(t, []string{"vip VIP", "billing Billing"}, c.Summary+" "+c.Labels[0].Name)
					}
				}
			}
		})

		for n := range 60 {
			write(n)
		}

		close(over)
		reading.Wait()
	})
}
