-- Who has written a message in the name of member_id; NULL for a member's own.
ALTER TABLE messages ADD COLUMN written_by bigint;

CREATE INDEX audit_log_of_object ON audit_log (workspace_id, object, id DESC);
