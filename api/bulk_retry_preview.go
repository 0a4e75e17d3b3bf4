package api

import (
	"context"
	"maps"
	"net/http"

	"handrail/chat"
)

// dryRunJSON is what a bulk retry would do.
type dryRunJSON struct {
	DryRun       bool              `json:"dry_run"`
	Count        int               `json:"count" doc:"How many deliveries would have their turn."`
	Judged       int               `json:"judged" doc:"How many of them were judged one by one for skipped: the first 1,000."`
	Skipped      int               `json:"skipped" doc:"How many of those it would skip as they stand."`
	SkippedBy    map[string]int    `json:"skipped_by_reason" doc:"In the words of a bulk retry's skipped_by_reason."`
	Groups       []bulkGroupJSON   `json:"groups"`
	MayDuplicate int               `json:"may_duplicate" doc:"How many of them may have been sent already. They are retried only with acknowledge_duplicate, and skipped without it."`
	Overlaps     []bulkOverlapJSON `json:"overlaps" doc:"The unfinished bulk retries that are to retry some of the same deliveries."`
}

type bulkOverlapJSON struct {
	BulkRetryID chat.ActionID  `json:"bulk_retry_id" format:"uuid"`
	State       chat.BulkState `json:"state" enum:"running,paused"`
	Count       int            `json:"count" doc:"How many of the deliveries both would retry."`
}

// previewBulkRetry counts what a bulk retry would retry and skip, and says which others would retry it too.
func (s *service) previewBulkRetry(
	ctx context.Context,
	filter chat.DeliveryFilter,
	acknowledged bool,
) (*actionResponse, error) {
	ws := callFrom(ctx).workspace()

	groups, err := s.store.CountRetryCandidates(ctx, ws, filter)
	if err != nil {
		return nil, err
	}

	overlaps, err := s.store.BulkOverlaps(ctx, ws, filter)
	if err != nil {
		return nil, err
	}

	forecast, err := s.store.ForecastRetries(ctx, ws, filter, acknowledged)
	if err != nil {
		return nil, err
	}

	shown := presentDryRun(groups, overlaps)
	shown.Judged = forecast.Judged
	shown.Skipped = forecast.Skipped
	maps.Copy(shown.SkippedBy, forecast.SkippedBy)

	return &actionResponse{Status: http.StatusOK, Body: shown}, nil
}

func presentDryRun(groups []chat.RetryCount, overlaps []chat.BulkOverlap) dryRunJSON {
	shown := dryRunJSON{
		DryRun:    true,
		Groups:    make([]bulkGroupJSON, len(groups)),
		Overlaps:  make([]bulkOverlapJSON, len(overlaps)),
		SkippedBy: map[string]int{},
	}

	for i, o := range overlaps {
		shown.Overlaps[i] = bulkOverlapJSON{BulkRetryID: o.ID, State: o.State, Count: o.Count}
	}

	for i, g := range groups {
		shown.Count += g.Count
		shown.MayDuplicate += g.MayDuplicate
		shown.Groups[i] = bulkGroupJSON{
			Sender:       g.Sender,
			Status:       g.Status,
			ErrorCode:    g.ErrorCode,
			Count:        g.Count,
			MayDuplicate: g.MayDuplicate,
		}
	}

	return shown
}
