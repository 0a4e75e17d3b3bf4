package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

func orphan() chat.InboundRecord {
	return chat.InboundRecord{
		ID:         inboundOne,
		Provider:   chat.ProviderTwilio,
		Channel:    chat.ChannelSMS,
		Status:     chat.InboundOrphaned,
		From:       "+14155550123",
		To:         []string{"+19995550100"},
		ReceivedAt: noon,
		UpdatedAt:  noon,
	}
}

const inboundOne chat.InboundID = "01934f6e-7f60-7a52-8d11-5c0b7e9f2a34"

func (f *fakeStore) Inbound(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.InboundFilter,
) (chat.List[chat.InboundRecord], error) {
	f.inboundFilter = filter

	return chat.List[chat.InboundRecord]{Items: []chat.InboundRecord{orphan()}}, f.fail
}

func (f *fakeStore) InboundRecord(context.Context, chat.WorkspaceID, chat.InboundID) (chat.InboundRecord, error) {
	return orphan(), f.fail
}

func (f *fakeStore) ReplayInbound(
	_ context.Context,
	in chat.ReplayInbound,
	read chat.ReadInbound,
	_ time.Time,
) (chat.InboundRecord, chat.Arrival, error) {
	if err := f.change("ReplayInbound " + string(in.ID)); err != nil {
		return chat.InboundRecord{}, chat.Arrival{}, err
	}

	if f.replay != nil {
		return f.replay(read)
	}

	return orphan(), chat.Arrival{}, nil
}

func (f *fakeStore) RefuseInbound(_ context.Context, in chat.RefusedInbound, _ time.Time) error {
	f.refused = append(f.refused, in)
	return f.fail
}
