package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) keyRoutes() {
	h.page("/settings/keys", h.showKeys)
	h.form("/settings/keys/{id}/revoke", deleteAt("/settings/keys", revokeKey), h.showKeys)
}

func (h *Handler) showKeys(v *viewer) (templ.Component, error) {
	answer, err := v.ListAPIKeysWithResponse(v.ctx(), v.ws(), &client.ListAPIKeysParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
		Kind:   client.IfGiven(client.KeyKind(v.URL.Query().Get("kind"))),
	})
	if err != nil {
		return nil, err
	}

	for _, key := range answer.JSON200.Items {
		v.learnNames(key.MemberID)
	}

	return keysPage(v, answer.JSON200.Items, v.nextPage("/settings/keys", answer.JSON200.NextCursor)), nil
}

func revokeKey(v *viewer, id int64) error {
	_, err := v.RevokeAPIKeyWithResponse(v.ctx(), v.ws(), id)

	return err
}

// keyKinds are the kinds of keys, of which the API lists one at a time. The first one is listed unless another is asked
// for.
var keyKinds = []struct {
	kind client.KeyKind
	name string
}{
	{client.KeyKindKey, "API keys"},
	{client.KeyKindSession, "sessions of this console"},
	{client.KeyKindLogin, "login links"},
}

// nameKeyState returns whether a key works, as a word with a tone.
func nameKeyState(v *viewer, key client.Key) (word, tone string) {
	switch {
	case key.RevokedAt != nil:
		return "revoked", tonePlain
	case key.ExpiresAt != nil && !v.now().Before(*key.ExpiresAt):
		return "expired", tonePlain
	}

	return "works", toneGood
}

// isWorking reports whether a key works.
func isWorking(v *viewer, key client.Key) bool {
	word, _ := nameKeyState(v, key)

	return word == "works"
}

// explainRevoke returns what revoking a key does, in a sentence.
func explainRevoke(v *viewer, key client.Key) string {
	if key.ID == v.me.ID {
		return "You are logged in with it: this logs you out."
	}

	return "Whoever uses it is refused at once. This cannot be undone."
}
