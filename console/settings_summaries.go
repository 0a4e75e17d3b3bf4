package console

import (
	"strconv"

	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) summarySettingsRoutes() {
	h.page("/settings/summaries", h.showSummarySettings)
	h.form("/settings/summaries", h.updateSummarySettings, h.showSummarySettings)
}

func (h *Handler) showSummarySettings(v *viewer) (templ.Component, error) {
	answer, err := v.GetSummarySettingsWithResponse(v.ctx(), v.ws())
	if err != nil {
		return nil, err
	}

	return summarySettingsPage(v, answer.JSON200), nil
}

func (h *Handler) updateSummarySettings(v *viewer) (templ.SafeURL, error) {
	patch, err := readSummarySettings(v)
	if err != nil {
		return "", err
	}

	_, err = v.UpdateSummarySettingsWithResponse(v.ctx(), v.ws(), patch)

	return v.path("/settings/summaries"), err
}

// readSummarySettings reads the form of the settings, which has all of them. Errors: that of a field that cannot be
// read.
func readSummarySettings(v *viewer) (patch client.SummarySettingsPatch, err error) {
	patch = client.SummarySettingsPatch{
		AutomaticLabels: new(v.PostFormValue("automatic_labels") != ""),
		Model:           new(readText(v, "model")),
		Language:        new(readText(v, "language")),
		Instructions:    new(readText(v, "instructions")),
	}

	if text := readText(v, "label_threshold"); text != "" {
		threshold, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return patch, newInputError("label_threshold", "must be a number from 0 to 1")
		}

		patch.LabelThreshold = &threshold
	}

	if patch.EveryMessages, err = readNumber(v, "every_messages"); err != nil {
		return patch, err
	}

	if patch.QuietSeconds, err = readNumber(v, "quiet_seconds"); err != nil {
		return patch, err
	}

	patch.TokenBudget, err = readNumber(v, "token_budget")

	return patch, err
}

// formatShare returns a number from 0 to 1 as a field has it.
func formatShare(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) }
