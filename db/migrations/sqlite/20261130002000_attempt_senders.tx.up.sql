-- The same as migrations/postgres, which says why.

ALTER TABLE delivery_attempts ADD COLUMN sender text NOT NULL DEFAULT '';

UPDATE delivery_attempts AS t SET sender = (SELECT d.sender FROM deliveries AS d
    WHERE d.workspace_id = t.workspace_id AND d.id = t.delivery_id);

CREATE INDEX delivery_attempts_of_sender ON delivery_attempts (workspace_id, sender, started_at);
