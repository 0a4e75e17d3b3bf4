-- What carriers report, what customers answer, retries, and senders whose account refuses
-- everything. Nothing here rebuilds a table.

-- Why a response is needed when it was not a message that came in.
ALTER TABLE chats ADD COLUMN attention_reason text NOT NULL DEFAULT '';

-- All of an email whose quotations were trimmed.
ALTER TABLE messages ADD COLUMN original text;

-- An answer names the message it answers, and no workspace: by the token in its address,
-- or by the headers of the email.
CREATE INDEX messages_id ON messages (id);
CREATE INDEX messages_email ON messages (email_message_id, workspace_id) WHERE email_message_id IS NOT NULL;

-- What comes in names one of our senders, and no workspace.
CREATE INDEX phone_numbers_inbound ON phone_numbers (number, id) WHERE number <> '';
CREATE INDEX phone_numbers_service_inbound ON phone_numbers (messaging_service_sid, id) WHERE messaging_service_sid <> '';
CREATE INDEX inboxes_inbound ON inboxes (address_folded, id);
CREATE INDEX members_phone ON members (workspace_id, phone) WHERE phone <> '';
CREATE INDEX members_email ON members (workspace_id, lower(email)) WHERE email <> '';
CREATE INDEX chats_member ON chats (workspace_id, member_id, last_activity_at DESC, id DESC) WHERE deleted_at IS NULL;

-- Whether the report has had its effect; an orphan's has it when it is told again.
ALTER TABLE provider_events ADD COLUMN applied boolean NOT NULL DEFAULT FALSE;

-- No reference: a column with one cannot be added to a table of SQLite.
ALTER TABLE deliveries ADD COLUMN bulk_retry_id text COLLATE "C";
-- Its place in the bulk retry.
ALTER TABLE deliveries ADD COLUMN bulk_number bigint;

CREATE INDEX deliveries_of_bulk_retry ON deliveries (workspace_id, bulk_retry_id, status) WHERE bulk_retry_id IS NOT NULL;
CREATE INDEX deliveries_bulk_number ON deliveries (workspace_id, bulk_retry_id, bulk_number DESC) WHERE bulk_retry_id IS NOT NULL;
-- What has ended is tried again once at most.
CREATE UNIQUE INDEX deliveries_retry_of ON deliveries (workspace_id, retry_of) WHERE retry_of IS NOT NULL;
-- Whose receipt is missing, across workspaces.
CREATE INDEX deliveries_unreceipted ON deliveries (updated_at) WHERE status = 'accepted';

-- Senders whose account refuses everything: nothing is posted but one probe now and then.
CREATE TABLE sender_breakers (
    workspace_id  text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    sender        text COLLATE "C" NOT NULL,
    provider      text NOT NULL,
    opened_at     timestamptz NOT NULL,
    -- From when on one delivery may be posted to see whether it is over.
    probe_at      timestamptz NOT NULL,
    error_code    text NOT NULL,
    error_message text NOT NULL,
    PRIMARY KEY (workspace_id, sender)
);

CREATE TABLE bulk_retries (
    id              text COLLATE "C" NOT NULL,
    workspace_id    text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    state           text NOT NULL,
    filter          json NOT NULL,
    rate            bigint NOT NULL,
    canary          bigint NOT NULL,
    -- The share of the last 50 attempts, in percent, whose failure pauses it.
    failures        bigint NOT NULL,
    -- How often it was begun or resumed.
    round           bigint NOT NULL,
    reason          text NOT NULL,
    note            text NOT NULL,
    selected        bigint NOT NULL,
    workflow_id     text NOT NULL,
    idempotency_key text,
    fingerprint     json NOT NULL,
    requested_by    bigint,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, idempotency_key),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    CONSTRAINT bulk_retries_state CHECK (state IN ('running', 'paused', 'finished', 'canceled'))
);

CREATE INDEX bulk_retries_newest ON bulk_retries (workspace_id, created_at DESC, id DESC);

-- Deliveries that a bulk retry could not retry when their turn came.
CREATE TABLE bulk_skips (
    workspace_id  text COLLATE "C" NOT NULL,
    bulk_retry_id text COLLATE "C" NOT NULL,
    delivery_id   text COLLATE "C" NOT NULL,
    number        bigint NOT NULL,
    why           text NOT NULL,
    PRIMARY KEY (workspace_id, bulk_retry_id, delivery_id),
    FOREIGN KEY (workspace_id, bulk_retry_id) REFERENCES bulk_retries (workspace_id, id),
    FOREIGN KEY (workspace_id, delivery_id) REFERENCES deliveries (workspace_id, id)
);
