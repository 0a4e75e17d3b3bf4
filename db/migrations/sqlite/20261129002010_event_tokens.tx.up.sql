-- The same as migrations/postgres, which says why.

CREATE TABLE event_tokens (
    hash         blob NOT NULL,
    workspace_id text NOT NULL,
    key_id       integer NOT NULL,
    expires_at   text NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY (workspace_id, key_id) REFERENCES api_keys (workspace_id, id),
    CONSTRAINT event_tokens_hash CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX event_tokens_expired ON event_tokens (workspace_id, expires_at);
