package service

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"handrail/api"
	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/codec"
	"handrail/db"
	"handrail/worker"
)

// CheckStatus is what a check has found.
type CheckStatus = api.CheckStatus

// The statuses of a check.
const (
	CheckOK   = api.CheckOK
	CheckWarn = api.CheckWarn
	CheckFail = api.CheckFail
)

// Check is what the doctor has looked at, what it has found, and what to do about it.
type Check struct {
	Name    string      `json:"name"`
	Status  CheckStatus `json:"status"`
	Message string      `json:"message"`
	Do      string      `json:"do,omitempty"`

	// sender is the phone number or messaging service that the check is about; "" for one of the installation.
	sender string
	// err is what Message ends with, if that came from elsewhere: it may name hosts, users and accounts.
	err error
}

func reportOK(name, format string, args ...any) Check {
	return Check{Name: name, Status: CheckOK, Message: fmt.Sprintf(format, args...)}
}

func reportWarning(name, do, format string, args ...any) Check {
	return Check{
		Name:    name,
		Status:  CheckWarn,
		Message: fmt.Sprintf(format, args...),
		Do:      do,
	}
}

func reportFailure(name, do, format string, args ...any) Check {
	return Check{
		Name:    name,
		Status:  CheckFail,
		Message: fmt.Sprintf(format, args...),
		Do:      do,
	}
}

// reportError reports a check that an error has ended. about says of what it is; "" if the error does.
func reportError(name, do, about string, err error) Check {
	message := err.Error()
	if about != "" {
		message = about + ": " + message
	}

	return Check{
		Name:    name,
		Status:  CheckFail,
		Message: message,
		Do:      do,
		err:     err,
	}
}

const (
	// lookWithin is how long the doctor waits for the database, and for Temporal.
	lookWithin = 10 * time.Second
	// shortRetention is too short to look up on the next day what became of an action that was
	// ended before it was stored.
	shortRetention = 24 * time.Hour
)

// Diagnose looks at the configuration, which is valid, and at all that Handrail depends on. It
// changes nothing.
func Diagnose(ctx context.Context, c *config.Config, environ []string) []Check {
	checks := []Check{checkKeys(c), checkProviders(c), checkWebhooks(c)}

	ofDatabase, senders := diagnoseDatabase(ctx, c)
	checks = append(checks, ofDatabase...)
	checks = append(checks, diagnoseTemporal(ctx, c, environ)...)
	checks = append(checks, diagnoseProviders(ctx, c, senders)...)

	if c.PublicURL != "" {
		checks = append(checks, checkSignatures(ctx, c))
	}

	return checks
}

func checkKeys(c *config.Config) Check {
	const name = "encryption keys"

	if c.EncryptionKeys == "" {
		return reportWarning(name, "set HANDRAIL_ENCRYPTION_KEYS", "none: Temporal keeps message texts unencrypted")
	}

	keys, err := codec.Parse(c.EncryptionKeys)
	if err != nil {
		return reportError(name, "correct HANDRAIL_ENCRYPTION_KEYS", "", err)
	}

	ids := keys.KeyIDs()

	return reportOK(name, "%s; %s encrypts", strings.Join(ids, ", "), ids[0])
}

func checkProviders(c *config.Config) Check {
	const name = "providers"

	switch {
	case c.TwilioAccountSID == "" && c.SendGridAPIKey == "":
		return reportWarning(
			name,
			"set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or SENDGRID_API_KEY",
			"none: all messages stay blocked",
		)

	case c.TwilioAccountSID == "":
		return reportOK(name, "SendGrid; SMS stays blocked")
	case c.SendGridAPIKey == "":
		return reportOK(name, "Twilio; email stays blocked")
	}

	return reportOK(name, "Twilio and SendGrid")
}

func checkWebhooks(c *config.Config) Check {
	const name = "webhooks"

	if c.PublicURL == "" {
		return reportWarning(
			name,
			"set HANDRAIL_PUBLIC_URL",
			"none: Handrail asks the providers for receipts, and answers do not come in",
		)
	}

	if err := CheckWebhooks(c); err != nil {
		return reportError(name, "correct the variable that it names", "", err)
	}

	return reportOK(name, "%s", c.PublicURL)
}

// diagnoseDatabase looks at the database, and returns what is sent from, as far as it tells.
func diagnoseDatabase(ctx context.Context, c *config.Config) ([]Check, db.SenderAddresses) {
	const name = "database"

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	if c.DatabaseURL == "" {
		return []Check{
			reportFailure(name, "set DATABASE_URL, like postgres://user:password@host/name", "DATABASE_URL is not set"),
		}, db.SenderAddresses{}
	}

	store, err := db.Open(ctx, c.DatabaseURL)
	if err != nil {
		const do = "correct DATABASE_URL, or start the database"

		return []Check{reportError(name, do, "", err)}, db.SenderAddresses{}
	}

	defer func() { _ = store.Close() }() // nothing was written

	return examineDatabase(ctx, c, store)
}

// examineDatabase looks at a database that is open.
func examineDatabase(ctx context.Context, c *config.Config, store *db.Store) ([]Check, db.SenderAddresses) {
	checks := []Check{reportOK("database", "answers"), checkClock(ctx, store)}

	if err := store.CheckWritable(ctx); err != nil {
		return append(checks, reportFailure(
			"read-write",
			"see docs/operations.md#a-read-only-database",
			"%s",
			chat.AsError(err).Message,
		)), db.SenderAddresses{}
	}

	checks = append(checks, reportOK("read-write", "takes writes"))
	checks = append(checks, checkDurability(ctx, store)...)

	history := checkHistory(ctx, store)
	checks = append(checks, history...)

	if slices.ContainsFunc(history, hasFailed) {
		return checks, db.SenderAddresses{}
	}

	senders, err := store.SenderAddresses(ctx)
	if err != nil {
		return append(checks, reportError("senders", "start the database", "", err)), senders
	}

	return append(checks, checkCallbacks(ctx, c, store)...), senders
}

func hasFailed(c Check) bool { return c.Status == CheckFail }

func checkClock(ctx context.Context, store *db.Store) Check {
	const name, do = "clock", "set the clocks of this machine and of the database by NTP"

	offset, err := store.ClockOffset(ctx)

	switch {
	case err != nil:
		return reportError(name, "start the database", "", err)
	case chat.CheckClock(offset) != nil:
		return reportFailure(name, do, "%s", chat.ExplainClock(offset))
	case offset.Abs() > chat.ClockWarning:
		return reportWarning(name, do, "%s", chat.ExplainClock(offset))
	}

	return reportOK(name, "%s", chat.ExplainClock(offset))
}

// checkHistory looks at the migrations, and at the timeline, which one of them stores.
func checkHistory(ctx context.Context, store *db.Store) []Check {
	current, err := store.MigrationsCurrent(ctx)

	switch {
	case err != nil:
		return []Check{reportError("migrations", "start the database", "", err)}
	case !current:
		return []Check{reportFailure("migrations", "run: handrail migrate up", "some are missing")}
	}

	checks := []Check{reportOK("migrations", "current")}

	found, err := store.Timeline(ctx)
	if err != nil {
		return append(checks, reportError("timeline", "start the database", "", err))
	}

	return append(checks, judgeTimeline(found))
}

func judgeTimeline(found db.Failover) Check {
	const name = "timeline"

	switch {
	case found.Current == "":
		return reportWarning(
			name,
			"after a failover run: handrail migrate after-failover",
			"the database shows none: a failover is not noticed by itself",
		)
	case found.Detected():
		return reportFailure(
			name,
			"run: handrail migrate after-failover",
			"the database has failed over from %s to %s, and nothing is held yet",
			found.Known,
			found.Current,
		)
	}

	return reportOK(name, "%s", found.Current)
}

func checkDurability(ctx context.Context, store *db.Store) []Check {
	d, err := store.Durability(ctx)

	switch {
	case err != nil:
		return []Check{reportError("durability", "start the database", "", err)}
	case d == nil:
		return nil
	}

	return []Check{judgeDurability(d), judgeReplication(d)}
}

// judgeDurability says what a crash of the database may lose.
func judgeDurability(d *db.Durability) Check {
	const name = "durability"

	var off []string

	for setting, on := range map[string]bool{
		"fsync":              d.Fsync,
		"full_page_writes":   d.FullPageWrites,
		"synchronous_commit": d.SynchronousCommit != "off",
	} {
		if !on {
			off = append(off, setting)
		}
	}

	if len(off) > 0 {
		slices.Sort(off)

		return reportFailure(
			name,
			"switch on what is off, for the role of DATABASE_URL too",
			"%s off: after a crash a message may be sent twice",
			strings.Join(off, ", "),
		)
	}

	return reportOK(name, "fsync and full_page_writes on, synchronous_commit %s", d.SynchronousCommit)
}

// judgeReplication says what a failover may lose.
func judgeReplication(d *db.Durability) Check {
	const (
		name = "replication"
		do   = "set synchronous_standby_names, or read docs/operations.md#failover-of-postgresql"
	)

	switch {
	case d.Standbys == 0 && d.SynchronousStandbys == "":
		return reportOK(name, "no standby streams")
	case d.SynchronousStandbys == "":
		return reportWarning(
			name,
			do,
			"asynchronous, %d standbys stream: a failover may lose that a message was sent",
			d.Standbys,
		)
	case d.SynchronousCommit == "local":
		return reportWarning(
			name,
			"set synchronous_commit to on",
			"synchronous_commit is local: a failover may lose that a message was sent",
		)
	}

	return reportOK(name, "synchronous: %s", d.SynchronousStandbys)
}

func diagnoseTemporal(ctx context.Context, c *config.Config, environ []string) []Check {
	const name = "Temporal"

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	const correct = "correct the variable that it names"

	quietly := newMonitor(slog.New(slog.DiscardHandler), false)

	keys, err := quietly.parseKeys(c.EncryptionKeys)
	if err != nil {
		return []Check{reportError(name, correct, "", err)}
	}

	options, err := temporalOptions(c, environ, keys, quietly)
	if err != nil {
		return []Check{reportError(name, correct, "", err)}
	}

	dialed, err := client.DialContext(ctx, options)
	if err != nil {
		const do = "correct TEMPORAL_ADDRESS, or start Temporal"

		return []Check{reportError(name, do, options.HostPort+" does not answer", err)}
	}

	defer dialed.Close()

	checks := []Check{reportOK(name, "%s answers", options.HostPort)}

	return append(checks, checkNamespace(ctx, dialed, options.Namespace)...)
}

func checkNamespace(ctx context.Context, dialed client.Client, namespace string) []Check {
	described, err := dialed.WorkflowService().DescribeNamespace(
		ctx,
		&workflowservice.DescribeNamespaceRequest{Namespace: namespace},
	)
	if err != nil {
		do := "correct TEMPORAL_NAMESPACE, or create it: temporal operator namespace create --namespace " + namespace +
			" --retention 720h"

		return []Check{reportError("namespace", do, namespace, err)}
	}

	checks := []Check{reportOK("namespace", "%s", namespace)}

	retention := described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention < shortRetention {
		checks = append(checks, reportWarning(
			"retention",
			"temporal operator namespace update --namespace "+namespace+" --retention 72h",
			"%s: what became of an action that was ended before it was stored is soon forgotten",
			retention,
		))
	} else {
		checks = append(checks, reportOK("retention", "%s", retention))
	}

	missing, err := worker.MissingSearchAttributes(ctx, dialed, namespace)

	switch {
	case err != nil:
		checks = append(checks, reportError("search attributes", "let this client list them", "", err))
	case len(missing) > 0:
		checks = append(checks, reportWarning(
			"search attributes",
			"start a worker, which registers them, or create them by hand where it may not",
			"missing: %s",
			strings.Join(missing, ", "),
		))
	default:
		checks = append(checks, reportOK("search attributes", "registered"))
	}

	return checks
}
