-- The same as migrations/postgres, which says why.

CREATE TABLE summaries (
    number         integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    id             text NOT NULL,
    workspace_id   text NOT NULL,
    chat_id        integer NOT NULL,
    kind           text NOT NULL,
    state          text NOT NULL,
    mode           text NOT NULL,
    title          text NOT NULL,
    summary        text NOT NULL,
    points         text NOT NULL CHECK (json_valid(points)),
    labels         text NOT NULL CHECK (json_valid(labels)),
    labels_chosen  integer NOT NULL CHECK (labels_chosen IN (0, 1)),
    labels_added   text NOT NULL CHECK (json_valid(labels_added)),
    labels_removed text NOT NULL CHECK (json_valid(labels_removed)),
    labels_undone_at text,
    model          text NOT NULL,
    applied        integer NOT NULL CHECK (applied IN (0, 1)),
    requests       integer NOT NULL,
    input_tokens   integer NOT NULL,
    output_tokens  integer NOT NULL,
    duration_ms    integer NOT NULL,
    watermark      integer NOT NULL,
    covered        integer NOT NULL,
    digest         text NOT NULL,
    brief          text NOT NULL,
    action_id      text,
    requested_by   integer,
    automatic      integer NOT NULL CHECK (automatic IN (0, 1)),
    restored_from  text,
    problem        text CHECK (json_valid(problem)),
    created_at     text NOT NULL,
    ended_at       text,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    CONSTRAINT summaries_kind CHECK (kind IN ('model', 'person', 'restored')),
    CONSTRAINT summaries_state CHECK (state IN ('running', 'succeeded', 'failed')),
    CONSTRAINT summaries_mode CHECK (mode IN ('', 'full', 'incremental', 'unchanged')),
    CONSTRAINT summaries_ended CHECK ((state = 'running') = (ended_at IS NULL)),
    CONSTRAINT summaries_applied CHECK (state = 'succeeded' OR NOT applied)
) STRICT;

CREATE INDEX summaries_newest ON summaries (workspace_id, chat_id, number DESC);

ALTER TABLE chats ADD COLUMN summary_id text;
ALTER TABLE chats ADD COLUMN summary_points text NOT NULL DEFAULT '{}' CHECK (json_valid(summary_points));
ALTER TABLE chats ADD COLUMN summary_watermark integer NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN suggested_labels text NOT NULL DEFAULT '[]' CHECK (json_valid(suggested_labels));
ALTER TABLE chats ADD COLUMN title_edited integer NOT NULL DEFAULT 0 CHECK (title_edited IN (0, 1));
ALTER TABLE chats ADD COLUMN summary_edited integer NOT NULL DEFAULT 0 CHECK (summary_edited IN (0, 1));
ALTER TABLE chats ADD COLUMN summary_tried integer NOT NULL DEFAULT 0;

ALTER TABLE chat_labels ADD COLUMN confidence real NOT NULL DEFAULT 0;
ALTER TABLE chat_labels ADD COLUMN summary_id text;

CREATE TABLE label_removals (
    workspace_id text NOT NULL,
    chat_id      integer NOT NULL,
    label_id     integer NOT NULL,
    removed_at   text NOT NULL,
    PRIMARY KEY (chat_id, label_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, label_id) REFERENCES labels (workspace_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX label_removals_label ON label_removals (workspace_id, label_id);

CREATE TABLE summary_settings (
    workspace_id     text NOT NULL REFERENCES workspaces (id),
    model            text NOT NULL,
    language         text NOT NULL,
    instructions     text NOT NULL,
    token_budget     integer NOT NULL,
    label_threshold  real NOT NULL,
    quiet_seconds    integer NOT NULL,
    every_messages   integer NOT NULL,
    automatic_labels integer NOT NULL CHECK (automatic_labels IN (0, 1)),
    updated_by       integer,
    updated_at       text NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id, updated_by) REFERENCES members (workspace_id, id),
    CONSTRAINT summary_settings_budget CHECK (token_budget >= 0),
    CONSTRAINT summary_settings_threshold CHECK (label_threshold BETWEEN 0 AND 1),
    CONSTRAINT summary_settings_automatic CHECK (quiet_seconds >= 0 AND every_messages >= 0)
) STRICT;

CREATE TABLE model_usage (
    workspace_id  text NOT NULL REFERENCES workspaces (id),
    month         text NOT NULL,
    requests      integer NOT NULL,
    input_tokens  integer NOT NULL,
    output_tokens integer NOT NULL,
    PRIMARY KEY (workspace_id, month)
) STRICT;
