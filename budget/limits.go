package budget

import "time"

// What one request may bring.
const (
	// MaxHead is the most bytes of a request's head: four times what browsers and proxies send.
	MaxHead = 16 << 10
	// MaxBody is the most bytes of a request's body.
	MaxBody = 1 << 20
	// MaxMail is the most bytes of an inbound mail: SendGrid takes 30 MB, and encodes it
	// (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook).
	MaxMail = 35 << 20
	// MailWithin is how long an inbound mail may take to arrive.
	MailWithin = 2 * time.Minute
	// UnverifiedMails are the bytes of inbound mails that lie in memory at once while nobody knows
	// yet whether a provider has sent them. Three of the largest fit.
	UnverifiedMails = 128 << 20
	// UnverifiedBodies are those of all other bodies.
	UnverifiedBodies = 64 << 20
	// MailsAtOnce is how many inbound mails are taken apart at once.
	MailsAtOnce = 8
)

// What one JSON document may be made of.
const (
	// MaxDepth is how many lists and objects may lie in each other. SQLite takes 1,000
	// (https://www.sqlite.org/json1.html), and what wraps a value in storage adds a few.
	MaxDepth = 100
	// MaxElements is the most values.
	MaxElements = 100_000
	// MaxKey is the most bytes of the name of a field, as it is written.
	MaxKey = 1000
	// MaxDigits is the most characters of a number.
	MaxDigits = 64
	// maxPath is the most bytes of the path of a field in an error.
	maxPath = 300
)

// What a value may cost that is held against a schema.
const (
	// MaxSchema is the most bytes of a schema.
	MaxSchema = 64 << 10
	// MaxViolations is the most broken rules that are told of one value.
	MaxViolations = 20
	// MaxViolation is the most bytes of what is told of one of them.
	MaxViolation = 1000
	// MaxSchemaSteps is how many subschemas, and entries of lists and objects, one value is held
	// against at most. References can make a schema of a kilobyte ask for more than any machine can
	// do.
	MaxSchemaSteps = 300_000
	// MaxPatternSize is how large the patterns of one schema are together, repetitions written out.
	MaxPatternSize = 50_000
	// MaxSchemaTime is how long that may take, whatever a step was.
	MaxSchemaTime = 5 * time.Second
)

// What one email may be made of.
const (
	// MaxParts bounds the parts of one email, and the fields and files of one post.
	MaxParts = 1000
	// MaxMultiparts bounds how many parts may hold other parts, and so how deep they lie in
	// each other. A signed mail with pictures that a list has sent on has five.
	MaxMultiparts = 20
	// MaxPartHeaders is the most bytes of the headers of one part that are read.
	MaxPartHeaders = 8 << 10
	// MaxOutline is the most bytes of the headers of all parts that are read.
	MaxOutline = 512 << 10
	// MaxMailText is the most bytes of one text in a mail that are read. A person writes a
	// thousandth of it in a day.
	MaxMailText = 4 << 20
	// MaxIntroductions is the most introductions of a quote that are looked at closely. A mail
	// has a few.
	MaxIntroductions = 500
)

// What a server that we ask may answer.
const (
	// MaxModelAnswer is the most bytes of a model server's answer: a summary has some 12,000.
	MaxModelAnswer = 4 << 20
	// MaxModelText is the most bytes of what a model writes that are read.
	MaxModelText = 256 << 10
	// MaxOutputTokens is the most tokens that one request to a model is believed to have made,
	// thinking included: more than any model writes at once.
	MaxOutputTokens = 200_000
	// TokensBeside is how many tokens servers count beside the bytes of a request: templates
	// and the grammar of a schema.
	TokensBeside = 10_000
	// MaxMCPMessage is the most bytes of one message of an MCP server: a list of tools may be
	// long.
	MaxMCPMessage = 4 << 20
	// MaxMCPTools is the most tools of one MCP server that are taken, and MaxMCPToolsSeen the most
	// that are looked at.
	MaxMCPTools     = 200
	MaxMCPToolsSeen = 1000
)

// MaxPage is the most bytes of the texts on one page of a list. A page has one entry at least,
// whatever its size.
const MaxPage = 4 << 20
