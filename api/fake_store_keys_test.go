package api_test

import (
	"context"
	"maps"
	"time"

	"handrail/chat"
)

// keyedFacts are what the fake store knows of requests with an Idempotency-Key.
type keyedFacts struct {
	requests map[chat.ActionID]chat.StoredRequest
	// keepFails is why no answer can be kept.
	keepFails error
}

// BeginRequest does what the store does, without its transactions.
func (f *fakeStore) BeginRequest(_ context.Context, in chat.KeyedRequest) (*chat.RequestAnswer, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	if f.requests == nil {
		f.requests = map[chat.ActionID]chat.StoredRequest{}
	}

	first, known := f.requests[in.ID]
	if known {
		takeOver, err := first.DecideRepeat(&in, time.Now())
		if err != nil {
			return nil, err
		}

		if !takeOver {
			return &first.Answer, nil
		}
	}

	f.requests[in.ID] = chat.StoredRequest{
		KeyedRequest: in,
		State:        chat.KeyBegun,
		LeaseUntil:   time.Now().Add(chat.RequestLease),
	}

	return nil, nil
}

func (f *fakeStore) KeepAnswer(_ context.Context, in chat.KeyedRequest, answer chat.RequestAnswer) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	r := f.requests[in.ID]
	r.State = chat.KeyAnswered
	r.Answer = answer

	if f.keepFails != nil {
		r.State = chat.KeyDone
	}

	f.requests[in.ID] = r

	return f.keepFails
}

func (f *fakeStore) FreeRequest(_ context.Context, in chat.KeyedRequest, even bool) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	if even || f.requests[in.ID].State == chat.KeyBegun {
		delete(f.requests, in.ID)
	}

	return nil
}

func (f *fakeStore) HasRequest(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (bool, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	_, has := f.requests[id]

	return has, nil
}

// keptRequests are a copy of what is stored.
func (f *fakeStore) keptRequests() map[chat.ActionID]chat.StoredRequest {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	return maps.Clone(f.requests)
}
