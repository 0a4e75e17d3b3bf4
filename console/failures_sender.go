package console

import (
	"slices"

	"handrail/client"
)

// senderList are the senders of the workspace.
type senderList []sender

// listAllSenders returns the senders on all channels with deliveries, if the viewer may see them. No page fails because
// they cannot be read: it names them by their ids.
func listAllSenders(v *viewer) senderList {
	if !v.may("chats:read") && !v.may("workspace:admin") {
		return nil
	}

	var all senderList

	for _, channel := range sentChannels {
		senders, err := listSenders(v, channel)
		if err != nil {
			continue
		}

		all = append(all, senders...)
	}

	return all
}

// find returns the sender that deliveries have as this value, such as phone:12; nil if it is not listed.
func (l senderList) find(value string) *sender {
	place := slices.IndexFunc(l, func(s sender) bool { return s.value == value })
	if place < 0 {
		return nil
	}

	return &l[place]
}

// nameOf returns a sender as people know it. One that is not listed, such as one that was deleted, is named as
// deliveries have it.
func (l senderList) nameOf(value string) string {
	found := l.find(value)

	switch {
	case found == nil:
		return value
	case found.isRevoked:
		return found.name + ", revoked"
	}

	return found.name
}

// offerWith returns what a field offers: all senders, and the one that is chosen, which may be none of them.
func (l senderList) offerWith(chosen string) []string {
	values := make([]string, len(l))
	for i := range l {
		values[i] = l[i].value
	}

	if chosen != "" && !slices.Contains(values, chosen) {
		values = append(values, chosen)
	}

	return values
}

// listSendersFor returns the senders if the filter names one, and none otherwise.
func listSendersFor(v *viewer, filter client.BulkFilter) senderList {
	if filter.Sender == nil {
		return nil
	}

	return listAllSenders(v)
}
