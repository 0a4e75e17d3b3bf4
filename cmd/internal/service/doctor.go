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

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/codec"
	"handrail/db"
	"handrail/worker"
)

// CheckStatus is what a check has found.
type CheckStatus string

// The statuses of a check.
const (
	CheckOK   CheckStatus = "ok"
	CheckWarn CheckStatus = "warn"
	CheckFail CheckStatus = "fail"
)

// Check is what the doctor has looked at, what it has found, and what to do about it.
type Check struct {
	Name    string      `json:"name"`
	Status  CheckStatus `json:"status"`
	Message string      `json:"message"`
	Do      string      `json:"do,omitempty"`
}

func passed(name, format string, args ...any) Check {
	return Check{Name: name, Status: CheckOK, Message: fmt.Sprintf(format, args...)}
}

func warned(name, do, format string, args ...any) Check {
	return Check{
		Name:    name,
		Status:  CheckWarn,
		Message: fmt.Sprintf(format, args...),
		Do:      do,
	}
}

func failed(name, do, format string, args ...any) Check {
	return Check{
		Name:    name,
		Status:  CheckFail,
		Message: fmt.Sprintf(format, args...),
		Do:      do,
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
	checks = append(checks, diagnoseDatabase(ctx, c)...)

	return append(checks, diagnoseTemporal(ctx, c, environ)...)
}

func checkKeys(c *config.Config) Check {
	const name = "encryption keys"

	if c.EncryptionKeys == "" {
		return warned(name, "set HANDRAIL_ENCRYPTION_KEYS", "none: Temporal keeps message texts unencrypted")
	}

	keys, err := codec.Parse(c.EncryptionKeys)
	if err != nil {
		return failed(name, "correct HANDRAIL_ENCRYPTION_KEYS", "%v", err)
	}

	ids := keys.KeyIDs()

	return passed(name, "%s; %s encrypts", strings.Join(ids, ", "), ids[0])
}

func checkProviders(c *config.Config) Check {
	const name = "providers"

	switch {
	case c.TwilioAccountSID == "" && c.SendGridAPIKey == "":
		return warned(
			name,
			"set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or SENDGRID_API_KEY",
			"none: all messages stay blocked",
		)

	case c.TwilioAccountSID == "":
		return passed(name, "SendGrid; SMS stays blocked")
	case c.SendGridAPIKey == "":
		return passed(name, "Twilio; email stays blocked")
	}

	return passed(name, "Twilio and SendGrid")
}

func checkWebhooks(c *config.Config) Check {
	const name = "webhooks"

	if c.PublicURL == "" {
		return warned(
			name,
			"set HANDRAIL_PUBLIC_URL",
			"none: Handrail asks the providers for receipts, and answers do not come in",
		)
	}

	if err := CheckWebhooks(c); err != nil {
		return failed(name, "correct the variable that it names", "%v", err)
	}

	return passed(name, "%s", c.PublicURL)
}

func diagnoseDatabase(ctx context.Context, c *config.Config) []Check {
	const name = "database"

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	if c.DatabaseURL == "" {
		return []Check{
			failed(name, "set DATABASE_URL, like postgres://user:password@host/name", "DATABASE_URL is not set"),
		}
	}

	store, err := db.Open(ctx, c.DatabaseURL)
	if err != nil {
		return []Check{failed(name, "correct DATABASE_URL, or start the database", "%v", err)}
	}

	defer func() { _ = store.Close() }() // nothing was written

	checks := []Check{passed(name, "answers"), checkClock(ctx, store)}

	if err := store.CheckWritable(ctx); err != nil {
		return append(checks, failed(
			"read-write",
			"see docs/operations.md#a-read-only-database",
			"%s",
			chat.AsError(err).Message,
		))
	}

	checks = append(checks, passed("read-write", "takes writes"))
	checks = append(checks, checkDurability(ctx, store)...)

	return append(checks, checkHistory(ctx, store)...)
}

func checkClock(ctx context.Context, store *db.Store) Check {
	const name, do = "clock", "set the clocks of this machine and of the database by NTP"

	offset, err := store.ClockOffset(ctx)

	switch {
	case err != nil:
		return failed(name, "start the database", "%v", err)
	case chat.CheckClock(offset) != nil:
		return failed(name, do, "%s", chat.ExplainClock(offset))
	case offset.Abs() > chat.ClockWarning:
		return warned(name, do, "%s", chat.ExplainClock(offset))
	}

	return passed(name, "%s", chat.ExplainClock(offset))
}

// checkHistory looks at the migrations, and at the timeline, which one of them stores.
func checkHistory(ctx context.Context, store *db.Store) []Check {
	current, err := store.MigrationsCurrent(ctx)

	switch {
	case err != nil:
		return []Check{failed("migrations", "start the database", "%v", err)}
	case !current:
		return []Check{failed("migrations", "run: handrail migrate up", "some are missing")}
	}

	checks := []Check{passed("migrations", "current")}

	found, err := store.Timeline(ctx)
	if err != nil {
		return append(checks, failed("timeline", "start the database", "%v", err))
	}

	return append(checks, judgeTimeline(found))
}

func judgeTimeline(found db.Failover) Check {
	const name = "timeline"

	switch {
	case found.Current == "":
		return warned(
			name,
			"after a failover run: handrail migrate after-failover",
			"the database shows none: a failover is not noticed by itself",
		)
	case found.Detected():
		return failed(
			name,
			"run: handrail migrate after-failover",
			"the database has failed over from %s to %s, and nothing is held yet",
			found.Known,
			found.Current,
		)
	}

	return passed(name, "%s", found.Current)
}

func checkDurability(ctx context.Context, store *db.Store) []Check {
	d, err := store.Durability(ctx)

	switch {
	case err != nil:
		return []Check{failed("durability", "start the database", "%v", err)}
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

		return failed(
			name,
			"switch on what is off, for the role of DATABASE_URL too",
			"%s off: after a crash a message may be sent twice",
			strings.Join(off, ", "),
		)
	}

	return passed(name, "fsync and full_page_writes on, synchronous_commit %s", d.SynchronousCommit)
}

// judgeReplication says what a failover may lose.
func judgeReplication(d *db.Durability) Check {
	const (
		name = "replication"
		do   = "set synchronous_standby_names, or read docs/operations.md#failover-of-postgresql"
	)

	switch {
	case d.Standbys == 0 && d.SynchronousStandbys == "":
		return passed(name, "no standby streams")
	case d.SynchronousStandbys == "":
		return warned(
			name,
			do,
			"asynchronous, %d standbys stream: a failover may lose that a message was sent",
			d.Standbys,
		)
	case d.SynchronousCommit == "local":
		return warned(
			name,
			"set synchronous_commit to on",
			"synchronous_commit is local: a failover may lose that a message was sent",
		)
	}

	return passed(name, "synchronous: %s", d.SynchronousStandbys)
}

func diagnoseTemporal(ctx context.Context, c *config.Config, environ []string) []Check {
	const name = "Temporal"

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	options, err := temporalOptions(c, environ, newMonitor(slog.New(slog.DiscardHandler)))
	if err != nil {
		return []Check{failed(name, "correct the variable that it names", "%v", err)}
	}

	dialed, err := client.DialContext(ctx, options)
	if err != nil {
		return []Check{failed(
			name,
			"correct TEMPORAL_ADDRESS, or start Temporal",
			"%s does not answer: %v",
			options.HostPort,
			err,
		)}
	}

	defer dialed.Close()

	checks := []Check{passed(name, "%s answers", options.HostPort)}

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

		return []Check{failed("namespace", do, "%s: %v", namespace, err)}
	}

	checks := []Check{passed("namespace", "%s", namespace)}

	retention := described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention < shortRetention {
		checks = append(checks, warned(
			"retention",
			"temporal operator namespace update --namespace "+namespace+" --retention 72h",
			"%s: what became of an action that was ended before it was stored is soon forgotten",
			retention,
		))
	} else {
		checks = append(checks, passed("retention", "%s", retention))
	}

	missing, err := worker.MissingSearchAttributes(ctx, dialed, namespace)

	switch {
	case err != nil:
		checks = append(checks, failed("search attributes", "let this client list them", "%v", err))
	case len(missing) > 0:
		checks = append(checks, warned(
			"search attributes",
			"start a worker, which registers them, or create them by hand where it may not",
			"missing: %s",
			strings.Join(missing, ", "),
		))
	default:
		checks = append(checks, passed("search attributes", "registered"))
	}

	return checks
}
