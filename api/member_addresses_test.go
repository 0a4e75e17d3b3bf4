package api_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// Every row is a number of the paper as people type it, and its one form.
func TestNumbersAreTakenInOneForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for typed, form := range map[string]string{
		"+4407911123456": "+447911123456",
		"+4901711234567": "+491711234567",
		"+330612345678":  "+33612345678",
		"+610412345678":  "+61412345678",
		"+114155550123":  "+14155550123",
		"+390612345678":  "+390612345678",
	} {
		a := w.do(t, request{
			method: http.MethodPost,
			path:   workspaceURL("/members"),
			body:   `{"name":"Ana","phone":"` + typed + `","email":"Ana@MÜLLER.example"}`,
		})
		require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
		assert.Equal(t, form, w.store.member.Phone)
		assert.Equal(t, form, a.json["phone"])
		assert.Equal(t, "Ana@xn--mller-kva.example", w.store.member.Email)

		a = w.do(t, request{
			method: http.MethodPatch,
			path:   workspaceURL("/members/42"),
			body:   `{"phone":"` + typed + `","email":"Ana@Example.COM"}`,
		})
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, []string{form, "Ana@example.com"}, []string{*w.store.memberPatch.Phone, *w.store.memberPatch.Email})

		a = w.do(t, request{method: http.MethodPost, path: workspaceURL("/phone-numbers"), body: `{"number":"` + typed + `"}`})
		require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
		assert.Equal(t, form, a.json["number"])

		a = w.do(t, request{
			method: http.MethodGet,
			path:   workspaceURL("/members?phone=" + url.QueryEscape(typed) + "&email=Ana@Example.COM"),
		})
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(
			t,
			[]string{form, "Ana@example.com"},
			[]string{w.store.memberFilter.Phone, w.store.memberFilter.Email},
		)

		var asked chat.Change

		w.engine.retry = func(_ context.Context, in chat.RetryDelivery) (chat.Answer[chat.DeliveryRetried], error) {
			asked = in.Change
			return chat.Answer[chat.DeliveryRetried]{}, chat.Errorf(chat.CodeConflict, "enough is seen")
		}

		retry := retryRequest
		retry.body = `{"to":"` + typed + `","reason":"a new number"}`
		w.do(t, retry)
		assert.Equal(t, form, asked.To)
	}

	for _, query := range []string{"?phone=4155550123", "?phone=%2B12", "?email=ana"} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/members" + query)})
		requireProblem(t, a, http.StatusBadRequest, "invalid_request", "query."+query[1:6])
	}
}

func TestATakenAddressNamesItsMember(t *testing.T) {
	t.Parallel()

	for _, r := range []request{
		{method: http.MethodPost, path: workspaceURL("/members"), body: `{"name":"Ben","phone":"+14155550123"}`},
		{method: http.MethodPatch, path: workspaceURL("/members/43"), body: `{"phone":"+14155550123"}`},
	} {
		w := newWorld(t)
		taken := chat.InvalidAs(chat.CodeAddressTaken, "phone", "is that of member 42 already")
		taken.MemberID = 42
		w.store.fail = taken

		a := w.do(t, r)
		requireProblem(t, a, http.StatusConflict, "address_taken", "phone")
		assert.EqualValues(t, 42, a.json["member_id"])
	}
}

func TestMergeAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	merge := request{method: http.MethodPost, path: workspaceURL("/members/43/merge"), body: `{"into":42}`}

	a := w.do(t, merge)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.EqualValues(t, 42, a.json["id"])
	assert.Equal(t, chat.MemberMerge{From: 43, Into: 42, MayWidenKeys: true}, w.store.merge)

	for _, body := range []string{`{}`, `{"into":0}`, `{"into":"42"}`} {
		merge.body = body
		requireProblem(t, w.do(t, merge), http.StatusBadRequest, "invalid_request", "into")
	}

	gone := chat.Errorf(chat.CodeMemberNotFound, "this member was merged into member 42")
	gone.MemberID = 42
	w.store.fail = gone
	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/members/43")})
	requireProblem(t, a, http.StatusNotFound, "member_not_found", "")
	assert.EqualValues(t, 42, a.json["member_id"])
}

func TestAMergeThatWidensAKeyNeedsTheScopeThatMakesKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant(chat.ScopeMembersWrite)

	merge := request{
		method: http.MethodPost,
		path:   workspaceURL("/members/43/merge"),
		body:   `{"into":42}`,
		key:    noScopeKey,
	}

	a := w.do(t, merge)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.MemberMerge{From: 43, Into: 42}, w.store.merge, "the store refuses it then if it must")
}
