package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// SummarySettings are how a workspace wants its chats summarized.
type SummarySettings struct {
	// Model is "offline", or a provider and a model as in "openai/gpt-4.1-mini" or
	// "anthropic/claude-haiku-4-5"; "" for what the service is configured with.
	Model string
	// Language is a BCP 47 tag (RFC 5646); "" for that of the customer's messages.
	Language string
	// Instructions are told to the model.
	Instructions string
	// TokenBudget is how many tokens, of input and output together, may be used in a
	// calendar month (UTC); 0 for any number.
	TokenBudget int64
	// LabelThreshold is from which confidence on a label is set, not suggested.
	LabelThreshold float64
	// QuietAfter is how long a chat must be quiet to be summarized by itself, EveryMessages
	// how many new messages are enough for it; 0 for never.
	QuietAfter    time.Duration
	EveryMessages int
	// AutomaticLabels has labels chosen, too, when a chat is summarized by itself.
	AutomaticLabels bool
	// TokensUsed are those of the present month.
	TokensUsed int64
	// UpdatedBy is 0 for settings that nobody has changed.
	UpdatedBy MemberID
	UpdatedAt *time.Time
}

// DefaultLabelThreshold is the threshold of a workspace that has not set one.
const DefaultLabelThreshold = 0.7

// Bounds of the settings.
const (
	MaxInstructions  = 2000
	MinQuietAfter    = time.Minute
	MaxQuietAfter    = 7 * 24 * time.Hour
	MaxEveryMessages = 1000
)

// Automatic reports that chats are summarized by themselves.
func (s *SummarySettings) Automatic() bool { return s.QuietAfter > 0 || s.EveryMessages > 0 }

// Brief is a digest of what decides how a summary is written: model, language and
// instructions. With the labels to choose from theirs follows, so that a brief without
// labels begins one with them.
func (s *SummarySettings) Brief(labels []Label) string {
	brief := digestOf(s.Model, s.Language, s.Instructions)
	if labels == nil {
		return brief
	}

	var words []string
	for _, l := range labels {
		words = append(words, l.Name, l.Description)
	}

	return brief + "-" + digestOf(words...)
}

func digestOf(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:8])
}

var (
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
	modelName   = regexp.MustCompile(`^(offline|(openai|anthropic)/[\x21-\x7e]{1,150})?$`)
)

// Validate checks what can be told without looking anything up: CodeInvalidRequest naming
// the field.
func (s *SummarySettings) Validate() error {
	quiet := s.QuietAfter == 0 || s.QuietAfter >= MinQuietAfter && s.QuietAfter <= MaxQuietAfter
	switch {
	case !modelName.MatchString(s.Model):
		return Invalid("model", `must be "offline", "openai/" or "anthropic/" and a model's name, or empty`)
	case s.Language != "" && !languageTag.MatchString(s.Language):
		return Invalid("language", "must be a language tag such as en, de or pt-BR, or empty")
	case utf8.RuneCountInString(s.Instructions) > MaxInstructions:
		return Invalid("instructions", "must be at most %d characters", MaxInstructions)
	case s.TokenBudget < 0:
		return Invalid("token_budget", "must be 0, for none, or more")
	case !(s.LabelThreshold >= 0 && s.LabelThreshold <= 1):
		return Invalid("label_threshold", "must be from 0 to 1")
	case !quiet:
		return Invalid(
			"quiet_seconds",
			"must be 0, for never, or %d to %d",
			int(MinQuietAfter.Seconds()),
			int(MaxQuietAfter.Seconds()),
		)

	case s.EveryMessages < 0 || s.EveryMessages > MaxEveryMessages:
		return Invalid("every_messages", "must be 0, for never, to %d", MaxEveryMessages)
	}

	return nil
}

// Spendable reports whether tokens are left at the time now: CodeTokenBudget, saying when
// there are more.
func (s *SummarySettings) Spendable(now time.Time) error {
	if s.TokenBudget == 0 || s.TokensUsed < s.TokenBudget {
		return nil
	}

	now = now.UTC()
	renewed := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)

	return Errorf(
		CodeTokenBudget,
		"this workspace has used %d of its %d tokens of this month; there are more on %s (UTC), or with a higher "+
			"token_budget in the summary settings",
		s.TokensUsed,
		s.TokenBudget,
		renewed.Format(time.DateOnly),
	)
}
