package console

import (
	"slices"
	"strings"

	"github.com/a-h/templ"

	"handrail/client"
)

// participantRoles are the roles in a chat, in their order.
var participantRoles = []client.ParticipantRole{
	client.ParticipantRoleOwner,
	client.ParticipantRoleContributor,
	client.ParticipantRoleOperator,
	client.ParticipantRoleObserver,
	client.ParticipantRoleAssistant,
}

// sendWait asks the API to wait a moment for the outcome: long enough to be told of a refusal, while what is typed
// is still at hand. The page shows what comes later.
const sendWait = "wait=5"

// patchChat changes the chat of the path, and returns the path of its page.
func patchChat(v *viewer, patch client.ChatPatch) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateChatWithResponse(v.ctx(), v.ws(), id, patch)

	return v.chatPath(id), err
}

func (h *Handler) changeTitle(v *viewer) (templ.SafeURL, error) {
	title := strings.TrimSpace(v.PostFormValue("title"))

	return patchChat(v, client.ChatPatch{Title: &title})
}

func (h *Handler) changeChatState(v *viewer) (templ.SafeURL, error) {
	state := client.ChatState(v.PostFormValue("state"))

	return patchChat(v, client.ChatPatch{State: &state})
}

func (h *Handler) changeNeedsResponse(v *viewer) (templ.SafeURL, error) {
	needed := v.PostFormValue("needed") == "true"

	return patchChat(v, client.ChatPatch{NeedsResponse: &needed})
}

// changeChatLabels sets and takes off the labels that the form changes, compared with those that the chat had when the
// form was made: what somebody else has changed meanwhile stays.
func (h *Handler) changeChatLabels(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	answer, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
	if err != nil {
		return "", err
	}

	labels := []int64{}
	had := readValues(v, "had")
	chosen := readValues(v, "label")

	for _, label := range answer.JSON200.Labels {
		if text := formatCount(label.ID); !slices.Contains(had, text) || slices.Contains(chosen, text) {
			labels = append(labels, label.ID)
		}
	}

	for _, text := range chosen {
		if label := parseNumber(text); !slices.Contains(had, text) && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}

	return patchChat(v, client.ChatPatch{LabelIds: labels})
}

func (h *Handler) takeOverChat(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.TakeOverChatWithResponse(v.ctx(), v.ws(), id, &client.TakeOverChatParams{IdempotencyKey: v.once()})

	return v.chatPath(id), err
}

func (h *Handler) releaseChat(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.ReleaseChatWithResponse(v.ctx(), v.ws(), id, &client.ReleaseChatParams{IdempotencyKey: v.once()})

	return v.chatPath(id), err
}

func (h *Handler) addParticipant(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	member, err := findMember(v, v.PostFormValue("member_id"))
	if err != nil {
		return "", err
	}

	_, err = v.AddParticipantWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.AddParticipantParams{IdempotencyKey: v.once()},
		client.NewParticipant{
			MemberID: member,
			Role:     client.IfGiven(client.ParticipantRole(v.PostFormValue("role"))),
		},
	)

	return v.chatPath(id), err
}

// participant returns the numbers of the chat and of the participant that the path names.
func (v *viewer) participant() (chatID, participantID int64, err error) {
	if chatID, err = v.number("id"); err != nil {
		return 0, 0, err
	}

	participantID, err = v.number("participant")

	return chatID, participantID, err
}

func (h *Handler) changeParticipant(v *viewer) (templ.SafeURL, error) {
	id, participant, err := v.participant()
	if err != nil {
		return "", err
	}

	_, err = v.UpdateParticipantWithResponse(v.ctx(), v.ws(), id, participant, client.ParticipantPatch{
		Role: client.ParticipantRole(v.PostFormValue("role")),
	})

	return v.chatPath(id), err
}

func (h *Handler) removeParticipant(v *viewer) (templ.SafeURL, error) {
	id, participant, err := v.participant()
	if err != nil {
		return "", err
	}

	_, err = v.RemoveParticipantWithResponse(v.ctx(), v.ws(), id, participant)

	return v.chatPath(id), err
}
