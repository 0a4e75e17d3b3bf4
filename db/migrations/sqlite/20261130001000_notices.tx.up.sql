-- The same as migrations/postgres, which says why.

ALTER TABLE chats ADD COLUMN for_notices integer NOT NULL DEFAULT 0
    CONSTRAINT chats_for_notices CHECK (for_notices = 0 OR for_notices = 1 AND deleted_at IS NOT NULL);

CREATE INDEX chats_of_notices ON chats (workspace_id, member_id, id) WHERE for_notices;

CREATE TABLE notification_rules (
    id              integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id    text NOT NULL REFERENCES workspaces (id),
    channel         text NOT NULL,
    types           text NOT NULL CHECK (json_valid(types)),
    member_ids      text NOT NULL CHECK (json_valid(member_ids)),
    phone_number_id integer,
    inbox_id        integer,
    quiet_seconds   integer NOT NULL,
    enabled         integer NOT NULL CHECK (enabled IN (0, 1)),
    position        integer NOT NULL,
    messages        integer NOT NULL,
    last_at         text,
    next_at         text,
    created_at      text NOT NULL,
    updated_at      text NOT NULL,
    deleted_at      text,
    UNIQUE (workspace_id, id),
    CONSTRAINT notification_rules_channel CHECK (channel IN ('email', 'phone-sms')),
    CONSTRAINT notification_rules_quiet CHECK (quiet_seconds >= 0)
) STRICT;

CREATE INDEX notification_rules_in_force ON notification_rules (workspace_id, position)
    WHERE enabled AND deleted_at IS NULL;

CREATE TABLE notice_events (
    workspace_id text NOT NULL,
    rule_id      integer NOT NULL,
    event_id     text NOT NULL,
    due_at       text NOT NULL,
    PRIMARY KEY (workspace_id, rule_id, event_id),
    FOREIGN KEY (workspace_id, rule_id) REFERENCES notification_rules (workspace_id, id)
) STRICT;

CREATE TABLE notices (
    id            text NOT NULL,
    workspace_id  text NOT NULL,
    rule_id       integer NOT NULL,
    number        integer NOT NULL,
    member_id     integer NOT NULL,
    channel       text NOT NULL,
    chat_id       integer NOT NULL,
    action_id     text NOT NULL,
    events        integer NOT NULL,
    subject       text NOT NULL,
    body          text NOT NULL,
    state         text NOT NULL,
    error_message text NOT NULL,
    created_at    text NOT NULL,
    updated_at    text NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, rule_id, number, member_id),
    FOREIGN KEY (workspace_id, rule_id) REFERENCES notification_rules (workspace_id, id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    CONSTRAINT notices_state CHECK (state IN ('waiting', 'begun', 'failed'))
) STRICT;

CREATE INDEX notices_waiting ON notices (workspace_id, id) WHERE state = 'waiting';

-- What the status of a workspace counts.
CREATE INDEX notices_failed ON notices (workspace_id, created_at) WHERE state = 'failed';
