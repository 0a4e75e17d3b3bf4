package chat_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestEveryCodeHasMeaningAdviceAndSource(t *testing.T) {
	t.Parallel()

	for _, code := range chat.ProviderCodes() {
		require.NotEmpty(t, code.Meaning, code.Code)
		assert.Contains(t, chat.Advices(), code.Advice, code.Code)
		assert.Contains(t, code.Source, "https://", code.Code)
		assert.NotContains(t, code.Source, "{", code.Code)
		assert.NotEmpty(t, code.Advice.Words(), code.Code)

		// The advice stands beside the meaning, and must be the only one.
		for _, word := range []string{"retry", "again", "do not"} {
			assert.NotContains(t, strings.ToLower(code.Meaning), word, code.Code)
		}

		// Who must not be written to is not to be sent it again, unless it goes elsewhere.
		if code.Suppress != "" || code.Outcome == chat.OutcomeSuppressed {
			assert.Contains(t, []chat.Advice{chat.AdviceNever, chat.AdviceChangeAddress}, code.Advice, code.Code)
		}

		if code.Outcome == chat.OutcomeNotProcessed {
			assert.Equal(t, chat.AdviceWait, code.Advice, code.Code)
		}
	}
}

func TestCodesOfTheAccountOrTheSenderBlock(t *testing.T) {
	t.Parallel()

	for code, want := range map[int]chat.Advice{
		21601: chat.AdviceChangeSender,
		21606: chat.AdviceChangeSender,
		21607: chat.AdviceMendAccount,
		21635: chat.AdviceChangeAddress,
		21265: chat.AdviceChangeAddress,
		21659: chat.AdviceChangeSender,
		21660: chat.AdviceChangeSender,
		21661: chat.AdviceChangeSender,
	} {
		found, known := chat.FindProviderCode(chat.TwilioCode(code))
		require.True(t, known, code)
		assert.Equal(t, chat.OutcomeBlocked, found.Outcome, code)
		assert.Equal(t, want, found.Advice, code)
	}
}

func TestAdviceOfCodes(t *testing.T) {
	t.Parallel()

	for code, want := range map[string]chat.Advice{
		"twilio_21610":                  chat.AdviceNever,
		"twilio_30003":                  chat.AdviceWait,
		"twilio_30007":                  chat.AdviceChangeText,
		"twilio_30018":                  chat.AdviceChangeSender,
		"twilio_30024":                  chat.AdviceChangeSender,
		"twilio_30034":                  chat.AdviceChangeSender,
		"twilio_30037":                  chat.AdviceMendAccount,
		"twilio_30038":                  chat.AdviceChangeText,
		"twilio_30039":                  chat.AdviceNever,
		"twilio_30044":                  chat.AdviceChangeText,
		"twilio_30450":                  chat.AdviceWait,
		"twilio_30453":                  chat.AdviceWait,
		"sendgrid_unsubscribed_address": chat.AdviceNever,
		"sendgrid_bounced_address":      chat.AdviceChangeAddress,
		"sendgrid_5.2.3":                chat.AdviceChangeText,
	} {
		d := chat.Delivery{
			Provider:       chat.ProviderTwilio,
			Submission:     chat.SubmissionAccepted,
			DeliveryStatus: chat.StatusUndelivered,
			ErrorCode:      code,
		}

		assert.Equal(t, want, d.Advice(), code)
		assert.True(t, strings.HasSuffix(d.Explain(), want.Words()), "%s: %s", code, d.Explain())
	}
}

// TestWhatIsAdvisedIsAccepted tries all codes in all states: a sentence advises a retry only where
// one is accepted, and reason and advice agree.
func TestWhatIsAdvisedIsAccepted(t *testing.T) {
	t.Parallel()

	codes := []string{"", "twilio_99999"}
	for _, code := range chat.ProviderCodes() {
		codes = append(codes, code.Code)
	}

	for _, code := range codes {
		known, _ := chat.FindProviderCode(code)

		for _, submission := range chat.SubmissionStates() {
			for _, status := range chat.DeliveryStatuses() {
				if submission != chat.SubmissionAccepted && status != chat.StatusNone {
					continue // nothing is heard of what the provider does not have
				}

				for _, retriedBy := range []chat.DeliveryID{"", "d-2"} {
					if retriedBy != "" && !submission.Settled() {
						continue // what is open is not tried again, or replaced
					}

					d := chat.Delivery{
						Provider:       chat.ProviderTwilio,
						Submission:     submission,
						DeliveryStatus: status,
						ErrorCode:      code,
						ErrorMessage:   known.Meaning,
						RetriedBy:      retriedBy,
					}

					for _, tools := range []chat.RetryTools{{}, {Undone: true}, {Unfinished: true}} {
						for _, refused := range []*chat.Error{nil, chat.Errorf(chat.CodeNoPhone, "they have no number")} {
							d.Tools = tools
							d.RetryRefused = refused

							checkAdvice(t, &d)
						}
					}
				}
			}
		}
	}
}

func checkAdvice(t *testing.T, d *chat.Delivery) {
	t.Helper()

	sentence := d.Explain()
	what := fmt.Sprintf("%s, %s, %s: %s", d.Submission, d.DeliveryStatus, d.ErrorCode, sentence)

	advises := strings.Contains(strings.ToLower(sentence), "retry it") || strings.Contains(sentence, "can be retried")
	if advises {
		require.NoError(t, d.Retryable(), what)
		require.Contains(t, d.Commands(), chat.VerdictRetry, what)
	}

	advice := d.Advice()
	if advice != chat.AdviceNone {
		require.NoError(t, d.CheckRetry(), what)
	}

	if d.RetryRefused != nil {
		return // the sentence says why there is no retry; the advice says how another one may be
	}

	// Of the sentences that tell people what to do, one is right.
	if advice == chat.AdviceNever {
		require.False(t, advises, what)
	}

	for _, other := range chat.Advices() {
		if other != advice && advice != chat.AdviceNone && d.ErrorCode != "" && d.ErrorCode != "twilio_99999" {
			require.NotContains(t, sentence, other.Words(), what)
		}
	}
}

// TestThePageOfCodesIsTheTable holds docs/codes.md to the table.
func TestThePageOfCodesIsTheTable(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../docs/codes.md")
	require.NoError(t, err)

	var lines []string

	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `twilio_") || strings.HasPrefix(line, "| `sendgrid_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}

	var want []string

	for _, code := range chat.ProviderCodes() {
		outcome := string(code.Outcome)
		if code.RecipientScoped {
			outcome += ", this recipient only"
		}

		want = append(want, fmt.Sprintf(
			"| `%s` | %s | %s | %s | [source](%s) |",
			code.Code,
			code.Meaning,
			code.Advice,
			outcome,
			code.Source,
		))
	}

	assert.Equal(t, want, lines)
}
