-- The same as migrations/postgres, which says why.

CREATE TABLE events (
    id            text NOT NULL,
    workspace_id  text NOT NULL REFERENCES workspaces (id),
    sequence      integer NOT NULL,
    chat_id       integer,
    chat_sequence integer,
    type          text NOT NULL,
    subject_id    text NOT NULL,
    at            text NOT NULL,
    data          text NOT NULL CHECK (json_valid(data)),
    PRIMARY KEY (id),
    UNIQUE (workspace_id, sequence),
    UNIQUE (workspace_id, chat_id, chat_sequence),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    CONSTRAINT events_sequence CHECK (sequence > 0 AND chat_sequence > 0),
    CONSTRAINT events_of_chat CHECK ((chat_id IS NULL) = (chat_sequence IS NULL))
) STRICT;

CREATE INDEX events_oldest ON events (at);

CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'an event never changes');
END;

CREATE TABLE event_counters (
    workspace_id text NOT NULL,
    chat_id      integer NOT NULL,
    last         integer NOT NULL,
    PRIMARY KEY (workspace_id, chat_id)
) STRICT;

CREATE TABLE event_changes (
    id           integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id text NOT NULL,
    object       text NOT NULL,
    chat_id      integer,
    subject_id   text NOT NULL,
    was          text NOT NULL,
    now          text NOT NULL,
    fields       text NOT NULL,
    data         text NOT NULL CHECK (json_valid(data)),
    at           text NOT NULL
) STRICT;

CREATE TRIGGER chats_begun AFTER INSERT ON chats BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'chat', NEW.id, NEW.id, '', NEW.state,
        CASE WHEN NEW.needs_response THEN 'needs_response' ELSE '' END,
        json_object('channel', NEW.channel, 'status', NEW.state), NEW.created_at);
END;

CREATE TRIGGER chats_change_noted AFTER UPDATE OF title, state, member_id, assistant_member_id, phone_number_id, inbox_id,
    external_id, metadata, taken_over_by, deleted_at, needs_response, attention_reason, summary, summary_updated_at
    ON chats
    WHEN (OLD.title, OLD.state, OLD.member_id, OLD.assistant_member_id, OLD.phone_number_id, OLD.inbox_id,
        OLD.external_id, OLD.metadata, OLD.taken_over_by, OLD.deleted_at, OLD.needs_response, OLD.summary,
        OLD.summary_updated_at, OLD.attention_reason = 'possible_opt_out')
    IS NOT
    (NEW.title, NEW.state, NEW.member_id, NEW.assistant_member_id, NEW.phone_number_id, NEW.inbox_id,
        NEW.external_id, NEW.metadata, NEW.taken_over_by, NEW.deleted_at, NEW.needs_response, NEW.summary,
        NEW.summary_updated_at, NEW.attention_reason = 'possible_opt_out') BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'chat', NEW.id, NEW.id, OLD.state, NEW.state, concat_ws(',',
            CASE WHEN OLD.title IS NOT NEW.title THEN 'title' END,
            CASE WHEN OLD.state IS NOT NEW.state THEN 'state' END,
            CASE WHEN OLD.member_id IS NOT NEW.member_id THEN 'member_id' END,
            CASE WHEN OLD.assistant_member_id IS NOT NEW.assistant_member_id THEN 'assistant_member_id' END,
            CASE WHEN OLD.phone_number_id IS NOT NEW.phone_number_id THEN 'phone_number_id' END,
            CASE WHEN OLD.inbox_id IS NOT NEW.inbox_id THEN 'inbox_id' END,
            CASE WHEN OLD.external_id IS NOT NEW.external_id THEN 'external_id' END,
            CASE WHEN OLD.metadata IS NOT NEW.metadata THEN 'metadata' END,
            CASE WHEN OLD.taken_over_by IS NOT NEW.taken_over_by THEN 'taken_over_by' END,
            CASE WHEN OLD.deleted_at IS NOT NEW.deleted_at THEN 'deleted' END,
            CASE WHEN OLD.needs_response IS NOT NEW.needs_response THEN
                CASE WHEN NEW.needs_response THEN 'needs_response' ELSE 'response_given' END END,
            CASE WHEN OLD.attention_reason <> 'possible_opt_out' AND NEW.attention_reason = 'possible_opt_out'
                THEN 'possible_opt_out' END,
            CASE WHEN OLD.summary IS NOT NEW.summary
                OR OLD.summary_updated_at IS NOT NEW.summary_updated_at THEN 'summary' END),
        json_object('channel', NEW.channel, 'status', NEW.state, 'summary_id', NEW.summary_id),
        NEW.updated_at);
END;

CREATE TRIGGER participants_added AFTER INSERT ON participants BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'chat', NEW.chat_id, NEW.chat_id, '', '', 'participants', '{}', NEW.created_at);
END;

CREATE TRIGGER participants_change_noted AFTER UPDATE OF role, member_id ON participants
    WHEN OLD.role <> NEW.role OR OLD.member_id <> NEW.member_id BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'chat', NEW.chat_id, NEW.chat_id, '', '', 'participants', '{}',
        strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
END;

CREATE TRIGGER participants_removed AFTER DELETE ON participants BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (OLD.workspace_id, 'chat', OLD.chat_id, OLD.chat_id, '', '', 'participants', '{}',
        strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
END;

CREATE TRIGGER chat_labels_added AFTER INSERT ON chat_labels BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'chat', NEW.chat_id, NEW.chat_id, '', '', 'labels', '{}', NEW.created_at);
END;

CREATE TRIGGER chat_labels_removed AFTER DELETE ON chat_labels BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (OLD.workspace_id, 'chat', OLD.chat_id, OLD.chat_id, '', '', 'labels', '{}',
        strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
END;

CREATE TRIGGER messages_begun AFTER INSERT ON messages BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'message', NEW.chat_id, NEW.id, '', NEW.state, '',
        json_object('role', NEW.role, 'status', NEW.state, 'action_id', NEW.action_id), NEW.created_at);
END;

CREATE TRIGGER messages_change_noted AFTER UPDATE OF state ON messages
    WHEN OLD.state <> NEW.state AND NEW.state = 'not_sent' BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'message', NEW.chat_id, NEW.id, OLD.state, NEW.state, '',
        json_object('role', NEW.role, 'status', NEW.state, 'action_id', NEW.action_id),
        strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
END;

CREATE TRIGGER deliveries_begun AFTER INSERT ON deliveries
    WHEN NEW.status NOT IN ('pending', 'sending') OR NEW.status = 'pending' AND NEW.error_code <> '' BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'delivery', NEW.chat_id, NEW.id, '', NEW.status, '',
        json_object('channel', NEW.channel, 'provider', NEW.provider, 'status', NEW.status,
            'submission', NEW.submission, 'error_code', NEW.error_code, 'message_id', NEW.message_id,
            'action_id', NEW.action_id), NEW.created_at);
END;

CREATE TRIGGER deliveries_change_noted AFTER UPDATE ON deliveries
    WHEN OLD.status <> NEW.status AND NEW.status NOT IN ('pending', 'sending')
        OR NEW.status = 'pending' AND NEW.error_code <> ''
            AND (OLD.status <> 'pending' OR OLD.error_code <> NEW.error_code) BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'delivery', NEW.chat_id, NEW.id,
        CASE WHEN OLD.submission = 'accepted' AND OLD.status = 'canceled' THEN 'canceled_by_provider'
            ELSE OLD.status END,
        NEW.status, '',
        json_object('channel', NEW.channel, 'provider', NEW.provider, 'status', NEW.status,
            'submission', NEW.submission, 'error_code', NEW.error_code, 'message_id', NEW.message_id,
            'action_id', NEW.action_id), NEW.updated_at);
END;

CREATE TRIGGER tool_calls_begun AFTER INSERT ON tool_calls
    WHEN NEW.state IN ('succeeded', 'failed', 'unknown') BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    SELECT NEW.workspace_id, 'tool_call', m.chat_id, NEW.message_id, '', NEW.state, '',
        json_object('index', NEW.position, 'call_id', NEW.call_id, 'name', NEW.name, 'status', NEW.state,
            'error_code', NEW.error_code, 'message_id', NEW.message_id, 'action_id', m.action_id), NEW.updated_at
    FROM messages m WHERE m.workspace_id = NEW.workspace_id AND m.id = NEW.message_id;
END;

CREATE TRIGGER tool_calls_change_noted AFTER UPDATE OF state ON tool_calls
    WHEN OLD.state <> NEW.state AND NEW.state IN ('succeeded', 'failed', 'unknown') BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    SELECT NEW.workspace_id, 'tool_call', m.chat_id, NEW.message_id, OLD.state, NEW.state, '',
        json_object('index', NEW.position, 'call_id', NEW.call_id, 'name', NEW.name, 'status', NEW.state,
            'error_code', NEW.error_code, 'message_id', NEW.message_id, 'action_id', m.action_id), NEW.updated_at
    FROM messages m WHERE m.workspace_id = NEW.workspace_id AND m.id = NEW.message_id;
END;

CREATE TRIGGER approvals_begun AFTER INSERT ON approvals BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'approval', NEW.chat_id, NEW.id, '', NEW.state, '',
        json_object('kind', NEW.kind, 'status', NEW.state, 'action_id', NEW.action_id),
        NEW.created_at);
END;

CREATE TRIGGER approvals_change_noted AFTER UPDATE OF state ON approvals
    WHEN OLD.state <> NEW.state BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'approval', NEW.chat_id, NEW.id, OLD.state, NEW.state, '',
        json_object('kind', NEW.kind, 'status', NEW.state, 'action_id', NEW.action_id),
        COALESCE(NEW.decided_at, strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')));
END;

CREATE TRIGGER contributor_requests_begun AFTER INSERT ON contributor_requests BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'contributor_request', NEW.chat_id, NEW.id, '', NEW.state, '',
        json_object('status', NEW.state, 'message_id', NEW.message_id, 'action_id', NEW.action_id), NEW.updated_at);
END;

CREATE TRIGGER contributor_requests_change_noted AFTER UPDATE OF state ON contributor_requests
    WHEN OLD.state <> NEW.state BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'contributor_request', NEW.chat_id, NEW.id, OLD.state, NEW.state, '',
        json_object('status', NEW.state, 'message_id', NEW.message_id, 'action_id', NEW.action_id), NEW.updated_at);
END;

CREATE TRIGGER suppressions_begun AFTER INSERT ON suppressions
    WHEN NEW.lifted_at IS NULL BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'suppression', NULL, NEW.id, '', 'in_force', '',
        json_object('channel', NEW.channel, 'reason', NEW.reason), NEW.created_at);
END;

CREATE TRIGGER suppressions_change_noted AFTER UPDATE OF lifted_at ON suppressions
    WHEN (OLD.lifted_at IS NULL) <> (NEW.lifted_at IS NULL) BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'suppression', NULL, NEW.id, iif(OLD.lifted_at IS NULL, 'in_force', ''),
        iif(NEW.lifted_at IS NULL, 'in_force', ''), '',
        json_object('channel', NEW.channel, 'reason', NEW.reason),
        COALESCE(NEW.lifted_at, strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')));
END;

CREATE TRIGGER sender_breakers_begun AFTER INSERT ON sender_breakers BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'sender', NULL, NEW.sender, '', 'blocked', '',
        json_object('provider', NEW.provider, 'error_code', NEW.error_code), NEW.opened_at);
END;

CREATE TRIGGER sender_breakers_ended AFTER DELETE ON sender_breakers BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (OLD.workspace_id, 'sender', NULL, OLD.sender, 'blocked', '', '',
        json_object('provider', OLD.provider), strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
END;

CREATE TRIGGER bulk_retries_change_noted AFTER UPDATE OF state ON bulk_retries
    WHEN OLD.state <> NEW.state AND NEW.state IN ('paused', 'finished', 'canceled') BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'bulk_retry', NULL, NEW.id, OLD.state, NEW.state, '',
        json_object('status', NEW.state), NEW.updated_at);
END;
