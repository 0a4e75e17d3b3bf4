package console

import (
	"time"

	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) doctorRoutes() { h.page("/settings/doctor", h.showDoctor) }

// doctorView is what the page of the doctor shows.
type doctorView struct {
	checks []client.Check
	at     time.Time
}

func (h *Handler) showDoctor(v *viewer) (templ.Component, error) {
	answer, err := v.GetDoctorWithResponse(v.ctx(), v.ws())
	if err != nil {
		return nil, err
	}

	return doctorPage(v, &doctorView{
		checks: answer.JSON200.Checks,
		at:     answer.JSON200.CheckedAt,
	}), nil
}

// count returns how many checks have found this.
func (d *doctorView) count(status client.CheckStatus) int {
	found := 0

	for i := range d.checks {
		if d.checks[i].Status == status {
			found++
		}
	}

	return found
}

// checkTone returns the colour of what a check has found.
func checkTone(status client.CheckStatus) string {
	switch status {
	case client.CheckStatusOk:
		return toneGood
	case client.CheckStatusWarn:
		return toneWarn
	case client.CheckStatusFail:
	}

	return toneBad
}
