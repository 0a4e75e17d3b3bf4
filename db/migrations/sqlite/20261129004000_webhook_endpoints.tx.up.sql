-- The same as migrations/postgres, which says why.

CREATE TABLE webhook_endpoints (
    id              integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id    text NOT NULL REFERENCES workspaces (id),
    url             text NOT NULL,
    description     text NOT NULL,
    types           text NOT NULL CHECK (json_valid(types)),
    payload         text NOT NULL,
    enabled         integer NOT NULL,
    disabled_reason text NOT NULL,
    sealed          blob,
    position        integer NOT NULL,
    tries           integer NOT NULL,
    retry_at        text,
    quiet_until     text,
    failing_since   text,
    last_status     integer NOT NULL,
    last_fault      text NOT NULL,
    last_at         text,
    missed          integer NOT NULL,
    created_at      text NOT NULL,
    updated_at      text NOT NULL,
    deleted_at      text,
    UNIQUE (workspace_id, id),
    CONSTRAINT webhook_endpoints_payload CHECK (payload IN ('thin', 'full')),
    CONSTRAINT webhook_endpoints_disabled CHECK (disabled_reason IN ('', 'member', 'gone', 'failing')),
    CONSTRAINT webhook_endpoints_enabled CHECK (enabled = (disabled_reason = ''))
) STRICT;

CREATE INDEX webhook_endpoints_enabled_of ON webhook_endpoints (workspace_id, position)
    WHERE enabled AND deleted_at IS NULL;

CREATE TABLE webhook_asides (
    workspace_id text NOT NULL,
    endpoint_id  integer NOT NULL,
    event_id     text NOT NULL,
    sequence     integer NOT NULL,
    tries        integer NOT NULL,
    retry_at     text NOT NULL,
    PRIMARY KEY (workspace_id, endpoint_id, event_id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id)
) STRICT;

CREATE INDEX webhook_asides_due ON webhook_asides (workspace_id, endpoint_id, retry_at);

CREATE TABLE webhook_attempts (
    id           text NOT NULL,
    workspace_id text NOT NULL,
    endpoint_id  integer NOT NULL,
    event_id     text NOT NULL,
    event_type   text NOT NULL,
    sequence     integer NOT NULL,
    number       integer NOT NULL,
    status       integer NOT NULL,
    fault        text NOT NULL,
    answer       text NOT NULL,
    duration_ms  integer NOT NULL,
    at           text NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id)
) STRICT;

CREATE INDEX webhook_attempts_of ON webhook_attempts (workspace_id, endpoint_id, id);

CREATE INDEX webhook_attempts_oldest ON webhook_attempts (at);

CREATE TRIGGER webhook_endpoints_disabled AFTER UPDATE OF enabled ON webhook_endpoints
    WHEN OLD.enabled AND NOT NEW.enabled
BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'webhook_endpoint', NULL, NEW.id, 'enabled', 'disabled', '',
        json_object('status', 'disabled', 'reason', NEW.disabled_reason), NEW.updated_at);
END;
