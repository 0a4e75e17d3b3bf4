-- The tables of Handrail, for SQLite. migrations/postgres holds the same tables and says
-- why they are as they are; a test compares the two.
--
-- Tables are STRICT, so that types hold here too. Times are text in UTC with
-- microseconds, as Bun writes them: their order as text is their order in time.

CREATE TABLE workspaces (
    id         text NOT NULL,
    name       text NOT NULL,
    created_at text NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE members (
    id                    integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id          text NOT NULL REFERENCES workspaces (id),
    kind                  text NOT NULL,
    role                  text NOT NULL,
    name                  text NOT NULL,
    email                 text NOT NULL,
    phone                 text NOT NULL,
    notifications_enabled integer NOT NULL CHECK (notifications_enabled IN (0, 1)),
    consent_sms           text NOT NULL,
    consent_email         text NOT NULL,
    created_at            text NOT NULL,
    updated_at            text NOT NULL,
    UNIQUE (workspace_id, id),
    CONSTRAINT members_kind CHECK (kind IN ('person', 'assistant')),
    CONSTRAINT members_role CHECK (role IN ('manager', 'user')),
    CONSTRAINT members_consent_sms CHECK (consent_sms IN ('unknown', 'granted', 'revoked')),
    CONSTRAINT members_consent_email CHECK (consent_email IN ('unknown', 'granted', 'revoked'))
) STRICT;

CREATE TABLE api_keys (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL,
    kind         text NOT NULL DEFAULT 'key',
    parent_id    integer,
    member_id    integer NOT NULL,
    name         text NOT NULL,
    scopes       text NOT NULL CHECK (json_valid(scopes)),
    hint         text NOT NULL,
    hash         blob NOT NULL,
    created_at   text NOT NULL,
    expires_at   text,
    last_used_at text,
    revoked_at   text,
    UNIQUE (workspace_id, id),
    UNIQUE (hash),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, parent_id) REFERENCES api_keys (workspace_id, id),
    CONSTRAINT api_keys_hash CHECK (length(hash) = 32),
    CONSTRAINT api_keys_kind CHECK (kind IN ('key', 'login', 'session')),
    CONSTRAINT api_keys_end CHECK (kind = 'key' OR expires_at IS NOT NULL),
    CONSTRAINT api_keys_parent CHECK (kind <> 'key' OR parent_id IS NULL)
) STRICT;

CREATE INDEX api_keys_made_with ON api_keys (workspace_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE audit_log (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL REFERENCES workspaces (id),
    member_id    integer,
    key_id       integer,
    request_id   text NOT NULL,
    verb         text NOT NULL,
    object       text NOT NULL,
    detail       text NOT NULL CHECK (json_valid(detail)),
    at           text NOT NULL,
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, key_id) REFERENCES api_keys (workspace_id, id)
) STRICT;

CREATE INDEX audit_log_newest ON audit_log (workspace_id, id DESC);
CREATE INDEX audit_log_of_key ON audit_log (workspace_id, key_id) WHERE key_id IS NOT NULL;

CREATE TABLE phone_numbers (
    id                    integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id          text NOT NULL REFERENCES workspaces (id),
    name                  text NOT NULL,
    number                text NOT NULL,
    messaging_service_sid text NOT NULL,
    created_at            text NOT NULL,
    UNIQUE (workspace_id, id),
    CONSTRAINT phone_numbers_one_sender CHECK ((number = '') <> (messaging_service_sid = ''))
) STRICT;

CREATE UNIQUE INDEX phone_numbers_number ON phone_numbers (workspace_id, number) WHERE number <> '';
CREATE UNIQUE INDEX phone_numbers_service ON phone_numbers (workspace_id, messaging_service_sid) WHERE messaging_service_sid <> '';

CREATE TABLE inboxes (
    id             integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id   text NOT NULL REFERENCES workspaces (id),
    address        text NOT NULL,
    address_folded text NOT NULL,
    display_name   text NOT NULL,
    created_at     text NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, address_folded)
) STRICT;

CREATE TABLE labels (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL REFERENCES workspaces (id),
    name         text NOT NULL,
    folded       text NOT NULL,
    color        text NOT NULL,
    description  text NOT NULL,
    created_at   text NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, folded)
) STRICT;

CREATE TABLE chats (
    id                  integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id        text NOT NULL REFERENCES workspaces (id),
    channel             text NOT NULL,
    state               text NOT NULL,
    title               text NOT NULL,
    member_id           integer NOT NULL,
    assistant_member_id integer,
    phone_number_id     integer,
    inbox_id            integer,
    needs_response      integer NOT NULL CHECK (needs_response IN (0, 1)),
    attention           integer NOT NULL,
    answered            integer NOT NULL,
    summary             text NOT NULL,
    summary_model       text NOT NULL,
    summary_updated_at  text,
    summary_version     integer NOT NULL,
    last_activity_at    text NOT NULL,
    created_at          text NOT NULL,
    updated_at          text NOT NULL,
    deleted_at          text,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, assistant_member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, phone_number_id) REFERENCES phone_numbers (workspace_id, id),
    FOREIGN KEY (workspace_id, inbox_id) REFERENCES inboxes (workspace_id, id),
    CONSTRAINT chats_channel CHECK (channel IN ('phone-sms', 'email', 'web-chat', 'phone-voice')),
    CONSTRAINT chats_state CHECK (state IN ('open', 'waiting', 'closed', 'archived')),
    CONSTRAINT chats_needs_response CHECK (needs_response = (attention > answered)),
    CONSTRAINT chats_answered CHECK (answered BETWEEN 0 AND attention)
) STRICT;

CREATE INDEX chats_newest ON chats (workspace_id, last_activity_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX chats_waiting ON chats (workspace_id, last_activity_at DESC, id DESC) WHERE deleted_at IS NULL AND needs_response;
-- Deleting a sender asks who uses it.
CREATE INDEX chats_phone_number ON chats (workspace_id, phone_number_id) WHERE phone_number_id IS NOT NULL;
CREATE INDEX chats_inbox ON chats (workspace_id, inbox_id) WHERE inbox_id IS NOT NULL;

CREATE TABLE chat_labels (
    workspace_id text NOT NULL,
    chat_id      integer NOT NULL,
    label_id     integer NOT NULL,
    source       text NOT NULL,
    created_at   text NOT NULL,
    PRIMARY KEY (chat_id, label_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, label_id) REFERENCES labels (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT chat_labels_source CHECK (source IN ('person', 'tool', 'model'))
) STRICT;

CREATE INDEX chat_labels_label ON chat_labels (workspace_id, label_id, chat_id);

CREATE TABLE participants (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL,
    chat_id      integer NOT NULL,
    member_id    integer NOT NULL,
    role         text NOT NULL,
    created_at   text NOT NULL,
    UNIQUE (chat_id, member_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    CONSTRAINT participants_role CHECK (role IN ('owner', 'assistant', 'operator', 'contributor', 'observer'))
) STRICT;

CREATE INDEX participants_member ON participants (workspace_id, member_id, chat_id);

CREATE TABLE actions (
    id              text NOT NULL,
    workspace_id    text NOT NULL,
    kind            text NOT NULL,
    chat_id         integer NOT NULL,
    state           text NOT NULL,
    idempotency_key text,
    fingerprint     text NOT NULL CHECK (json_valid(fingerprint)),
    workflow_id     text NOT NULL,
    -- What AddParticipant made. No reference: a participant may be removed, the action
    -- that made it stays.
    participant_id  integer,
    result          text CHECK (json_valid(result)),
    problem         text CHECK (json_valid(problem)),
    requested_by    integer,
    created_at      text NOT NULL,
    updated_at      text NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, idempotency_key),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    CONSTRAINT actions_state CHECK (state IN ('running', 'parked', 'succeeded', 'failed'))
) STRICT;

-- What is not settled, for operators.
CREATE INDEX actions_unsettled ON actions (workspace_id, created_at) WHERE state IN ('running', 'parked');

CREATE TABLE messages (
    number           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    id               text NOT NULL,
    workspace_id     text NOT NULL,
    chat_id          integer NOT NULL,
    member_id        integer,
    role             text NOT NULL,
    content          text NOT NULL,
    state            text NOT NULL,
    action_id        text,
    -- Headers of the email that this message is, for threading the next one.
    email_message_id text,
    email_subject    text,
    rating_value     integer,
    rating_comment   text,
    rated_by         integer,
    rated_at         text,
    created_at       text NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, action_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, rated_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    CONSTRAINT messages_role CHECK (role IN ('user', 'assistant')),
    CONSTRAINT messages_state CHECK (state IN ('received', 'pending', 'sent', 'not_sent')),
    CONSTRAINT messages_rating CHECK (rating_value BETWEEN 1 AND 5)
) STRICT;

CREATE INDEX messages_newest ON messages (workspace_id, chat_id, number DESC);

CREATE TABLE tool_calls (
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
    PRIMARY KEY (workspace_id, message_id, position),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    CONSTRAINT tool_calls_state CHECK (state IN ('pending', 'succeeded', 'failed'))
) STRICT;

CREATE TABLE deliveries (
    id                  text NOT NULL,
    workspace_id        text NOT NULL,
    chat_id             integer NOT NULL,
    message_id          text NOT NULL,
    action_id           text NOT NULL,
    channel             text NOT NULL,
    provider            text NOT NULL,
    purpose_key         text NOT NULL,
    -- What the provider's list cannot tell apart has the same one: chat.Delivery.TextKey. NULL, which
    -- is not the same as another NULL, where the list shows our own ids.
    text_key            text CONSTRAINT deliveries_text_key CHECK (text_key <> ''),
    sender              text NOT NULL,
    from_address        text NOT NULL,
    to_address          text NOT NULL,
    payload             text NOT NULL CHECK (json_valid(payload)),
    policy              text NOT NULL,
    submission          text NOT NULL,
    carrier             text NOT NULL,
    carrier_rank        integer NOT NULL,
    -- The one word for where it stands: chat.Delivery.Status.
    status              text GENERATED ALWAYS AS (CASE WHEN submission = 'accepted'
        AND carrier IN ('unconfirmed', 'delivered', 'undelivered', 'bounced', 'failed', 'canceled', 'read')
        THEN carrier ELSE submission END) STORED NOT NULL,
    fence               integer NOT NULL,
    lease_until         text,
    retry_at            text,
    unknown_since       text,
    -- Whether attempts may have become messages that nobody knows, and until when no other
    -- delivery of the same text_key may be posted.
    evidence            text NOT NULL,
    evidence_until      text,
    provider_message_id text,
    error_code          text NOT NULL,
    error_message       text NOT NULL,
    segments            integer NOT NULL,
    watermark           integer NOT NULL,
    retry_of            text,
    -- The retry that has let it be tried again under its own id; its workflow may follow it.
    released_by         text,
    decision            text,
    decision_reason     text,
    decided_by          integer,
    decided_at          text,
    created_at          text NOT NULL,
    updated_at          text NOT NULL,
    -- When a sweep is to look whether somebody follows it.
    sweep_after         text NOT NULL,
    -- Not composite: a provider's callback names the delivery and no workspace.
    PRIMARY KEY (id),
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, channel, purpose_key),
    UNIQUE (provider, provider_message_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, retry_of) REFERENCES deliveries (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id),
    CONSTRAINT deliveries_channel CHECK (channel IN ('phone-sms', 'email', 'web-chat', 'phone-voice')),
    CONSTRAINT deliveries_policy CHECK (policy IN ('at_most_once', 'resend_after_settle', 'expire')),
    CONSTRAINT deliveries_submission CHECK (submission IN ('pending', 'sending', 'accepted', 'rejected', 'blocked', 'suppressed',
        'unknown', 'needs_review', 'expired', 'canceled', 'confirmed_sent', 'abandoned')),
    CONSTRAINT deliveries_carrier CHECK (carrier IN ('', 'scheduled', 'accepted', 'queued', 'sending', 'sent', 'deferred', 'unconfirmed',
        'delivered', 'undelivered', 'bounced', 'failed', 'canceled', 'read')),
    -- A claim always ends, and an outcome that is not known always has a beginning.
    CONSTRAINT deliveries_lease CHECK (submission <> 'sending' OR lease_until IS NOT NULL),
    CONSTRAINT deliveries_unknown CHECK (submission <> 'unknown' OR unknown_since IS NOT NULL),
    -- What a provider took has the provider's id: without it, no report could be told to be of it.
    CONSTRAINT deliveries_accepted CHECK (submission <> 'accepted' OR provider_message_id IS NOT NULL),
    CONSTRAINT deliveries_evidence_hold CHECK (evidence <> 'open' OR text_key IS NOT NULL AND evidence_until IS NOT NULL),
    CONSTRAINT deliveries_evidence CHECK (evidence IN ('none', 'open', 'past', 'closed'))
) STRICT;

CREATE INDEX deliveries_newest ON deliveries (workspace_id, created_at DESC, id DESC);
CREATE INDEX deliveries_by_status ON deliveries (workspace_id, status, created_at DESC, id DESC);
CREATE INDEX deliveries_of_chat ON deliveries (workspace_id, chat_id, created_at DESC, id DESC);
CREATE INDEX deliveries_of_message ON deliveries (workspace_id, message_id, created_at DESC, id DESC);
CREATE INDEX deliveries_of_action ON deliveries (workspace_id, action_id, created_at DESC, id DESC);
-- One message at a time to one address of one sender: texts alike cannot be told apart
-- in the provider's list. The web channel has no address.
CREATE UNIQUE INDEX deliveries_in_flight ON deliveries (workspace_id, sender, to_address)
    WHERE submission IN ('sending', 'unknown') AND channel <> 'web-chat';
-- One delivery at a time may own a message in the provider's list that nobody can tell apart
-- from another one.
CREATE UNIQUE INDEX deliveries_evidence_open ON deliveries (text_key) WHERE evidence = 'open';
CREATE INDEX deliveries_evidence_any ON deliveries (text_key) WHERE evidence IN ('open', 'past', 'closed');
-- For which a sweep is still to read the provider's list.
CREATE INDEX deliveries_unlisted ON deliveries (sweep_after) WHERE evidence IN ('open', 'past');
-- What a sweeper looks for, across workspaces.
CREATE INDEX deliveries_unsettled ON deliveries (sweep_after)
    WHERE submission IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review');

CREATE TABLE delivery_attempts (
    workspace_id        text NOT NULL,
    delivery_id         text NOT NULL,
    fence               integer NOT NULL,
    started_at          text NOT NULL,
    finished_at         text,
    got_connection      integer NOT NULL CHECK (got_connection IN (0, 1)),
    outcome             text,
    http_status         integer NOT NULL,
    error_code          text NOT NULL,
    error_message       text NOT NULL,
    provider_request_id text NOT NULL,
    provider_message_id text NOT NULL,
    PRIMARY KEY (workspace_id, delivery_id, fence),
    FOREIGN KEY (workspace_id, delivery_id) REFERENCES deliveries (workspace_id, id),
    CONSTRAINT delivery_attempts_outcome CHECK (outcome IN ('accepted', 'not_processed', 'rejected', 'blocked', 'suppressed', 'unknown', 'aborted'))
) STRICT;

-- What carriers told, as it came. An event whose delivery is not known has neither
-- workspace nor delivery: orphans are evidence too.
CREATE TABLE provider_events (
    id                  integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_key           text NOT NULL,
    workspace_id        text REFERENCES workspaces (id),
    delivery_id         text,
    provider            text NOT NULL,
    provider_message_id text,
    type                text NOT NULL,
    raw                 blob NOT NULL,
    received_at         text NOT NULL,
    UNIQUE (event_key),
    FOREIGN KEY (workspace_id, delivery_id) REFERENCES deliveries (workspace_id, id),
    CONSTRAINT provider_events_workspace CHECK (delivery_id IS NULL OR workspace_id IS NOT NULL)
) STRICT;

CREATE INDEX provider_events_delivery ON provider_events (workspace_id, delivery_id, received_at, id);
CREATE INDEX provider_events_message ON provider_events (provider, provider_message_id) WHERE delivery_id IS NULL;
CREATE INDEX provider_events_duplicates ON provider_events (provider, provider_message_id) WHERE type = 'duplicate_confirmed';

CREATE TABLE suppressions (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL REFERENCES workspaces (id),
    channel      text NOT NULL,
    sender       text NOT NULL,
    -- In lower case.
    address      text NOT NULL,
    reason       text NOT NULL,
    source_event text,
    created_at   text NOT NULL,
    lifted_at    text,
    CONSTRAINT suppressions_channel CHECK (channel IN ('phone-sms', 'email', 'web-chat', 'phone-voice'))
) STRICT;

CREATE UNIQUE INDEX suppressions_in_force ON suppressions (workspace_id, channel, sender, address) WHERE lifted_at IS NULL;
