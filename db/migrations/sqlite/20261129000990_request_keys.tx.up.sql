-- Requests with an Idempotency-Key that are no actions, and what they were answered with.
CREATE TABLE request_keys (
    -- Made of the workspace and the key, like the id of an action. The key itself is not kept.
    id           text NOT NULL,
    workspace_id text NOT NULL REFERENCES workspaces (id),
    state        text NOT NULL,
    -- Names the one request that may store something.
    holder       text NOT NULL,
    request_id   text NOT NULL,
    repeatable   integer NOT NULL,
    fingerprint  text NOT NULL CHECK (json_valid(fingerprint)),
    lease_until  text NOT NULL,
    status       integer NOT NULL,
    location     text NOT NULL,
    answer       text CHECK (json_valid(answer)),
    created_at   text NOT NULL,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT request_keys_state CHECK (state IN ('begun', 'done', 'answered'))
) STRICT;

-- What is forgotten first.
CREATE INDEX request_keys_oldest ON request_keys (created_at);
