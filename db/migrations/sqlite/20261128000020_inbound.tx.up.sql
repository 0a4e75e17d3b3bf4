-- The same as migrations/postgres, which says why.

ALTER TABLE messages ADD COLUMN automatic_reason text NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN files text CHECK (json_valid(files));
ALTER TABLE messages ADD COLUMN undecoded text NOT NULL DEFAULT '';

ALTER TABLE members ADD COLUMN sender_name text NOT NULL DEFAULT '';

CREATE INDEX members_sender_name ON members (workspace_id, lower(sender_name)) WHERE sender_name <> '';

CREATE TABLE inbound (
    id               text NOT NULL,
    event_key        text NOT NULL REFERENCES provider_events (event_key),
    recipient        text NOT NULL,
    workspace_id     text REFERENCES workspaces (id),
    provider         text NOT NULL,
    channel          text NOT NULL,
    status           text NOT NULL,
    automatic_reason text NOT NULL DEFAULT '',
    looks_automatic  integer NOT NULL DEFAULT 0 CHECK (looks_automatic IN (0, 1)),
    keyword          text NOT NULL DEFAULT '',
    from_address     text NOT NULL DEFAULT '',
    message          text CHECK (json_valid(message)),
    why              text NOT NULL DEFAULT '',
    content_type     text NOT NULL DEFAULT '',
    chat_id          integer,
    message_id       text,
    received_at      text NOT NULL,
    updated_at       text NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (event_key, recipient),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    CONSTRAINT inbound_status CHECK (status IN ('taken', 'automatic', 'orphaned', 'refused')),
    CONSTRAINT inbound_channel CHECK (channel IN ('phone-sms', 'email', 'web-chat', 'phone-voice'))
) STRICT;

CREATE INDEX inbound_newest ON inbound (workspace_id, received_at DESC, id DESC);
CREATE INDEX inbound_orphans ON inbound (received_at DESC, id DESC) WHERE workspace_id IS NULL;
CREATE INDEX inbound_loops ON inbound (workspace_id, chat_id, from_address, received_at) WHERE looks_automatic;

CREATE TABLE inbound_waiting (
    inbound_id text NOT NULL REFERENCES inbound (id),
    address    text NOT NULL,
    PRIMARY KEY (inbound_id, address)
) STRICT;

CREATE INDEX inbound_waiting_address ON inbound_waiting (address, inbound_id);
