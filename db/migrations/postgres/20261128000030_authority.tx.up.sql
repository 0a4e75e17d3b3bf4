-- Who made a member what it is, and a key: whoever made somebody lately acts through it.
ALTER TABLE members ADD COLUMN role_by bigint;
ALTER TABLE members ADD COLUMN role_at timestamptz;
ALTER TABLE api_keys ADD COLUMN made_by bigint;

-- A second member's word on whatever takes two: a send, a role, a key, a tool's change or test.
ALTER TABLE approvals RENAME TO approvals_of_sends;
DROP INDEX approvals_newest;

CREATE TABLE approvals (
    workspace_id  text COLLATE "C" NOT NULL,
    -- That of a send is the send's action.
    id            text COLLATE "C" NOT NULL,
    kind          text NOT NULL,
    action_id     text COLLATE "C",
    chat_id       bigint,
    state         text NOT NULL,
    -- What is shown to who decides, and what is done when they agree.
    request       json NOT NULL,
    effect        json,
    deadline      timestamptz NOT NULL,
    requested_by  bigint,
    requested_key bigint,
    -- NULL with a time: the operator, on the command line.
    decided_by    bigint,
    decided_at    timestamptz,
    executed_at   timestamptz,
    reason        text NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id),
    CONSTRAINT approvals_kind CHECK (kind IN ('send', 'member_role', 'api_key', 'tool_change', 'tool_test', 'tool_secret')),
    CONSTRAINT approvals_state CHECK (state IN ('waiting', 'approved', 'refused', 'expired', 'void')),
    CONSTRAINT approvals_of_action CHECK ((kind = 'send') = (action_id IS NOT NULL)),
    CONSTRAINT approvals_second_person CHECK (decided_by IS NULL OR requested_by IS NULL OR decided_by <> requested_by)
);

-- What waited before was not pinned to the tool as it was then: it names its calls only, and is
-- void when somebody decides.
INSERT INTO approvals (workspace_id, id, kind, action_id, chat_id, state, request, deadline, requested_by,
    decided_by, decided_at, reason, created_at)
SELECT workspace_id, action_id, 'send', action_id, chat_id, state,
    json_build_object('calls', (SELECT json_agg(json_build_object('id', c.value)) FROM json_array_elements_text(calls) AS c)),
    deadline, requested_by, decided_by, decided_at, reason, created_at
FROM approvals_of_sends;

DROP TABLE approvals_of_sends;

CREATE INDEX approvals_newest ON approvals (workspace_id, created_at DESC, id DESC);

-- Where a tool goes: scheme, host and port, or the command. A tool of a lower risk that goes where another
-- one goes, or has gone, takes a second member.
ALTER TABLE tools ADD COLUMN destination text;
CREATE INDEX tools_destination ON tools (workspace_id, destination);
