-- Other systems' ids of members and chats, '' for none, and what those systems keep with them.
ALTER TABLE members ADD COLUMN external_id text NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN metadata text NOT NULL DEFAULT '{}' CHECK (json_valid(metadata));
ALTER TABLE chats ADD COLUMN external_id text NOT NULL DEFAULT '';
ALTER TABLE chats ADD COLUMN metadata text NOT NULL DEFAULT '{}' CHECK (json_valid(metadata));

CREATE UNIQUE INDEX members_external_id ON members (workspace_id, external_id) WHERE external_id <> '';
-- A deleted chat lets go of its id.
CREATE UNIQUE INDEX chats_external_id ON chats (workspace_id, external_id) WHERE external_id <> '' AND deleted_at IS NULL;

-- What a chat gets that is made by sending to somebody who has none, and how much the assistant may say before a
-- person is asked, NULL for any: chat.Brakes.
CREATE TABLE workspace_defaults (
    workspace_id        text NOT NULL REFERENCES workspaces (id),
    assistant_member_id integer,
    phone_number_id     integer,
    inbox_id            integer,
    max_unanswered      integer CONSTRAINT workspace_defaults_unanswered CHECK (max_unanswered BETWEEN 1 AND 100),
    max_per_hour        integer CONSTRAINT workspace_defaults_per_hour CHECK (max_per_hour BETWEEN 1 AND 1000),
    max_segments_per_month integer
        CONSTRAINT workspace_defaults_segments CHECK (max_segments_per_month BETWEEN 1 AND 10000000),
    -- What becomes of the assistant's sends while a person has a chat: chat.TakeoverPolicy.
    when_taken_over     text NOT NULL DEFAULT 'refuse'
        CONSTRAINT workspace_defaults_when_taken_over CHECK (when_taken_over IN ('refuse', 'hold')),
    updated_by          integer,
    updated_at          text NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id, assistant_member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, phone_number_id) REFERENCES phone_numbers (workspace_id, id),
    FOREIGN KEY (workspace_id, inbox_id) REFERENCES inboxes (workspace_id, id),
    FOREIGN KEY (workspace_id, updated_by) REFERENCES members (workspace_id, id)
) STRICT;

-- The segments of SMS that the assistant of a workspace has sent in a month, where the workspace has a limit. No row is
-- none.
CREATE TABLE segment_usage (
    workspace_id text NOT NULL REFERENCES workspaces (id),
    month        text NOT NULL,
    segments     integer NOT NULL CONSTRAINT segment_usage_segments CHECK (segments >= 0),
    PRIMARY KEY (workspace_id, month)
) STRICT;
