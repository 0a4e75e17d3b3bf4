package api

import (
	"context"
	"net/http"

	"handrail/chat"
)

// mergeJSON says into whom a member is merged.
type mergeJSON struct {
	Into chat.MemberID `json:"into" minimum:"1" doc:"The member that stays."`
}

// memberMergeRoute registers the route that makes one member of two.
func (s *service) memberMergeRoute() {
	registerRoute(s, s.mergeMember, route{
		method:  http.MethodPost,
		path:    "/members/{member_id}/merge",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "mergeMember",
		tag:     tagMembers,
		summary: "Merge a member into another one",
		description: "The member of the path becomes a part of the member `into`, which stays and is the answer. " +
			"The other one's chats, places in chats, messages and questions become its own, and the other one is no " +
			"member any more. Name, role and tools stay. Addresses that it does not have are added. Of consents and " +
			"notifications the stricter holds. It cannot be undone. A repetition changes nothing.\n\n" +
			"Refused with 409: a person and an assistant; two different phone numbers or two different email " +
			"addresses; a member that goes and has, or had, API keys; two who were asked by one contributor request. " +
			"When the member that stays has API keys, the scope `keys:admin` is needed too, since those keys reach " +
			"the other one's chats then.",
		request:  mergeJSON{Into: 42},
		answer:   exampleMember,
		problems: []chat.Code{chat.CodeMemberNotFound, chat.CodeConflict, chat.CodeLastManager},
	})
}

type mergeMemberInput struct {
	memberPath

	Body mergeJSON
}

func (s *service) mergeMember(ctx context.Context, in *mergeMemberInput) (*memberOutput, error) {
	c := callFrom(ctx)

	stays, err := s.store.MergeMembers(ctx, c.workspace(), c.actor(), chat.MemberMerge{
		From:         in.MemberID,
		Into:         in.Body.Into,
		MayWidenKeys: c.principal.May(chat.ScopeKeysAdmin),
	})
	if err != nil {
		return nil, err
	}

	return &memberOutput{Body: presentMember(stays)}, nil
}
