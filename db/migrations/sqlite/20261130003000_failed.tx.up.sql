-- The same as migrations/postgres, which says why.

CREATE INDEX deliveries_failed ON deliveries (workspace_id, created_at, updated_at, status, error_code, id)
    WHERE status IN ('rejected', 'suppressed', 'expired', 'abandoned', 'undelivered', 'bounced', 'failed', 'canceled');
