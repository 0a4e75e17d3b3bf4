package api

import (
	"context"
	"slices"

	"handrail/chat"
)

// What answers bring along on request, by the values of expand.
const (
	expandMember   = "member"
	expandDelivery = "delivery"
)

// expandScopes are what each takes.
var expandScopes = map[string]chat.Scope{
	expandMember:   chat.ScopeMembersRead,
	expandDelivery: chat.ScopeDeliveriesRead,
}

// checkExpand refuses to bring along what the caller may not read: forbidden.
func checkExpand(c *requestInfo, expand []string) error {
	for _, part := range expand {
		if scope := expandScopes[part]; !c.principal.May(scope) {
			return chat.Errorf(chat.CodeForbidden, "expand=%s needs the scope %s", part, scope)
		}
	}

	return nil
}

// expandMembers returns the members to bring along, by id: none if they are not asked for.
func (s *service) expandMembers(
	ctx context.Context,
	expand []string,
	ids []chat.MemberID,
) (map[chat.MemberID]*memberJSON, error) {
	ids = withoutNone(ids)
	if !slices.Contains(expand, expandMember) || len(ids) == 0 {
		return map[chat.MemberID]*memberJSON{}, nil
	}

	found, err := s.store.Members(ctx, callFrom(ctx).workspace(), chat.MemberFilter{
		IDs:  ids,
		Page: chat.Page{Limit: len(ids)},
	})
	if err != nil {
		return nil, err
	}

	members := make(map[chat.MemberID]*memberJSON, len(found.Items))
	for i := range found.Items {
		members[found.Items[i].ID] = new(presentMember(found.Items[i]))
	}

	return members, nil
}

// expandDeliveries returns the deliveries to bring along, by id: none if they are not asked for.
func (s *service) expandDeliveries(
	ctx context.Context,
	expand []string,
	ids []chat.DeliveryID,
) (map[chat.DeliveryID]*DeliveryJSON, error) {
	ids = withoutNone(ids)
	if !slices.Contains(expand, expandDelivery) || len(ids) == 0 {
		return map[chat.DeliveryID]*DeliveryJSON{}, nil
	}

	found, err := s.store.Deliveries(ctx, callFrom(ctx).workspace(), chat.DeliveryFilter{
		Words: &chat.DeliveryWords{IDs: ids},
		Page:  chat.Page{Limit: len(ids)},
	})
	if err != nil {
		return nil, err
	}

	deliveries := make(map[chat.DeliveryID]*DeliveryJSON, len(found.Items))
	for i := range found.Items {
		deliveries[found.Items[i].ID] = new(presentDelivery(found.Items[i]))
	}

	return deliveries, nil
}

// withoutNone returns the ids, each once, without that of nothing.
func withoutNone[ID chat.MemberID | chat.DeliveryID](ids []ID) []ID {
	var none ID

	ids = slices.Compact(slices.Sorted(slices.Values(ids)))

	return slices.DeleteFunc(ids, func(id ID) bool { return id == none })
}

// idsOf returns what each item refers to.
func idsOf[T, ID any](items []T, idOf func(*T) ID) []ID {
	ids := make([]ID, len(items))
	for i := range items {
		ids[i] = idOf(&items[i])
	}

	return ids
}

// authorOf returns who wrote a message, 0 if nobody knows.
func authorOf(m *chat.Message) chat.MemberID { return valueOr(m.MemberID, 0) }
