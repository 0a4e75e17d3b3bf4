-- Requests with an Idempotency-Key that are no actions, and what they were answered with.
CREATE TABLE request_keys (
    -- Made of the workspace and the key, like the id of an action. The key itself is not kept.
    id           text COLLATE "C" NOT NULL,
    workspace_id text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    state        text NOT NULL,
    -- Names the one request that may store something.
    holder       text NOT NULL,
    request_id   text NOT NULL,
    repeatable   boolean NOT NULL,
    fingerprint  json NOT NULL,
    lease_until  timestamptz NOT NULL,
    status       bigint NOT NULL,
    location     text NOT NULL,
    answer       json,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT request_keys_state CHECK (state IN ('begun', 'done', 'answered'))
);

-- What is forgotten first.
CREATE INDEX request_keys_oldest ON request_keys (created_at);
