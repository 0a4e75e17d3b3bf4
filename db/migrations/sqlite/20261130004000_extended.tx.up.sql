-- A question to contributors whose deadline was moved has changed, too, and events tell it.
DROP TRIGGER contributor_requests_change_noted;
CREATE TRIGGER contributor_requests_change_noted AFTER UPDATE OF state, deadline ON contributor_requests
    WHEN OLD.state <> NEW.state OR OLD.deadline <> NEW.deadline BEGIN
    INSERT INTO event_changes (workspace_id, object, chat_id, subject_id, was, now, fields, data, at)
    VALUES (NEW.workspace_id, 'contributor_request', NEW.chat_id, NEW.id, OLD.state, NEW.state, '',
        json_object('status', NEW.state, 'message_id', NEW.message_id, 'action_id', NEW.action_id), NEW.updated_at);
END;
