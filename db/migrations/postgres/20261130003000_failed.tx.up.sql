-- What has not reached its recipient, for what counts it: without reading the deliveries, however many there are. A
-- message that arrives has no entry. SQLite, whose workspaces are small, reads them by their status.
CREATE INDEX deliveries_failed ON deliveries (workspace_id, created_at, updated_at, status, error_code, id)
    WHERE status IN ('rejected', 'suppressed', 'expired', 'abandoned', 'undelivered', 'bounced', 'failed', 'canceled');
