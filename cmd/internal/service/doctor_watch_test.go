package service

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// newTestDoctor returns a doctor whose checks a test makes up, for a workspace with two senders.
func newTestDoctor(examine func(context.Context) []Check) *doctor {
	return &doctor{
		examine: examine,
		senders: func(context.Context, chat.WorkspaceID) ([]chat.PhoneNumber, error) {
			return []chat.PhoneNumber{
				{Number: "+15550100"},
				{MessagingServiceSID: "MG1"},
				{Number: "+15550102", RevokedAt: new(time.Now())},
			}, nil
		},
		now:    time.Now,
		logger: slog.New(slog.DiscardHandler),
		turn:   make(chan struct{}, 1),
	}
}

// TestTheDoctorExaminesOnceAtATime: whoever comes meanwhile, or within seconds, gets the same.
func TestTheDoctorExaminesOnceAtATime(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		runs := 0
		d := newTestDoctor(func(ctx context.Context) []Check {
			runs++

			<-ctx.Done() // nothing answers

			return []Check{reportOK("x", "y")}
		})

		begun := time.Now()

		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				found, err := d.Examine(t.Context(), "w")
				if assert.NoError(t, err) {
					assert.Len(t, found.Checks, 1)
				}
			})
		}

		wait.Wait()
		assert.Equal(t, 1, runs)
		assert.Equal(t, examineWithin, time.Since(begun))
		assert.Less(t, examineWithin, 10*time.Second)

		time.Sleep(examinationKept)

		_, err := d.Examine(t.Context(), "w")
		require.NoError(t, err)
		assert.Equal(t, 2, runs)
	})
}

func TestTheDoctorKeepsToTheWorkspaceAndToItself(t *testing.T) {
	t.Parallel()

	secret := errors.New("connect to postgres://handrail:secret@db.internal/handrail")
	d := newTestDoctor(func(context.Context) []Check {
		mine := reportOK("SMS to +15550100", "comes in")
		mine.sender = "+15550100"
		service := reportOK("SMS to MG1", "comes in")
		service.sender = "MG1"
		revoked := reportOK("SMS to +15550102", "comes in")
		revoked.sender = "+15550102"
		foreign := reportOK("SMS to +15550199", "comes in")
		foreign.sender = "+15550199"

		return []Check{
			mine,
			service,
			revoked,
			foreign,
			reportError("database", "start the database", "", secret),
			reportError("clock", "", "", chat.Errorf(chat.CodeUnavailable, "the clock is wrong")),
		}
	})

	found, err := d.Examine(t.Context(), "w")
	require.NoError(t, err)

	said := map[string]string{}
	for _, check := range found.Checks {
		said[check.Name] = check.Message
	}

	assert.Equal(t, map[string]string{
		"SMS to +15550100": "comes in",
		"SMS to MG1":       "comes in",
		"database":         "this cannot be said here; the log of the API says why",
		"clock":            "the clock is wrong",
	}, said)
}

func TestTheDoctorShowsNoSecretOfAnAddress(t *testing.T) {
	t.Parallel()

	assert.Equal(t, "https://example.com/in", hideQuery("https://me:secret@example.com/in?token=secret#rc=5"))
	assert.Equal(t, "an address that cannot be read", hideQuery("https://[secret"))
}
