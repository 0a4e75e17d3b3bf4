-- The same as migrations/postgres, which says why.

ALTER TABLE deliveries ADD COLUMN reply_token text NOT NULL DEFAULT '';

CREATE UNIQUE INDEX deliveries_reply_token ON deliveries (reply_token) WHERE reply_token <> '';

ALTER TABLE messages ADD COLUMN trust text NOT NULL DEFAULT '';
ALTER TABLE inbound ADD COLUMN trust text NOT NULL DEFAULT '';
ALTER TABLE contributor_asks ADD COLUMN trust text NOT NULL DEFAULT '';

ALTER TABLE contributor_asks ADD COLUMN code text NOT NULL DEFAULT '';
ALTER TABLE contributor_asks ADD COLUMN wrong_codes integer NOT NULL DEFAULT 0;
