-- Tokens with which a browser opens one stream of events: each is for one use, within a minute.
CREATE TABLE event_tokens (
    -- The SHA-256 of the token. The token itself is not kept.
    hash         bytea NOT NULL,
    workspace_id text COLLATE "C" NOT NULL,
    key_id       bigint NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY (workspace_id, key_id) REFERENCES api_keys (workspace_id, id),
    CONSTRAINT event_tokens_hash CHECK (length(hash) = 32)
);

-- What was not used is deleted with the next one that is made.
CREATE INDEX event_tokens_expired ON event_tokens (workspace_id, expires_at);
