package metrics

import "slices"

// Process says which process serves a metric.
type Process string

// The processes.
const (
	EveryProcess Process = "every"
	APIProcess   Process = "api"
	WorkProcess  Process = "worker"
)

// Labels that several metrics have.
const (
	labelCarrier   = "carrier"
	labelChannel   = "channel"
	labelStatus    = "status"
	labelKind      = "kind"
	labelEndpoint  = "endpoint_id"
	labelWorkspace = "workspace"
)

// LabelText says what the values of a label are.
type LabelText struct {
	Name string
	Text string
}

// Labels lists all labels.
func Labels() []LabelText { return slices.Clone(labelTexts) }

// labelTexts says what the values of each label are.
var labelTexts = []LabelText{
	{labelCarrier, "The provider: `twilio`, `sendgrid`, or `handrail` for web chats."},
	{labelChannel, "`phone-sms`, `email` or `web-chat`."},
	{labelStatus, "Of a delivery: its status, see [statuses.md](statuses.md). Of a request: the HTTP status."},
	{"outcome", "Of an attempt: `accepted`, `not_processed`, `rejected`, `blocked`, `suppressed`, `unknown` or " +
		"`aborted`. Of a tool call: `succeeded`, `failed`, `not_run` or `unknown`."},
	{"code", "The error code: one of [codes.md](codes.md) or one of Handrail's own; empty for none, and `other` for " +
		"all that are not known."},
	{labelKind, "Of a webhook call: `status`, `inbound` or `events`. Of a tool: `http` or `mcp`. Of an approval: " +
		"what is to be approved. Of a finding: what a sweep has found."},
	{"result", "What became of a webhook call (`refused`: its signature is wrong), of a summary (`succeeded`, " +
		"`failed`), or of a post to a webhook endpoint (`arrived`, or why it has failed: [webhooks.md](webhooks.md))."},
	{"state", "Of a tool call: its state, see [statuses.md](statuses.md). Of a connection: `in_use` or `idle`."},
	{"direction", "`input` or `output`."},
	{"type", "The type of an event, see [events.md](events.md)."},
	{"method", "The HTTP method."},
	{"route", "The path as it was registered, without ids; `unmatched` for what no route takes."},
	{"why", "`full`: too many wait. `failed`: Temporal did not take it in time."},
	{labelEndpoint, "The id of a webhook endpoint: `handrail webhooks show`. A workspace has at most 50."},
	{"key_id", "The id of an encryption key in `HANDRAIL_ENCRYPTION_KEYS`."},
	{"version", "Handrail's version."},
	{labelWorkspace, "The workspace's id, only with `HANDRAIL_METRICS_WORKSPACES=true`."},
}

// Buckets of histograms, in seconds.
var (
	requestBuckets = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60}
	callBuckets    = []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	// receiptBuckets go from a second to the two days after which a provider's report is not waited for.
	receiptBuckets = []float64{.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 48 * 3600}
)

// What Handrail serves. The order is that of docs/metrics.md.
var (
	Deliveries = define(&Definition{
		Name:         "handrail_deliveries",
		Help:         "Deliveries that have not ended, by where they stand; at most 100,000 that wait for a receipt.",
		Kind:         Gauge,
		Labels:       []string{labelCarrier, labelChannel, labelStatus},
		PerWorkspace: true,
		Collected:    true,
	})
	DeliveryAge = define(&Definition{
		Name:         "handrail_delivery_oldest_age_seconds",
		Help:         "Age of the oldest delivery that stands there, since it was made; 0 for none.",
		Kind:         Gauge,
		Labels:       []string{labelCarrier, labelChannel, labelStatus},
		PerWorkspace: true,
		Collected:    true,
	})
	Attempts = define(&Definition{
		Name:         "handrail_delivery_attempts_total",
		Help:         "Posts of deliveries to a carrier, by what it has said.",
		Kind:         Counter,
		Labels:       []string{labelCarrier, labelChannel, "outcome", "code"},
		PerWorkspace: true,
	})
	Acceptance = define(&Definition{
		Name:    "handrail_delivery_acceptance_seconds",
		Help:    "Time from the request of a delivery until the carrier took it.",
		Kind:    Histogram,
		Labels:  []string{labelCarrier, labelChannel},
		Buckets: receiptBuckets,
	})
	Receipts = define(&Definition{
		Name:   "handrail_delivery_receipts_total",
		Help:   "Final reports of carriers on deliveries, and deliveries of which none came in time.",
		Kind:   Counter,
		Labels: []string{labelCarrier, labelChannel, labelStatus, "code"},
	})
	ReceiptDelay = define(&Definition{
		Name:    "handrail_delivery_receipt_seconds",
		Help:    "Time from the acceptance of a delivery until its final report was known.",
		Kind:    Histogram,
		Labels:  []string{labelCarrier, labelChannel},
		Buckets: receiptBuckets,
	})
	Segments = define(&Definition{
		Name:   "handrail_segments_total",
		Help:   "Segments that accepted SMS are charged as.",
		Kind:   Counter,
		Labels: []string{labelCarrier},
	})
	Duplicates = define(&Definition{
		Name:      "handrail_duplicates_confirmed_total",
		Help:      "Messages that a carrier has taken a second time: recipients may have got them twice.",
		Kind:      Counter,
		Labels:    []string{labelCarrier},
		Collected: true,
	})
	PossibleDuplicates = define(&Definition{
		Name:         "handrail_duplicates_possible",
		Help:         "Deliveries that may have been sent twice, which nobody can tell yet.",
		Kind:         Gauge,
		Labels:       []string{labelCarrier},
		PerWorkspace: true,
		Collected:    true,
	})
	Breakers = define(&Definition{
		Name:         "handrail_breakers_open",
		Help:         "Senders whose account refuses everything; their deliveries wait.",
		Kind:         Gauge,
		Labels:       []string{labelCarrier},
		PerWorkspace: true,
		Collected:    true,
	})
	PausedBulkRetries = define(&Definition{
		Name:         "handrail_bulk_retries_paused",
		Help:         "Bulk retries that have stopped and wait for a person.",
		Kind:         Gauge,
		PerWorkspace: true,
		Collected:    true,
	})

	WebhookCalls = define(&Definition{
		Name:   "handrail_webhook_calls_total",
		Help:   "Calls by providers, by what became of them.",
		Kind:   Counter,
		Labels: []string{labelCarrier, labelKind, "result"},
		Served: APIProcess,
	})
	WebhookOrphans = define(&Definition{
		Name:   "handrail_webhook_orphans_total",
		Help:   "What providers told about messages and to addresses that are none of ours.",
		Kind:   Counter,
		Labels: []string{labelCarrier},
		Served: APIProcess,
	})
	CallbackAge = define(&Definition{
		Name:    "handrail_callback_age_seconds",
		Help:    "Time from what a provider reports, by its clock, until the report came; Twilio does not say when.",
		Kind:    Histogram,
		Labels:  []string{labelCarrier},
		Buckets: receiptBuckets,
		Served:  APIProcess,
	})

	ToolCalls = define(&Definition{
		Name:   "handrail_tool_calls_total",
		Help:   "Calls of tools outside, by what came of them; each try counts.",
		Kind:   Counter,
		Labels: []string{labelKind, "outcome"},
		Served: WorkProcess,
	})
	ToolCallTime = define(&Definition{
		Name:    "handrail_tool_call_seconds",
		Help:    "Time that a call of a tool outside took.",
		Kind:    Histogram,
		Labels:  []string{labelKind},
		Buckets: callBuckets,
		Served:  WorkProcess,
	})
	OpenToolCalls = define(&Definition{
		Name:         "handrail_tool_calls_open",
		Help:         "Tool calls that have not ended; `unknown` ones wait for a person.",
		Kind:         Gauge,
		Labels:       []string{"state"},
		PerWorkspace: true,
		Collected:    true,
	})
	ToolCallAge = define(&Definition{
		Name:         "handrail_tool_calls_oldest_age_seconds",
		Help:         "Time since anything happened to the tool call that has waited longest in a state; 0 for none.",
		Kind:         Gauge,
		Labels:       []string{"state"},
		PerWorkspace: true,
		Collected:    true,
	})
	Approvals = define(&Definition{
		Name:         "handrail_approvals_open",
		Help:         "Approvals that wait for a person.",
		Kind:         Gauge,
		Labels:       []string{labelKind},
		PerWorkspace: true,
		Collected:    true,
	})
	ApprovalAge = define(&Definition{
		Name:         "handrail_approvals_oldest_age_seconds",
		Help:         "Age of the oldest approval that waits; 0 for none.",
		Kind:         Gauge,
		Labels:       []string{labelKind},
		PerWorkspace: true,
		Collected:    true,
	})
	ContributorRequests = define(&Definition{
		Name:         "handrail_contributor_requests_open",
		Help:         "Questions to contributors that wait for answers.",
		Kind:         Gauge,
		PerWorkspace: true,
		Collected:    true,
	})
	ContributorRequestAge = define(&Definition{
		Name:         "handrail_contributor_requests_oldest_age_seconds",
		Help:         "Age of the oldest question to contributors that waits; 0 for none.",
		Kind:         Gauge,
		PerWorkspace: true,
		Collected:    true,
	})

	Summaries = define(&Definition{
		Name:   "handrail_summaries_total",
		Help:   "Runs of summaries that have ended.",
		Kind:   Counter,
		Labels: []string{"result"},
		Served: WorkProcess,
	})
	SummaryTokens = define(&Definition{
		Name:   "handrail_summary_tokens_total",
		Help:   "Tokens that models were paid for, for summaries.",
		Kind:   Counter,
		Labels: []string{"direction"},
		Served: WorkProcess,
	})

	SweepFindings = define(&Definition{
		Name:   "handrail_sweep_findings_total",
		Help:   "What sweeps have found that signals or workflows had lost.",
		Kind:   Counter,
		Labels: []string{labelKind},
		Served: WorkProcess,
	})
	EndedActions = define(&Definition{
		Name: "handrail_actions_ended_in_temporal_total",
		Help: "Actions that were promised and then ended in Temporal before they had done anything.",
		Kind: Counter,
	})
	DroppedNotifications = define(&Definition{
		Name:   "handrail_notifications_dropped_total",
		Help:   "Workflows that were not told of a change; they look for themselves.",
		Kind:   Counter,
		Labels: []string{"why"},
		Served: APIProcess,
	})

	Events = define(&Definition{
		Name:   "handrail_events_total",
		Help:   "Events of the log, counted by the process that has given them their numbers.",
		Kind:   Counter,
		Labels: []string{"type"},
	})
	FailedNotices = define(&Definition{
		Name:   "handrail_notices_failed_total",
		Help:   "Messages that were to tell members of events and have not reached them.",
		Kind:   Counter,
		Labels: []string{labelChannel},
	})
	WaitingEvents = define(&Definition{
		Name:      "handrail_events_waiting",
		Help:      "Changes that are still to become events; those of the last second are normal.",
		Kind:      Gauge,
		Collected: true,
	})
	WaitingEventAge = define(&Definition{
		Name:      "handrail_events_waiting_oldest_age_seconds",
		Help:      "Age of the oldest change that is still to become an event; 0 for none.",
		Kind:      Gauge,
		Collected: true,
	})

	OpenStreams = define(&Definition{
		Name:   "handrail_event_streams_open",
		Help:   "Streams of events that are open at this process.",
		Kind:   Gauge,
		Served: APIProcess,
	})
	WebhookPosts = define(&Definition{
		Name:   "handrail_webhook_posts_total",
		Help:   "Posts of events to webhook endpoints, by what has come of them.",
		Kind:   Counter,
		Labels: []string{"result"},
		Served: WorkProcess,
	})
	WebhookBehind = define(&Definition{
		Name: "handrail_webhook_endpoint_events_behind",
		Help: "Events that an enabled webhook endpoint has still to be told of, or to pass over; those that have " +
			"stepped aside as well.",
		Kind:         Gauge,
		Labels:       []string{labelEndpoint},
		PerWorkspace: true,
		Collected:    true,
	})
	WebhookAge = define(&Definition{
		Name:         "handrail_webhook_endpoint_oldest_age_seconds",
		Help:         "Age of the oldest event that the webhook endpoint is behind with; 0 for none.",
		Kind:         Gauge,
		Labels:       []string{labelEndpoint},
		PerWorkspace: true,
		Collected:    true,
	})

	Requests = define(&Definition{
		Name:   "handrail_http_requests_total",
		Help:   "Requests answered, by route and status.",
		Kind:   Counter,
		Labels: []string{"method", "route", labelStatus},
		Served: APIProcess,
	})
	RequestTime = define(&Definition{
		Name:    "handrail_http_request_duration_seconds",
		Help:    "Time to the answer, by route.",
		Kind:    Histogram,
		Labels:  []string{"method", "route"},
		Buckets: requestBuckets,
		Served:  APIProcess,
	})

	Connections = define(&Definition{
		Name:      "handrail_database_connections",
		Help:      "Connections of this process to the database.",
		Kind:      Gauge,
		Labels:    []string{"state"},
		Collected: true,
	})
	MaxConnections = define(&Definition{
		Name:      "handrail_database_connections_max",
		Help:      "The most connections that this process opens.",
		Kind:      Gauge,
		Collected: true,
	})
	ConnectionWaits = define(&Definition{
		Name:      "handrail_database_waits_total",
		Help:      "Queries that had to wait for a connection.",
		Kind:      Counter,
		Collected: true,
	})
	ConnectionWaitTime = define(&Definition{
		Name:      "handrail_database_wait_seconds_total",
		Help:      "Time that queries had to wait for a connection.",
		Kind:      Counter,
		Collected: true,
	})
	Transactions = define(&Definition{
		Name:      "handrail_database_transactions_total",
		Help:      "Transactions that this process has begun in order to write.",
		Kind:      Counter,
		Collected: true,
	})
	Failovers = define(&Definition{
		Name: "handrail_database_failovers_total",
		Help: "Failovers of the database that this process was the first to notice.",
		Kind: Counter,
	})
	CollectionUp = define(&Definition{
		Name:      "handrail_collection_up",
		Help:      "1 if the figures that come from the database could be read, else 0: then they are left out.",
		Kind:      Gauge,
		Collected: true,
	})
	CollectionTime = define(&Definition{
		Name:      "handrail_collection_seconds",
		Help:      "Time that it took to read the figures that come from the database.",
		Kind:      Gauge,
		Collected: true,
	})

	ClockOffset = define(&Definition{
		Name: "handrail_clock_offset_seconds",
		Help: "By how much the clock of this process is ahead of the database's.",
		Kind: Gauge,
	})
	MissingKey = define(&Definition{
		Name: "handrail_missing_encryption_key",
		Help: "1 for each encryption key that this process lacks and that something was encrypted with. " +
			"It has no series while no key is missing.",
		Kind:   Gauge,
		Labels: []string{"key_id"},
	})
	BuildInfo = define(&Definition{
		Name:   "handrail_build_info",
		Help:   "1, with the version that runs.",
		Kind:   Gauge,
		Labels: []string{"version"},
	})
)
