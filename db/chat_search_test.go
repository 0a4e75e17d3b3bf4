package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestASearchFindsRareAndCommonTexts(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		fillWorkspace(t, s, w)
		addMessage(t, s, w, w.SMS.ID, "A zebra in the parcel")
		addMessage(t, s, w, w.SMS.ID, "Two zebras!")
		addMessage(t, s, other, other.SMS.ID, "My zebra")

		title, before := "Zebra crossing", "A giraffe"
		for _, patch := range []chat.ChatPatch{{Title: &before}, {Title: &title}} {
			_, err := s.UpdateChat(t.Context(), w.Workspace, w.By, 10007, patch)
			require.NoError(t, err)
		}

		found := func(text string) []chat.ChatID {
			var ids []chat.ChatID
			for _, c := range readPages(t, 100, func(p chat.Page) (chat.List[chat.Chat], error) {
				return s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Query: text, Page: p})
			}) {
				ids = append(ids, c.ID)
			}

			return ids
		}

		assert.Equal(t, []chat.ChatID{w.SMS.ID, 10007}, found("ZEBRA"), "each chat once, by the last activity")
		assert.Len(t, found("text"), 1000, "in six messages of each of a thousand chats")
		assert.Empty(t, found("giraffe"))
		assert.Empty(t, found("zebra%parcel"))
		assert.Equal(t, []chat.ChatID{w.SMS.ID}, found("o z"), "too short for the index of words")
	})
}

func TestRareTextsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)
	fillWorkspace(t, s, w)

	watch := &watcher{}
	_, err := s.Watched(watch).Chats(t.Context(), w.Workspace, chat.ChatFilter{Query: "zebra"})
	require.NoError(t, err)
	plan := explainQuery(t, s, watch.queries[0])
	assert.Contains(t, plan, "messages_words")
}

// TestASearchFindsChatsFromBeforeTheirTextsWereKeptApart migrates a database as it was
// before.
func TestASearchFindsChatsFromBeforeTheirTextsWereKeptApart(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)
	title := "Zebra crossing"
	_, err := s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{Title: &title})
	require.NoError(t, err)

	for _, before := range []string{
		"DROP TABLE chat_texts", "DROP TRIGGER chats_texts_kept ON chats", "DROP FUNCTION keep_chat_texts",
		"CREATE INDEX chats_words ON chats (title)", "DELETE FROM bun_migrations WHERE name = '20261123000006'",
	} {
		_, err := s.Bun().NewRaw(before).Exec(t.Context())
		require.NoError(t, err, before)
	}

	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)
	list, err := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Query: "zebra", Page: chat.Page{Limit: 10}})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	assert.Equal(t, w.SMS.ID, list.Items[0].ID)
	var old bool
	require.NoError(t, s.Bun().NewRaw("SELECT to_regclass('chats_words') IS NOT NULL").Scan(t.Context(), &old))
	assert.False(t, old, "the index that every message wrote to is gone")
}
