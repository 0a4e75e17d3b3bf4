-- A question to contributors whose deadline was moved has changed, too, and events tell it.
DROP TRIGGER contributor_requests_change_noted ON contributor_requests;
CREATE TRIGGER contributor_requests_change_noted AFTER UPDATE OF state, deadline ON contributor_requests FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR OLD.deadline <> NEW.deadline) EXECUTE FUNCTION note_contributor_request_change();
