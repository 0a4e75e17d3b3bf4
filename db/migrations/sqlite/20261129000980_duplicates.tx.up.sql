-- Whether a delivery was sent twice, or may have been: chat.Copies.JudgeDuplicate.
ALTER TABLE deliveries ADD COLUMN duplicate text NOT NULL DEFAULT 'none'
    CONSTRAINT deliveries_duplicate CHECK (duplicate IN ('none', 'possible', 'confirmed'));

UPDATE deliveries SET duplicate = 'confirmed'
    WHERE id IN (SELECT e.delivery_id FROM provider_events e WHERE e.type = 'duplicate_confirmed');

CREATE INDEX deliveries_duplicates ON deliveries (workspace_id, created_at DESC, id DESC) WHERE duplicate <> 'none';

-- Whether a bulk retry also takes what it may send twice.
ALTER TABLE bulk_retries ADD COLUMN acknowledge_duplicate integer NOT NULL DEFAULT 0
    CHECK (acknowledge_duplicate IN (0, 1));
