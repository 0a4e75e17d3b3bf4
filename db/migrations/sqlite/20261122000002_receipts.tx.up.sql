-- The same as migrations/postgres, which says why.

ALTER TABLE chats ADD COLUMN attention_reason text NOT NULL DEFAULT '';

ALTER TABLE messages ADD COLUMN original text;

CREATE INDEX messages_id ON messages (id);
CREATE INDEX messages_email ON messages (email_message_id, workspace_id) WHERE email_message_id IS NOT NULL;

CREATE INDEX phone_numbers_inbound ON phone_numbers (number, id) WHERE number <> '';
CREATE INDEX phone_numbers_service_inbound ON phone_numbers (messaging_service_sid, id) WHERE messaging_service_sid <> '';
CREATE INDEX inboxes_inbound ON inboxes (address_folded, id);
CREATE INDEX members_phone ON members (workspace_id, phone) WHERE phone <> '';
CREATE INDEX members_email ON members (workspace_id, lower(email)) WHERE email <> '';
CREATE INDEX chats_member ON chats (workspace_id, member_id, last_activity_at DESC, id DESC) WHERE deleted_at IS NULL;

ALTER TABLE provider_events ADD COLUMN applied integer NOT NULL DEFAULT 0 CHECK (applied IN (0, 1));

ALTER TABLE deliveries ADD COLUMN bulk_retry_id text;
ALTER TABLE deliveries ADD COLUMN bulk_number integer;

CREATE INDEX deliveries_of_bulk_retry ON deliveries (workspace_id, bulk_retry_id, status) WHERE bulk_retry_id IS NOT NULL;
CREATE INDEX deliveries_bulk_number ON deliveries (workspace_id, bulk_retry_id, bulk_number DESC) WHERE bulk_retry_id IS NOT NULL;
CREATE UNIQUE INDEX deliveries_retry_of ON deliveries (workspace_id, retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX deliveries_unreceipted ON deliveries (updated_at) WHERE status = 'accepted';

CREATE TABLE sender_breakers (
    workspace_id  text NOT NULL REFERENCES workspaces (id),
    sender        text NOT NULL,
    provider      text NOT NULL,
    opened_at     text NOT NULL,
    probe_at      text NOT NULL,
    error_code    text NOT NULL,
    error_message text NOT NULL,
    PRIMARY KEY (workspace_id, sender)
) STRICT;

CREATE TABLE bulk_retries (
    id              text NOT NULL,
    workspace_id    text NOT NULL REFERENCES workspaces (id),
    state           text NOT NULL,
    filter          text NOT NULL CHECK (json_valid(filter)),
    rate            integer NOT NULL,
    canary          integer NOT NULL,
    failures        integer NOT NULL,
    round           integer NOT NULL,
    reason          text NOT NULL,
    note            text NOT NULL,
    selected        integer NOT NULL,
    workflow_id     text NOT NULL,
    idempotency_key text,
    fingerprint     text NOT NULL CHECK (json_valid(fingerprint)),
    requested_by    integer,
    created_at      text NOT NULL,
    updated_at      text NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, idempotency_key),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    CONSTRAINT bulk_retries_state CHECK (state IN ('running', 'paused', 'finished', 'canceled'))
) STRICT;

CREATE INDEX bulk_retries_newest ON bulk_retries (workspace_id, created_at DESC, id DESC);

CREATE TABLE bulk_skips (
    workspace_id  text NOT NULL,
    bulk_retry_id text NOT NULL,
    delivery_id   text NOT NULL,
    number        integer NOT NULL,
    why           text NOT NULL,
    PRIMARY KEY (workspace_id, bulk_retry_id, delivery_id),
    FOREIGN KEY (workspace_id, bulk_retry_id) REFERENCES bulk_retries (workspace_id, id),
    FOREIGN KEY (workspace_id, delivery_id) REFERENCES deliveries (workspace_id, id)
) STRICT;
