package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handrail/carrier/twilio"
	"handrail/chat"
)

const (
	baselineQueue = "baseline"
	workflowFloor = "Floor"
	workflowSix   = "Six"
	// baselineChats is how many chats the baseline's own database has.
	baselineChats = 1000
)

// BaselineOptions say where the baseline's process finds the others.
type BaselineOptions struct {
	Temporal      string `required:"" help:"Temporal's frontend."`
	Namespace     string `required:"" help:"The namespace in it."`
	Database      string `required:"" help:"A database of its own on PostgreSQL."`
	Sandbox       string `required:"" help:"The providers' stand-in."`
	TwilioAccount string `required:"" help:"Its account."`
	TwilioToken   string `required:"" help:"And its token."`
	Addr          string `required:"" help:"Where to serve plain sends."`
}

// baseline does what a send does in the ways that are compared with Handrail's: as six
// activities, and without any durability.
type baseline struct {
	db       *sql.DB
	provider *twilio.Client
}

// RunBaseline works and serves until ctx ends.
func RunBaseline(ctx context.Context, o BaselineOptions) error {
	provider, err := twilio.New(twilio.Config{
		AccountSID: o.TwilioAccount,
		AuthToken:  o.TwilioToken,
		BaseURL:    o.Sandbox,
	})
	if err != nil {
		return fmt.Errorf("reach the sandbox: %w", err)
	}

	b := &baseline{db: openSQL(o.Database), provider: provider}
	defer func() { _ = b.db.Close() }() // nothing is left to be stored

	b.db.SetMaxOpenConns(20)
	b.db.SetMaxIdleConns(20)

	if err := b.createTables(ctx); err != nil {
		return fmt.Errorf("make the baseline's tables: %w", err)
	}

	c, err := client.DialContext(ctx, client.Options{HostPort: o.Temporal, Namespace: o.Namespace})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}

	defer c.Close()

	w := worker.New(c, baselineQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(floorWorkflow, workflow.RegisterOptions{Name: workflowFloor})
	w.RegisterWorkflowWithOptions(sixWorkflow, workflow.RegisterOptions{Name: workflowSix})
	w.RegisterActivity(doNothing)
	w.RegisterActivity(b)

	if err := w.Start(); err != nil {
		return fmt.Errorf("start the baseline's worker: %w", err)
	}

	defer w.Stop()

	return b.serve(ctx, o.Addr)
}

func (b *baseline) serve(ctx context.Context, addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /plain", b.plain)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Minute}

	ending := context.AfterFunc(ctx, func() { _ = server.Close() }) // what it serves is of no use any more
	defer ending()

	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve plain sends: %w", err)
	}

	return nil
}

// createTables makes the tables, with chats to send in. They have the indexes that a send needs.
func (b *baseline) createTables(ctx context.Context) error {
	for _, statement := range []string{
		`DROP TABLE IF EXISTS deliveries, messages, chats`,
		`CREATE TABLE chats (id bigint PRIMARY KEY, phone text NOT NULL, needs_response boolean NOT NULL)`,
		`CREATE TABLE messages (id uuid PRIMARY KEY, chat_id bigint NOT NULL REFERENCES chats (id),
			content text NOT NULL, created_at timestamptz NOT NULL)`,
		`CREATE INDEX messages_chat ON messages (chat_id, created_at)`,
		`CREATE TABLE deliveries (id uuid PRIMARY KEY, message_id uuid NOT NULL REFERENCES messages (id),
			state text NOT NULL, provider_id text)`,
		`INSERT INTO chats SELECT n, '+1416' || (7000000 + n), true
			FROM generate_series(0, ` + strconv.Itoa(baselineChats-1) + `) AS n`,
	} {
		if _, err := b.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}

	return nil
}

// plain is a send as it is written without durability: a post, and a row when it is taken.
func (b *baseline) plain(w http.ResponseWriter, r *http.Request) {
	var in Sending
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}

	in.MessageID = uuid.NewString()
	in.Phone = "+14167000000"

	taken, err := b.Post(r.Context(), in)
	if err == nil {
		in.ProviderID = taken
		_, err = b.StoreMessage(r.Context(), in)
	}

	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// Sending is a send while it goes through its steps.
type Sending struct {
	Chat       int64  `json:"chat"`
	Message    string `json:"message"`
	Phone      string `json:"phone,omitempty"`
	MessageID  string `json:"message_id,omitempty"`
	DeliveryID string `json:"delivery_id,omitempty"`
	ProviderID string `json:"provider_id,omitempty"`
}

// FindChat reads where the message goes to.
func (b *baseline) FindChat(ctx context.Context, in Sending) (string, error) {
	var phone string
	return phone, b.db.QueryRowContext(ctx, `SELECT phone FROM chats WHERE id = $1`, in.Chat).Scan(&phone)
}

// StoreMessage stores the message.
func (b *baseline) StoreMessage(ctx context.Context, in Sending) (string, error) {
	_, err := b.db.ExecContext(
		ctx,
		`INSERT INTO messages VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		in.MessageID,
		in.Chat,
		in.Message,
		time.Now(),
	)

	return in.MessageID, err
}

// StoreDelivery stores that it is to be delivered.
func (b *baseline) StoreDelivery(ctx context.Context, in Sending) (string, error) {
	_, err := b.db.ExecContext(
		ctx,
		`INSERT INTO deliveries VALUES ($1, $2, 'sending') ON CONFLICT DO NOTHING`,
		in.DeliveryID,
		in.MessageID,
	)

	return in.DeliveryID, err
}

// Post hands it over to the provider, and returns its number there.
func (b *baseline) Post(ctx context.Context, in Sending) (string, error) {
	s := b.provider.Submit(ctx, chat.Outgoing{
		Channel:    chat.ChannelSMS,
		From:       "+14155550100",
		To:         in.Phone,
		Payload:    chat.Payload{Text: in.Message},
		LeaseUntil: time.Now().Add(time.Minute),
	})
	if s.Outcome != chat.OutcomeAccepted {
		return "", fmt.Errorf("the provider did not take it: %s %s", s.Outcome, s.ErrorCode)
	}

	return s.ProviderMessageID, nil
}

// StoreOutcome stores what the provider answered.
func (b *baseline) StoreOutcome(ctx context.Context, in Sending) error {
	_, err := b.db.ExecContext(
		ctx,
		`UPDATE deliveries SET state = 'accepted', provider_id = $2 WHERE id = $1`,
		in.DeliveryID,
		in.ProviderID,
	)

	return err
}

// ClearFlag says that the chat is answered.
func (b *baseline) ClearFlag(ctx context.Context, in Sending) error {
	_, err := b.db.ExecContext(ctx, `UPDATE chats SET needs_response = false WHERE id = $1`, in.Chat)
	return err
}

func doNothing(context.Context) error { return nil }

func withActivities(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
}

// floorWorkflow is the least that is durable: a workflow with one activity that does nothing.
func floorWorkflow(ctx workflow.Context) error {
	return workflow.ExecuteActivity(withActivities(ctx), doNothing).Get(ctx, nil)
}

// sixWorkflow is a send as it is mostly written: every step an activity.
func sixWorkflow(ctx workflow.Context, in Sending) error {
	ctx = withActivities(ctx)
	var b *baseline

	run := workflow.GetInfo(ctx).WorkflowExecution.RunID
	in.MessageID = run
	in.DeliveryID = run

	for _, step := range []struct{ activity, result any }{
		{b.FindChat, &in.Phone},
		{b.StoreMessage, nil},
		{b.StoreDelivery, nil},
		{b.Post, &in.ProviderID},
		{b.StoreOutcome, nil},
		{b.ClearFlag, nil},
	} {
		if err := workflow.ExecuteActivity(ctx, step.activity, in).Get(ctx, step.result); err != nil {
			return err
		}
	}

	return nil
}
