package mcpserver

import (
	"context"

	"handrail/client"
)

type findPeopleArguments struct {
	page
	Name       string `json:"name,omitempty" maxLength:"200" jsonschema:"A part of the name."`
	Phone      string `json:"phone,omitempty" maxLength:"20" jsonschema:"The phone number, however it is written."`
	Email      string `json:"email,omitempty" maxLength:"254" jsonschema:"The email address."`
	ExternalID string `json:"external_id,omitempty" maxLength:"255" jsonschema:"The id that your own systems have for them."`
}

// personView is a member as it is shown to a model.
type personView struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Kind        string `json:"kind" jsonschema:"person or assistant."`
	Role        string `json:"role" jsonschema:"manager or user."`
	Phone       string `json:"phone,omitempty"`
	Email       string `json:"email,omitempty"`
	ExternalID  string `json:"external_id,omitempty"`
	SMSAllowed  string `json:"sms_consent" jsonschema:"Whether they have agreed to get SMS."`
	MailAllowed string `json:"email_consent" jsonschema:"Whether they have agreed to get email."`
}

type peopleList struct {
	People     []personView `json:"people"`
	NextCursor string       `json:"next_cursor,omitempty" jsonschema:"Give it as cursor to get the next page; left out at the end."`
	Note       string       `json:"note"`
}

func (l *peopleList) sentence() string {
	return "Found: " + describeCount(len(l.People), "member", l.NextCursor)
}

func findPeopleTool() *tool {
	return newTool(
		toolDoc{
			name:        "find_people",
			title:       "Find people",
			description: "Finds members of the workspace: customers, colleagues and assistants, with their addresses.",
			effect:      reads,
			scopes:      []string{"members:read"},
			route:       "listMembers",
		},
		func(ctx context.Context, by *caller, in *findPeopleArguments) (*peopleList, error) {
			answer, err := by.api.ListMembersWithResponse(ctx, by.workspace, &client.ListMembersParams{
				Limit:      &in.Limit,
				Cursor:     client.IfGiven(in.Cursor),
				Q:          client.IfGiven(in.Name),
				Phone:      client.IfGiven(in.Phone),
				Email:      client.IfGiven(in.Email),
				ExternalID: client.IfGiven(in.ExternalID),
			})
			if err != nil {
				return nil, err
			}

			list, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
			if err != nil {
				return nil, err
			}

			return &peopleList{
				People:     mapSlice(list.Items, viewPerson),
				NextCursor: client.ValueOf(list.NextCursor),
				Note:       untrustedNote,
			}, nil
		},
	)
}

func viewPerson(m *client.Member) personView {
	return personView{
		ID:          m.ID,
		Name:        m.Name,
		Kind:        string(m.Kind),
		Role:        string(m.Role),
		Phone:       m.Phone,
		Email:       m.Email,
		ExternalID:  m.ExternalID,
		SMSAllowed:  string(m.Consent.PhoneSms),
		MailAllowed: string(m.Consent.Email),
	}
}

type addParticipantArguments struct {
	keyed
	ChatID   int64  `json:"chat_id" minimum:"1" jsonschema:"The chat's id."`
	MemberID int64  `json:"member_id" minimum:"1" jsonschema:"The member to bring in, from find_people."`
	Role     string `json:"role,omitempty" enum:"owner,assistant,operator,contributor,observer" jsonschema:"What they are in this chat. A contributor can be asked questions by tools. When left out, the API chooses."`
}

func addParticipantTool() *tool {
	return newTool(
		toolDoc{
			name:        "add_participant",
			title:       "Add a participant",
			description: "Brings a member into a chat, for example somebody who is to answer a question.",
			effect:      adds,
			repeatable:  true,
			scopes:      []string{"chats:write"},
			route:       "addParticipant",
		},
		func(ctx context.Context, by *caller, in *addParticipantArguments) (*outcome, error) {
			answer, err := by.api.AddParticipantWithResponse(
				ctx,
				by.workspace,
				in.ChatID,
				&client.AddParticipantParams{IdempotencyKey: new(in.key()), Prefer: by.preferWait()},
				client.NewParticipant{MemberID: in.MemberID, Role: client.IfGiven(client.ParticipantRole(in.Role))},
			)
			if err != nil {
				return nil, err
			}

			if answer.JSON202 != nil {
				return describeAction(answer.JSON202).keepKey(in.key()), nil
			}

			added, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
			if err != nil {
				return nil, err
			}

			return (&outcome{
				State:         string(client.ActionStateSucceeded),
				Explanation:   "The member takes part in the chat now.",
				ChatID:        in.ChatID,
				MemberID:      in.MemberID,
				ParticipantID: added.ParticipantID,
			}).keepKey(in.key()), nil
		},
	)
}
