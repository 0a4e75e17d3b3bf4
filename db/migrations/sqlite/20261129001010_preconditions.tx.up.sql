-- The same as migrations/postgres, which says why.

ALTER TABLE chats ADD COLUMN taken_over_by integer;
ALTER TABLE chats ADD COLUMN taken_over_at text
    CONSTRAINT chats_takeover CHECK ((taken_over_by IS NULL) = (taken_over_at IS NULL));

ALTER TABLE deliveries ADD COLUMN by_person integer NOT NULL DEFAULT 0 CHECK (by_person IN (0, 1));
ALTER TABLE deliveries ADD COLUMN seen_message integer;
ALTER TABLE deliveries ADD COLUMN despite_takeover integer NOT NULL DEFAULT 0 CHECK (despite_takeover IN (0, 1));
ALTER TABLE deliveries ADD COLUMN despite_brakes integer NOT NULL DEFAULT 0 CHECK (despite_brakes IN (0, 1));
ALTER TABLE deliveries ADD COLUMN accepted_at text;

CREATE INDEX deliveries_to_leave ON deliveries (workspace_id, chat_id, to_address) WHERE submission = 'pending';
