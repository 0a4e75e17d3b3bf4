package service

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.temporal.io/sdk/client"

	"handrail/api"
	"handrail/chat"
	"handrail/cmd/internal/config"
)

const (
	// examineWithin is how long all checks of a running process take together. A page waits for them.
	examineWithin = 8 * time.Second
	// examinationKept is how long what they have found is used again, so that nobody makes the providers tired of us.
	examinationKept = 15 * time.Second
)

// doctor checks the installation for the API.
type doctor struct {
	// examine runs all checks.
	examine func(context.Context) []Check
	// senders returns what a workspace sends SMS from.
	senders func(context.Context, chat.WorkspaceID) ([]chat.PhoneNumber, error)
	now     func() time.Time
	logger  *slog.Logger

	// turn holds one token while somebody examines, or reads what was found.
	turn chan struct{}
	last []Check
	at   time.Time
}

func (s *Service) newDoctor() *doctor {
	return &doctor{
		examine: s.examineAll,
		senders: s.Store.PhoneNumbers,
		now:     time.Now,
		logger:  s.logger,
		turn:    make(chan struct{}, 1),
	}
}

// Examine returns what is wrong with the installation, and with the workspace's own senders.
func (d *doctor) Examine(ctx context.Context, ws chat.WorkspaceID) (api.Examination, error) {
	numbers, err := d.senders(ctx, ws)
	if err != nil {
		return api.Examination{}, err
	}

	checks, at, err := d.takeTurn(ctx)
	if err != nil {
		return api.Examination{}, err
	}

	found := api.Examination{At: at}

	for _, check := range checks {
		isMine := func(n chat.PhoneNumber) bool { return isSender(n, check.sender) }

		if check.sender == "" || slices.ContainsFunc(numbers, isMine) {
			found.Checks = append(found.Checks, check.publish())
		}
	}

	return found, nil
}

// isSender reports whether a phone number is a sender, as the checks name it.
func isSender(n chat.PhoneNumber, sender string) bool {
	return n.RevokedAt == nil && (n.Number == sender || n.MessagingServiceSID == sender)
}

// takeTurn returns what was found lately, and looks if nothing was. Whoever comes meanwhile waits, and gets the same.
func (d *doctor) takeTurn(ctx context.Context) ([]Check, time.Time, error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, time.Time{}, chat.Errorf(chat.CodeUnavailable, "the installation is being checked; try again")
	}

	if d.last != nil && d.now().Sub(d.at) < examinationKept {
		return d.last, d.at, nil
	}

	// Others wait for the answer too: whoever asked first and has gone does not make it wrong.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), examineWithin)
	defer cancel()

	d.last = d.examine(within)
	d.at = d.now()

	for i := range d.last {
		if d.last[i].err != nil {
			d.logger.WarnContext(ctx, "a check has failed", "check", d.last[i].Name, "error", d.last[i].err)
		}
	}

	return d.last, d.at, nil
}

// publish returns the check as the API shows it: without errors that may name hosts, users and accounts.
func (c *Check) publish() api.DoctorCheck {
	message := c.Message

	switch ours, isOurs := errors.AsType[*chat.Error](c.err); {
	case isOurs:
		message = ours.Message
	case c.err != nil:
		message = "this cannot be said here; the log of the API says why"
	}

	return api.DoctorCheck{
		Name:    c.Name,
		Status:  c.Status,
		Message: message,
		Do:      c.Do,
	}
}

// examineAll looks at what [Diagnose] does, with the connections of this process. The parts are looked at side by side,
// so that one that does not answer leaves the time of the others alone.
func (s *Service) examineAll(ctx context.Context) []Check {
	c := s.config
	parts := []func(context.Context) []Check{
		s.examineStore,
		s.examineTemporal,
		func(ctx context.Context) []Check { return examineMail(ctx, c) },
		s.examineSignatures,
	}
	found := make([][]Check, len(parts))

	var wait sync.WaitGroup

	for i, examine := range parts {
		wait.Go(func() { found[i] = examine(ctx) })
	}

	wait.Wait()

	return append([]Check{checkKeys(c), checkProviders(c), checkWebhooks(c)}, slices.Concat(found...)...)
}

// examineStore looks at the database, and at Twilio, which has the senders that the database names.
func (s *Service) examineStore(ctx context.Context) []Check {
	checks, senders := examineDatabase(ctx, s.config, s.Store)
	if s.config.TwilioAccountSID == "" {
		return checks
	}

	return append(checks, diagnoseTwilio(ctx, s.config, senders)...)
}

func (s *Service) examineTemporal(ctx context.Context) []Check {
	const name = "Temporal"

	if _, err := s.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return []Check{reportError(name, "start Temporal", "it does not answer", err)}
	}

	return append([]Check{reportOK(name, "answers")}, checkNamespace(ctx, s.temporal, s.namespace)...)
}

func examineMail(ctx context.Context, c *config.Config) []Check {
	var checks []Check
	if c.SendGridAPIKey != "" {
		checks = diagnoseSendGrid(ctx, c)
	}

	return append(checks, checkReplyDomain(ctx, c))
}

// examineSignatures counts the calls that this process has refused.
func (s *Service) examineSignatures(context.Context) []Check {
	if s.config.PublicURL == "" {
		return nil
	}

	gathered, err := s.monitor.registry.Gather()
	if err != nil {
		return []Check{reportError("signatures", "try again", "the figures cannot be read", err)}
	}

	families := map[string]*dto.MetricFamily{}
	for _, family := range gathered {
		families[family.GetName()] = family
	}

	return []Check{judgeSignatures(sumRefusedCalls(families))}
}
