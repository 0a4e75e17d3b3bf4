-- The same as migrations/postgres, which says why.

ALTER TABLE members ADD COLUMN tools text NOT NULL DEFAULT '["*"]' CHECK (json_valid(tools));

CREATE TABLE tools (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL REFERENCES workspaces (id),
    kind         text NOT NULL,
    name         text NOT NULL,
    folded       text NOT NULL,
    description  text NOT NULL,
    enabled      integer NOT NULL CHECK (enabled IN (0, 1)),
    assistants   text NOT NULL CHECK (json_valid(assistants)),
    risk         text NOT NULL,
    idempotent   integer NOT NULL CHECK (idempotent IN (0, 1)),
    timeout_ms   integer NOT NULL,
    undo         text CHECK (json_valid(undo)),
    http         text CHECK (json_valid(http)),
    mcp          text CHECK (json_valid(mcp)),
    secret_names text NOT NULL CHECK (json_valid(secret_names)),
    sealed       blob,
    version      integer NOT NULL,
    created_at   text NOT NULL,
    updated_at   text NOT NULL,
    deleted_at   text,
    UNIQUE (workspace_id, id),
    CONSTRAINT tools_kind CHECK (kind IN ('http', 'mcp')),
    CONSTRAINT tools_risk CHECK (risk IN ('read', 'write', 'approval')),
    CONSTRAINT tools_one_kind CHECK ((kind = 'http') = (http IS NOT NULL) AND (kind = 'mcp') = (mcp IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX tools_name ON tools (workspace_id, folded) WHERE deleted_at IS NULL;

CREATE TABLE approvals (
    workspace_id text NOT NULL,
    action_id    text NOT NULL,
    chat_id      integer NOT NULL,
    state        text NOT NULL,
    calls        text NOT NULL CHECK (json_valid(calls)),
    deadline     text NOT NULL,
    requested_by integer,
    decided_by   integer,
    decided_at   text,
    reason       text NOT NULL,
    created_at   text NOT NULL,
    PRIMARY KEY (workspace_id, action_id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id),
    CONSTRAINT approvals_state CHECK (state IN ('waiting', 'approved', 'refused', 'expired')),
    CONSTRAINT approvals_second_person CHECK (decided_by IS NULL OR requested_by IS NULL OR decided_by <> requested_by)
) STRICT;

CREATE INDEX approvals_newest ON approvals (workspace_id, created_at DESC, action_id DESC);

CREATE TABLE contributor_requests (
    id           text NOT NULL,
    workspace_id text NOT NULL,
    chat_id      integer NOT NULL,
    message_id   text NOT NULL,
    position     integer NOT NULL,
    action_id    text NOT NULL,
    requested_by integer,
    question     text NOT NULL,
    hint         text NOT NULL,
    expects      text CHECK (json_valid(expects)),
    require      text NOT NULL,
    wait         integer NOT NULL CHECK (wait IN (0, 1)),
    fallback     text CHECK (json_valid(fallback)),
    reminders    integer NOT NULL,
    state        text NOT NULL,
    note         text NOT NULL,
    deadline     text NOT NULL,
    result       text CHECK (json_valid(result)),
    workflow_id  text NOT NULL,
    created_at   text NOT NULL,
    updated_at   text NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, message_id, position),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    CONSTRAINT contributor_requests_state CHECK (state IN ('open', 'answered', 'defaulted', 'expired', 'failed', 'canceled')),
    CONSTRAINT contributor_requests_require CHECK (require IN ('any', 'all'))
) STRICT;

CREATE INDEX contributor_requests_newest ON contributor_requests (workspace_id, created_at DESC, id DESC);
CREATE INDEX contributor_requests_open ON contributor_requests (workspace_id, created_at DESC, id DESC) WHERE state = 'open';
CREATE INDEX contributor_requests_of_chat ON contributor_requests (workspace_id, chat_id, created_at DESC, id DESC);

CREATE TABLE contributor_asks (
    id           text NOT NULL,
    workspace_id text NOT NULL,
    request_id   text NOT NULL,
    member_id    integer NOT NULL,
    channel      text NOT NULL,
    sender       text NOT NULL,
    address      text NOT NULL,
    state        text NOT NULL,
    reply_id     text,
    answer       text CHECK (json_valid(answer)),
    answered_at  text,
    why          text NOT NULL,
    language     text NOT NULL DEFAULT '',
    understood   text CHECK (json_valid(understood)),
    asked_at     text,
    updated_at   text NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, request_id, member_id),
    FOREIGN KEY (workspace_id, request_id) REFERENCES contributor_requests (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, reply_id) REFERENCES messages (workspace_id, id),
    CONSTRAINT contributor_asks_channel CHECK (channel IN ('phone-sms', 'email')),
    CONSTRAINT contributor_asks_state CHECK (state IN ('pending', 'asked', 'replied', 'unreadable', 'answered', 'failed', 'closed')),
    CONSTRAINT contributor_asks_answered CHECK ((state = 'answered') = (answer IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX contributor_asks_one_at_a_time ON contributor_asks (workspace_id, sender, address)
    WHERE channel = 'phone-sms' AND state IN ('asked', 'replied', 'unreadable');
CREATE INDEX contributor_asks_of_address ON contributor_asks (workspace_id, sender, address, asked_at DESC);

ALTER TABLE messages ADD COLUMN ask_id text;

-- SQLite cannot change a check, so the table is made anew. Nothing refers to it.
CREATE TABLE tool_calls_anew (
    workspace_id text NOT NULL,
    message_id   text NOT NULL,
    position     integer NOT NULL,
    call_id      text NOT NULL,
    name         text NOT NULL,
    arguments    text NOT NULL CHECK (json_valid(arguments)),
    state        text NOT NULL,
    result       text CHECK (json_valid(result)),
    error        text NOT NULL,
    updated_at   text NOT NULL,
    kind         text NOT NULL DEFAULT 'builtin',
    risk         text NOT NULL DEFAULT 'write',
    tool_id      integer,
    idempotent   integer NOT NULL DEFAULT 1 CHECK (idempotent IN (0, 1)),
    undo         text CHECK (json_valid(undo)),
    undoes       integer,
    attempts     integer NOT NULL DEFAULT 0,
    lease_until  text,
    took_effect  integer NOT NULL DEFAULT 0 CHECK (took_effect IN (0, 1)),
    error_code   text NOT NULL DEFAULT '',
    decision     text CHECK (json_valid(decision)),
    started_at   text,
    finished_at  text,
    PRIMARY KEY (workspace_id, message_id, position),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, tool_id) REFERENCES tools (workspace_id, id),
    CONSTRAINT tool_calls_lease CHECK (state <> 'running' OR lease_until IS NOT NULL),
    CONSTRAINT tool_calls_state CHECK (state IN ('pending', 'running', 'waiting', 'unknown', 'succeeded', 'failed', 'skipped'))
) STRICT;

INSERT INTO tool_calls_anew (workspace_id, message_id, position, call_id, name, arguments, state, result, error, updated_at, took_effect)
SELECT workspace_id, message_id, position, call_id, name, arguments, state, result, error, updated_at, state = 'succeeded' FROM tool_calls;

DROP TABLE tool_calls;

ALTER TABLE tool_calls_anew RENAME TO tool_calls;

CREATE UNIQUE INDEX tool_calls_undo ON tool_calls (workspace_id, message_id, undoes) WHERE undoes IS NOT NULL;
