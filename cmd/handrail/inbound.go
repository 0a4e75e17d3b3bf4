package main

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"handrail/carrier/sendgrid"
	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/client"
	"handrail/db"
)

type inboundCommand struct {
	List    inboundList    `cmd:"" help:"List what came in, newest first: taken, marked automatic, orphaned, refused."`
	Show    inboundShow    `cmd:"" help:"Explain what became of a message that came in."`
	Replay  inboundReplay  `cmd:"" help:"Take a message again that was orphaned or refused. Any number of replays add one message."`
	Orphans inboundOrphans `cmd:"" help:"List the orphans of all workspaces, or replay one. Reads the database."`
}

// Help is shown by kong.
func (inboundCommand) Help() string {
	return `Whatever a provider hands over is kept and listed. An orphan was sent to a number or an inbox that is
not entered; it is taken when that is entered. The API shows orphans only in an installation with one workspace, because
elsewhere nobody knows whose they are: the operator lists them with 'handrail inbound orphans'.

` + exitHelp
}

// inboundView is what came in, as the API shows it.
type inboundView struct{ client.Inbound }

type inboundList struct {
	remote
	listing
	Status  choice `help:"Only this status: taken, automatic, orphaned, refused or all." placeholder:"STATUS"`
	Channel choice `help:"Only this channel: phone-sms, email or all." placeholder:"CHANNEL"`
	ChatID  int64  `aliases:"chat" help:"Only this chat." placeholder:"ID"`
	Since   moment `help:"Only what was received since then: how long ago, like 2h, or a time like 2026-11-22T10:00:00Z." placeholder:"WHEN"`
	Until   moment `help:"Only what was received before then." placeholder:"WHEN"`
}

// Run lists what came in.
func (l *inboundList) Run(c *console) error {
	params := client.ListInboundParams{
		Status:  client.OnlyGiven(client.InboundStatus(l.Status)),
		Channel: client.IfGiven(client.AddressedChannel(l.Channel)),
		ChatID:  client.IfGiven(l.ChatID),
		Since:   l.Since.time(),
		Until:   l.Until.time(),
	}

	empty := "nothing has come in yet"
	if !reflect.ValueOf(params).IsZero() {
		empty = "nothing that came in matches"
	}

	return showList(c, &l.remote, l.listing, listView[inboundView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListInbound(c.ctx, api.workspace, &params)
		},
		empty:   empty,
		columns: []string{"INBOUND", "STATUS", "CHANNEL", "FROM", "TRUST", "CHAT", "AGE"},
		row: func(in *inboundView) []string {
			return []string{
				makePrintable(in.ID),
				in.shortStatus(),
				makePrintable(string(in.Channel)),
				makePrintable(in.From),
				in.trustLevel(),
				in.chat(),
				formatAge(in.ReceivedAt),
			}
		},
	})
}

// shortStatus is the status, with the reason of a mark.
func (in *inboundView) shortStatus() string {
	if in.Automatic == nil {
		return makePrintable(string(in.Status))
	}

	return makePrintable(fmt.Sprintf("%s (%s)", in.Status, in.Automatic.Reason))
}

// trustLevel is how far the message is known to be from who it names, "" for what was not judged.
func (in *inboundView) trustLevel() string {
	if in.Trust == nil {
		return ""
	}

	return makePrintable(string(in.Trust.Level))
}

func (in *inboundView) chat() string {
	if in.ChatID == nil {
		return ""
	}

	return strconv.FormatInt(*in.ChatID, 10)
}

type inboundShow struct {
	remote
	ID string `arg:"" help:"The id, as listed."`
}

// Run explains what became of a message.
func (s *inboundShow) Run(c *console) error {
	return s.showInbound(c, func(api *apiClient) (*http.Response, error) {
		return api.GetInbound(c.ctx, api.workspace, s.ID)
	})
}

type inboundReplay struct {
	remote
	ID string `arg:"" help:"The id, as listed."`
}

// Run takes a message again.
func (r *inboundReplay) Run(c *console) error {
	return r.showInbound(c, func(api *apiClient) (*http.Response, error) {
		return api.ReplayInbound(c.ctx, api.workspace, r.ID, nil, client.Repeatable)
	})
}

// showInbound calls the API and writes what came in as it then is.
func (r *remote) showInbound(c *console, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, in *inboundView) error {
		in.explain(c)
		return nil
	})
}

func (in *inboundView) explain(c *console) {
	fmt.Fprintf(c.out, "%s\n\n", makePrintable(in.Explanation))

	f := facts{c}
	f.say("inbound", "%s", in.ID)
	f.say("status", "%s", in.shortStatus())
	f.say("channel", "%s", in.Channel)
	f.say("from", "%s %s", client.ValueOf(in.FromName), in.From)

	if in.Trust != nil {
		f.say("trust", "%s", makePrintable(in.Trust.Explanation))
	}

	f.say("to", "%s", shortenText(strings.Join(in.To, ", "), 100))
	f.say("subject", "%s", shortenText(client.ValueOf(in.Subject), 100))
	f.say("keyword", "%s", client.ValueOf(in.Keyword))
	f.say("files", "%s", formatNumber(int64(len(in.Files))))
	f.say("chat", "%s", in.chat())
	f.say("message", "%s", client.ValueOf(in.MessageID))
	f.sayTime("received", &in.ReceivedAt)
}

type inboundOrphans struct {
	Replay string `help:"Replay this one instead of listing." placeholder:"ID"`
	Limit  int    `default:"20" help:"How many entries to show at most, 1 to 100."`
	JSON   bool   `help:"Write JSON."`
}

// Run lists or replays what is nobody's.
func (o *inboundOrphans) Run(p *process) error {
	if o.Limit < 1 || o.Limit > longestPage {
		return &exitError{errors.New("--limit must be 1 to 100"), exitUsage}
	}

	return p.withStore(func(s *db.Store) error {
		if o.Replay != "" {
			return o.replayOrphan(p, s)
		}

		var all []chat.InboundRecord

		for _, status := range []chat.InboundStatus{chat.InboundOrphaned, chat.InboundRefused} {
			list, err := s.Inbound(p.ctx, "", chat.InboundFilter{
				Statuses: []chat.InboundStatus{status},
				Page:     chat.Page{Limit: o.Limit},
			})
			if err != nil {
				return err
			}

			all = append(all, list.Items...)
		}

		return o.showOrphans(p, all)
	})
}

func (o *inboundOrphans) showOrphans(p *process, all []chat.InboundRecord) error {
	if o.JSON {
		views := make([]orphanView, len(all))
		for i := range all {
			views[i] = viewOrphan(&all[i])
		}

		return writeJSON(p.out, views)
	}

	if len(all) == 0 {
		fmt.Fprintln(p.out, "no orphans: all that came in has found its sender")
		return nil
	}

	t := newTable(p.out, "INBOUND", "STATUS", "CHANNEL", "FROM", "TRUST", "TO", "AGE")

	for i := range all {
		record := &all[i]

		t.row(
			string(record.ID),
			string(record.Status),
			string(record.Channel),
			makePrintable(record.From),
			trustLevel(record),
			makePrintable(strings.Join(record.To, ", ")),
			formatAge(record.ReceivedAt),
		)
	}

	return t.flush()
}

func (o *inboundOrphans) replayOrphan(p *process, s *db.Store) error {
	record, _, err := s.ReplayInbound(p.ctx, chat.ReplayInbound{ID: chat.InboundID(o.Replay)}, readRefused, time.Now())
	if err != nil {
		return err
	}

	if o.JSON {
		return writeJSON(p.out, viewOrphan(&record))
	}

	fmt.Fprintf(p.out, "%s\n", makePrintable(record.Explanation()))

	return nil
}

// orphanView is an orphan as it is listed.
type orphanView struct {
	ID          string    `json:"id"`
	Status      string    `json:"status"`
	Explanation string    `json:"explanation"`
	Channel     string    `json:"channel"`
	From        string    `json:"from"`
	Trust       string    `json:"trust"`
	To          []string  `json:"to"`
	ReceivedAt  time.Time `json:"received_at"`
}

// trustLevel is how far the message is known to be from who it names, "" for one that was not read.
func trustLevel(record *chat.InboundRecord) string {
	if record.Trust == "" {
		return ""
	}

	return string(record.Trust.Level())
}

func viewOrphan(record *chat.InboundRecord) orphanView {
	return orphanView{
		ID:          string(record.ID),
		Status:      string(record.Status),
		Explanation: record.Explanation(),
		Channel:     string(record.Channel),
		From:        record.From,
		Trust:       trustLevel(record),
		To:          record.To,
		ReceivedAt:  record.ReceivedAt,
	}
}

// readRefused reads what its provider has signed when it came; no key is needed for that.
func readRefused(in chat.RefusedInbound) (chat.Inbound, error) {
	switch in.Provider {
	case chat.ProviderTwilio:
		return (*twilio.Webhook)(nil).ReadInbound(in.ContentType, in.Raw)
	case chat.ProviderSendGrid:
		return (*sendgrid.Webhook)(nil).ReadInbound(in.ContentType, in.Raw)
	case chat.ProviderHandrail:
	}

	return chat.Inbound{}, chat.Errorf(chat.CodeNotFound, "%s hands nothing over", in.Provider)
}
