-- The same as migrations/postgres, which says why.

ALTER TABLE members ADD COLUMN role_by integer;
ALTER TABLE members ADD COLUMN role_at text;
ALTER TABLE api_keys ADD COLUMN made_by integer;

ALTER TABLE approvals RENAME TO approvals_of_sends;
DROP INDEX approvals_newest;

CREATE TABLE approvals (
    workspace_id  text NOT NULL,
    id            text NOT NULL,
    kind          text NOT NULL,
    action_id     text,
    chat_id       integer,
    state         text NOT NULL,
    request       text NOT NULL CHECK (json_valid(request)),
    effect        text CHECK (json_valid(effect)),
    deadline      text NOT NULL,
    requested_by  integer,
    requested_key integer,
    decided_by    integer,
    decided_at    text,
    executed_at   text,
    reason        text NOT NULL,
    created_at    text NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id),
    CONSTRAINT approvals_kind CHECK (kind IN ('send', 'member_role', 'api_key', 'tool_change', 'tool_test', 'tool_secret')),
    CONSTRAINT approvals_state CHECK (state IN ('waiting', 'approved', 'refused', 'expired', 'void')),
    CONSTRAINT approvals_of_action CHECK ((kind = 'send') = (action_id IS NOT NULL)),
    CONSTRAINT approvals_second_person CHECK (decided_by IS NULL OR requested_by IS NULL OR decided_by <> requested_by)
) STRICT;

INSERT INTO approvals (workspace_id, id, kind, action_id, chat_id, state, request, deadline, requested_by,
    decided_by, decided_at, reason, created_at)
SELECT workspace_id, action_id, 'send', action_id, chat_id, state,
    json_object('calls', (SELECT json_group_array(json_object('id', c.value)) FROM json_each(calls) AS c)),
    deadline, requested_by, decided_by, decided_at, reason, created_at
FROM approvals_of_sends;

DROP TABLE approvals_of_sends;

CREATE INDEX approvals_newest ON approvals (workspace_id, created_at DESC, id DESC);

ALTER TABLE tools ADD COLUMN destination text;
CREATE INDEX tools_destination ON tools (workspace_id, destination);
