package chat

// Term is a word that Handrail uses in its own way, or that its field does, with what it means.
type Term struct {
	Word    string
	Meaning string
}

// Glossary lists the terms by the alphabet.
func Glossary() []Term { return append([]Term(nil), glossary...) }

// glossary is the one table of terms. Backquotes mark what stands in requests, answers and commands.
var glossary = []Term{
	{"A2P 10DLC", "The registration of a company and of its purpose with US carriers, which takes days. Without it, " +
		"carriers block SMS that a program sends from an ordinary US number."},
	{"Action", "One request that must be carried out, such as a send. It has one id and one workflow, and can be " +
		"looked up until long after the request."},
	{"Approval", "A second member's consent to what one member may not do alone, such as a tool call with a refund."},
	{"Assistant", "A member that is an AI. A chat has one, which speaks in it."},
	{"Attempt", "One try to hand a delivery to its provider. Attempts are counted and never deleted."},
	{"Audit log", "The list of who has done what, when and why: `GET /audit-log`, `handrail audit list`."},
	{"Breaker", "A mark at a sender whose account refuses everything. While it stands, one message at a time is " +
		"tried and the others wait."},
	{"Bulk retry", "One command that retries many deliveries, one after the other."},
	{"Canary", "The first few deliveries of a bulk retry. The others wait until these are known to work."},
	{"Carrier", "The phone company that brings an SMS to the phone. Twilio hands messages to it."},
	{"Channel", "How a chat is held: `phone-sms`, `email`, `web-chat` or `phone-voice`. Handrail writes by the " +
		"first two."},
	{"Chat", "A conversation with one customer over one channel."},
	{"Claim", "The right to post a delivery once. Only one worker can hold it."},
	{"Code", "The stable name of an error, in `code`. Each is explained on a page: [problems](problems.md)."},
	{"Contributor", "Somebody who takes part in a chat and whom the assistant may ask, by SMS or email."},
	{"Contributor request", "One question to one or several contributors, with a deadline."},
	{"Delivery", "One message to one address through one provider. A message that is retried has several."},
	{"DKIM, SPF", "Two ways in which a mail server proves that a mail is from the domain that it names."},
	{"Duplicate", "A message that the recipient got twice, or may have got twice."},
	{"E.164", "The international form of a phone number: `+` and digits only, like `+14155550123`."},
	{"Event", "One entry of the log of what has happened in a workspace, with its number: [events.md](events.md)."},
	{"Evidence", "What shows whether a provider took a message: its callbacks, and its own list of messages."},
	{"External id", "Your own id of a member or a chat, by which you find it again."},
	{"Failover", "The database's standby takes over. What the old server had written last may be missing then."},
	{"Final status", "What the provider reports in the end: `delivered`, `undelivered`, `bounced` or `failed`."},
	{"Idempotency key", "A text of your choice that makes a request safe to repeat: the second one gets the answer " +
		"of the first, and nothing is done twice."},
	{"Inbound", "What comes in: SMS and mails that people write to you."},
	{"Inbound Parse", "SendGrid's service that receives mail for a domain and posts it to Handrail."},
	{"Inbox", "A sender for email: an address of yours."},
	{"Label", "A short mark on a chat. A workspace has a fixed list of them."},
	{"Lease", "How long a claim holds: 45 seconds. If a worker dies, the claim ends with its lease."},
	{"Manager", "A member who may use all scopes of its API keys. Other members reach their own chats only."},
	{"MCP", "The Model Context Protocol, by which servers offer tools to AI."},
	{"Member", "A person or an assistant of a workspace, with its addresses."},
	{"Messaging service", "A group of Twilio numbers that sends as one. Its id begins with `MG`."},
	{"Needs response", "A mark on a chat: its customer waits for an answer, or a message did not arrive. " +
		"`needs_response_reason` says which."},
	{"Notice", "A message that tells a member of events that need a person: [notices.md](notices.md)."},
	{"Notification rule", "It says which members are told of which events, by email or SMS, in notices."},
	{"Opt-out", "A person's wish to get no more messages, such as the answer STOP."},
	{"Orphan", "Something that came in for a number or an inbox that no workspace has, or a report about a message " +
		"that Handrail does not know."},
	{"Parked", "The state of an action that waits for more than a moment: for another try, or for a person."},
	{"Participant", "A member's place in one chat, with a role."},
	{"Problem", "An error as the API answers it: `application/problem+json`, with a `code`, a sentence, and the " +
		"wrong fields."},
	{"Provider", "The company that takes a message from Handrail: Twilio for SMS, SendGrid for email."},
	{"Receipt", "The report with the provider's final status."},
	{"Report", "Anything that a provider says about a message, by webhook or when it is asked."},
	{"Resolved", "Nothing more happens to it by itself. Where a person decides, `resolve` is the command. In code " +
		"and variables: settled, `HANDRAIL_SETTLE`."},
	{"Sandbox", "A server on your own machine that stands in for Twilio, SendGrid and some tools. It sends nothing."},
	{"Scope", "A permission of an API key, such as `chats:write`. [authority.md](authority.md) lists what each " +
		"allows."},
	{"Segment", "A part of an SMS. Carriers charge each: 160 plain characters, or 70 with emoji and most other " +
		"scripts."},
	{"Sender", "What a message comes from: a phone number, a messaging service or an inbox."},
	{"Session", "What a browser is logged in with for at most 12 hours: a key of its own kind, made with an API key " +
		"or a login link."},
	{"Signed Event Webhook", "SendGrid's reports, with a signature that proves whose they are."},
	{"Status callback", "Twilio's report about one SMS, posted to the address that the message named."},
	{"Submission", "Whether the provider took a delivery. What became of the message after that is its delivery " +
		"status."},
	{"Summary", "What a model, or a person, wrote about a chat: title, text, key points, open questions, next steps."},
	{"Suppression", "An address that a sender must not write to, and why."},
	{"Sweep", "About once a minute, every worker looks for deliveries that should have moved and have not."},
	{"Takeover", "A person answers in a chat. The assistant sends nothing until the chat is released."},
	{"Temporal", "The server that keeps workflows, so that a crash loses none."},
	{"Timeline", "What has happened to an action or a delivery, the oldest first."},
	{"Toll-free verification", "Twilio's check of a company that wants to send SMS from a US or Canadian toll-free " +
		"number. Without it, carriers block them."},
	{"Tool", "Something an assistant may do before its message is sent: built in, an HTTP API, or of an MCP server."},
	{"Tool call", "One use of a tool, with its arguments, for one message."},
	{"Undo", "A tool that takes back what another one has done, when the message is not delivered."},
	{"Unknown", "The request left and no clear answer came. Nobody can tell whether the message was taken."},
	{"Watermark", "The newest message that something has seen, such as a summary."},
	{"Webhook", "A call that a provider makes to Handrail when something has happened, or that Handrail makes to a " +
		"webhook endpoint."},
	{"Webhook endpoint", "An address of yours to which Handrail posts events: [webhooks.md](webhooks.md)."},
	{"Worker", "The process that carries out actions: `handrail worker`."},
	{"Workflow", "The durable program, kept by Temporal, that carries out one action step by step."},
	{"Workspace", "One team's data. Every key, chat and member belongs to exactly one."},
}
