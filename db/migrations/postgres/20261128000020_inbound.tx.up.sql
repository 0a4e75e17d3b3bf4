-- What came in, and what became of it. provider_events keeps each post as it came; here is a
-- row for each sender of ours that a post was for, and one without a workspace for a post that
-- was for none that is known.

-- Why a message is marked as a machine's, which files came with it, and which character set
-- could not be read.
ALTER TABLE messages ADD COLUMN automatic_reason text NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN files json;
ALTER TABLE messages ADD COLUMN undecoded text NOT NULL DEFAULT '';

-- Whom a message is from if that is no address: "SUPPORT", a short code, "<>" for a mail from
-- nobody.
ALTER TABLE members ADD COLUMN sender_name text NOT NULL DEFAULT '';

CREATE INDEX members_sender_name ON members (workspace_id, lower(sender_name)) WHERE sender_name <> '';

CREATE TABLE inbound (
    id               text COLLATE "C" NOT NULL,
    event_key        text COLLATE "C" NOT NULL REFERENCES provider_events (event_key),
    -- The sender's scope, or the chat whose message is answered; '' for none that is known.
    recipient        text COLLATE "C" NOT NULL,
    workspace_id     text COLLATE "C" REFERENCES workspaces (id),
    provider         text NOT NULL,
    channel          text NOT NULL,
    status           text NOT NULL,
    automatic_reason text NOT NULL DEFAULT '',
    -- Whether something in it looks like a machine's, marked or not: loops are found by counting.
    looks_automatic  boolean NOT NULL DEFAULT FALSE,
    keyword          text NOT NULL DEFAULT '',
    -- Folded.
    from_address     text NOT NULL DEFAULT '',
    -- What was read of the post, as chat.Inbound without its bytes.
    message          json,
    -- Why it was refused, and the content type that its bytes came with.
    why              text NOT NULL DEFAULT '',
    content_type     text NOT NULL DEFAULT '',
    chat_id          bigint,
    message_id       text COLLATE "C",
    received_at      timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (event_key, recipient),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    CONSTRAINT inbound_status CHECK (status IN ('taken', 'automatic', 'orphaned', 'refused')),
    CONSTRAINT inbound_channel CHECK (channel IN ('phone-sms', 'email', 'web-chat', 'phone-voice'))
);

CREATE INDEX inbound_newest ON inbound (workspace_id, received_at DESC, id DESC);
CREATE INDEX inbound_orphans ON inbound (received_at DESC, id DESC) WHERE workspace_id IS NULL;
CREATE INDEX inbound_loops ON inbound (workspace_id, chat_id, from_address, received_at) WHERE looks_automatic;

-- The addresses that a message waits for until they are entered: E.164, the id of a messaging
-- service, or a folded email address.
CREATE TABLE inbound_waiting (
    inbound_id text COLLATE "C" NOT NULL REFERENCES inbound (id),
    address    text COLLATE "C" NOT NULL,
    PRIMARY KEY (inbound_id, address)
);

CREATE INDEX inbound_waiting_address ON inbound_waiting (address, inbound_id);
