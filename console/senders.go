package console

import "handrail/client"

// listPhoneNumbers returns the first hundred phone numbers of the workspace, and whether it has more. Who may not read
// them sees none.
func listPhoneNumbers(v *viewer) (numbers []client.PhoneNumber, isCut bool, err error) {
	if !v.may("chats:read") && !v.may("workspace:admin") {
		return nil, false, nil
	}

	params := &client.ListPhoneNumbersParams{Limit: new(mostListed)}

	answer, err := v.ListPhoneNumbersWithResponse(v.ctx(), v.ws(), params)
	if err != nil {
		return nil, false, err
	}

	return answer.JSON200.Items, answer.JSON200.NextCursor != nil, nil
}

// listInboxes returns the first hundred inboxes of the workspace, and whether it has more.
func listInboxes(v *viewer) (inboxes []client.Inbox, isCut bool, err error) {
	answer, err := v.ListInboxesWithResponse(v.ctx(), v.ws(), &client.ListInboxesParams{Limit: new(mostListed)})
	if err != nil {
		return nil, false, err
	}

	return answer.JSON200.Items, answer.JSON200.NextCursor != nil, nil
}
