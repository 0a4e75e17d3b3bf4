-- The same as migrations/postgres, which says why.

ALTER TABLE suppressions ADD COLUMN note text NOT NULL DEFAULT '';
CREATE INDEX suppressions_address ON suppressions (workspace_id, address) WHERE lifted_at IS NULL;
