-- What an attempt was sent from: how a sender fares is counted from its newest attempts, however many there are.
ALTER TABLE delivery_attempts ADD COLUMN sender text COLLATE "C" NOT NULL DEFAULT '';

UPDATE delivery_attempts AS t SET sender = (SELECT d.sender FROM deliveries AS d
    WHERE d.workspace_id = t.workspace_id AND d.id = t.delivery_id);

CREATE INDEX delivery_attempts_of_sender ON delivery_attempts (workspace_id, sender, started_at);
