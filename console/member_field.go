package console

import (
	"regexp"
	"strconv"
	"strings"

	"handrail/client"
)

// memberInput is a field that asks for a member.
type memberInput struct {
	name       string
	label      string
	note       string
	value      string
	isOptional bool
}

// listMembers returns the first hundred members of the workspace, whom fields offer. Who may not read them sees none.
func listMembers(v *viewer) ([]client.Member, error) { return listMembersOf(v, "") }

// listMembersOf returns the first hundred members of a kind, and of every kind for "". The page knows their names then.
func listMembersOf(v *viewer, kind client.MemberKind) ([]client.Member, error) {
	if !v.may("members:read") {
		return nil, nil
	}

	answer, err := v.ListMembersWithResponse(v.ctx(), v.ws(), &client.ListMembersParams{
		Limit: new(mostListed),
		Kind:  client.IfGiven(kind),
	})
	if err != nil {
		return nil, err
	}

	for i := range answer.JSON200.Items {
		v.keepName(answer.JSON200.Items[i].ID, answer.JSON200.Items[i].Name)
	}

	return answer.JSON200.Items, nil
}

// readMember returns the number of the member whom somebody has named in a field; nil where it is empty. Errors: those
// of [findMember].
func readMember(v *viewer, name string) (*int64, error) {
	text := readText(v, name)
	if text == "" {
		return nil, nil //nolint:nilnil // nobody was named, and nothing is wrong
	}

	id, err := findMember(v, text)

	return &id, err
}

// offerMember returns a member as a field offers it: by the name, with the number that tells two of one name apart.
func offerMember(m *client.Member) string { return m.Name + " (" + formatCount(m.ID) + ")" }

// describeMember returns what tells a member from others.
func describeMember(m *client.Member) string {
	facts := []string{string(m.Kind)}

	for _, fact := range []string{m.Phone, m.Email, m.ExternalID} {
		if fact != "" {
			facts = append(facts, fact)
		}
	}

	return strings.Join(facts, ", ")
}

// offeredMember finds the number of a member that a field has offered.
var offeredMember = regexp.MustCompile(`\(([0-9]{1,18})\)$`)

// findMember returns the number of the member whom somebody has named in a field: by the number, as it was offered, or
// by the whole name. It returns a refusal for a name that nobody has, or several.
func findMember(v *viewer, text string) (int64, error) {
	text = strings.TrimSpace(text)

	if offered := offeredMember.FindStringSubmatch(text); offered != nil {
		return parseNumber(offered[1]), nil
	}

	if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
		return id, nil
	}

	if text == "" {
		return 0, newInvalid("name a member")
	}

	answer, err := v.ListMembersWithResponse(v.ctx(), v.ws(), newMemberSearch(byName, text))
	if err != nil {
		return 0, err
	}

	var same []client.Member

	for _, m := range answer.JSON200.Items {
		if strings.EqualFold(m.Name, text) {
			same = append(same, m)
		}
	}

	if len(same) == 1 {
		return same[0].ID, nil
	}

	return 0, refuseName(text, same, answer.JSON200.Items)
}

// mostOffered is how many members a refusal names.
const mostOffered = 5

// refuseName returns the refusal of a name that nobody has, or several, with those that may be meant.
func refuseName(text string, same, like []client.Member) error {
	detail := "nobody has the name “" + text + "”"
	meant := like

	if len(same) > 1 {
		detail = "several members have the name “" + text + "”"
		meant = same
	}

	if len(meant) == 0 {
		return newInvalid(detail)
	}

	names := make([]string, 0, mostOffered)
	for i := range meant[:min(len(meant), mostOffered)] {
		names = append(names, offerMember(&meant[i]))
	}

	return newInvalid(detail + ": write one of " + strings.Join(names, ", "))
}
