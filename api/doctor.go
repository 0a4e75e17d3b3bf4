package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// Doctor looks at the installation, and at what it depends on. It takes at most ten seconds, runs once at a time,
// however many ask, and answers for a while from what it has found.
type Doctor interface {
	// Examine returns what was found, with what is said of senders for those of the workspace alone.
	Examine(ctx context.Context, ws chat.WorkspaceID) (Examination, error)
}

// Examination is what a [Doctor] has found.
type Examination struct {
	Checks []DoctorCheck
	At     time.Time
}

// DoctorCheck is one thing that a [Doctor] has looked at.
type DoctorCheck struct {
	Name    string
	Status  CheckStatus
	Message string
	// Do says what to do; "" for nothing.
	Do string
}

// CheckStatus is what a check has found.
type CheckStatus string

// The statuses of a check.
const (
	CheckOK   CheckStatus = "ok"
	CheckWarn CheckStatus = "warn"
	CheckFail CheckStatus = "fail"
)

// Schema lists the statuses of a check.
func (CheckStatus) Schema(huma.Registry) *huma.Schema {
	return enumOf([]CheckStatus{CheckOK, CheckWarn, CheckFail})
}

// examinationJSON is what the doctor has found.
type examinationJSON struct {
	Checks    []checkJSON `json:"checks"`
	CheckedAt time.Time   `json:"checked_at"`
}

// checkJSON is one thing that the doctor has looked at.
type checkJSON struct {
	Name    string      `json:"name"`
	Status  CheckStatus `json:"status"`
	Message string      `json:"message"`
	Do      string      `json:"do,omitempty" doc:"What to do."`
}

func (s *service) doctorRoutes() {
	registerRoute(s, s.examine, route{
		method:  http.MethodGet,
		path:    "/doctor",
		access:  withScope(chat.ScopeWorkspaceAdmin),
		id:      "getDoctor",
		tag:     tagActions,
		summary: "Check the installation",
		description: "What `handrail doctor` checks, as the process that answers sees it: the configuration, the " +
			"database, Temporal, and what the providers say. It takes up to 10 seconds. The answer is kept for some " +
			"seconds: `checked_at` says of when it is. Errors that may name hosts or accounts stand in the log of " +
			"the API.",
		answer: examinationJSON{
			Checks:    []checkJSON{{Name: "database", Status: CheckOK, Message: "answers"}},
			CheckedAt: exampleTime,
		},
	})
}

type examinationOutput struct{ Body examinationJSON }

func (s *service) examine(ctx context.Context, _ *struct{}) (*examinationOutput, error) {
	if s.doctor == nil {
		return nil, chat.Errorf(chat.CodeUnavailable, "this process checks nothing: run handrail doctor")
	}

	found, err := s.doctor.Examine(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	shown := examinationJSON{
		Checks:    make([]checkJSON, len(found.Checks)),
		CheckedAt: found.At.UTC(),
	}

	for i, check := range found.Checks {
		shown.Checks[i] = checkJSON(check)
	}

	return &examinationOutput{Body: shown}, nil
}
