-- The opposite of what a provider's reports came to, if it has reported both: that a message arrived,
-- and that it did not.
ALTER TABLE deliveries ADD COLUMN also_reported text NOT NULL DEFAULT '';

-- What recipients have taken back: a report of what happened before must not bring it back.
CREATE INDEX suppressions_lifted ON suppressions (workspace_id, channel, sender, address) WHERE lifted_at IS NOT NULL;
