package api

import (
	"context"
	"slices"

	"handrail/chat"
)

// The values of expand, by which an answer includes what it refers to.
const (
	expandMember   = "member"
	expandDelivery = "delivery"
)

// expandScopes are the scopes that the values of expand need.
var expandScopes = map[string]chat.Scope{
	expandMember:   chat.ScopeMembersRead,
	expandDelivery: chat.ScopeDeliveriesRead,
}

// checkExpand returns forbidden if the caller may not read what the answer is to include.
func checkExpand(c *requestInfo, expand []string) error {
	for _, part := range expand {
		if scope := expandScopes[part]; !c.principal.May(scope) {
			return chat.Errorf(chat.CodeForbidden, "expand=%s needs the scope %s", part, scope)
		}
	}

	return nil
}

// expandMembers returns the members to include, by id, none if expand does not ask for them.
func (s *service) expandMembers(
	ctx context.Context,
	expand []string,
	ids []chat.MemberID,
) (map[chat.MemberID]*memberJSON, error) {
	ids = removeZeroIDs(ids)
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

// expandDeliveries returns the deliveries to include, by id, without attempts and reports; none if expand does not ask
// for them.
func (s *service) expandDeliveries(
	ctx context.Context,
	expand []string,
	ids []chat.DeliveryID,
) (map[chat.DeliveryID]*chat.Delivery, error) {
	ids = removeZeroIDs(ids)
	if !slices.Contains(expand, expandDelivery) || len(ids) == 0 {
		return map[chat.DeliveryID]*chat.Delivery{}, nil
	}

	found, err := s.store.Deliveries(ctx, callFrom(ctx).workspace(), chat.DeliveryFilter{
		Words: &chat.DeliveryWords{IDs: ids},
		Page:  chat.Page{Limit: len(ids)},
	})
	if err != nil {
		return nil, err
	}

	deliveries := make(map[chat.DeliveryID]*chat.Delivery, len(found.Items))
	for i := range found.Items {
		deliveries[found.Items[i].ID] = &found.Items[i]
	}

	return deliveries, nil
}

// removeZeroIDs returns the ids, sorted, each once and without the zero id.
func removeZeroIDs[ID chat.MemberID | chat.DeliveryID](ids []ID) []ID {
	var none ID

	ids = slices.Compact(slices.Sorted(slices.Values(ids)))

	return slices.DeleteFunc(ids, func(id ID) bool { return id == none })
}

// listIDs returns the id that idOf returns for each item.
func listIDs[T, ID any](items []T, idOf func(*T) ID) []ID {
	ids := make([]ID, len(items))
	for i := range items {
		ids[i] = idOf(&items[i])
	}

	return ids
}

// getAuthor returns the member who wrote a message, 0 if that is not known.
func getAuthor(m *chat.Message) chat.MemberID { return valueOr(m.MemberID, 0) }
