-- What each claim asks again: whose address a delivery goes to, and who may have asked not to be
-- written to. Suppressions belong to a sender's number, messaging service or inbox address, and no
-- longer to its row.

-- No reference: columns with one cannot be added to a table of SQLite.
ALTER TABLE deliveries
    ADD COLUMN to_member_id bigint,
    -- Whether a person has given the address, so that it need not be the member's own.
    ADD COLUMN to_given boolean NOT NULL DEFAULT FALSE;

UPDATE deliveries AS d SET to_member_id = COALESCE(
    (SELECT k.member_id FROM messages m
        JOIN contributor_asks k ON k.workspace_id = m.workspace_id AND k.id = m.ask_id
        WHERE m.workspace_id = d.workspace_id AND m.id = d.message_id),
    (SELECT c.member_id FROM chats c WHERE c.workspace_id = d.workspace_id AND c.id = d.chat_id));

UPDATE deliveries AS d SET to_given = TRUE WHERE d.retry_of IS NOT NULL AND EXISTS (SELECT 1 FROM deliveries o
    WHERE o.workspace_id = d.workspace_id AND o.message_id = d.message_id AND o.retry_of IS NULL AND o.to_address <> d.to_address);

-- Members of whom a person must decide whether they have opted out of a channel. Until then nothing
-- is posted to them there.
CREATE TABLE recipient_holds (
    workspace_id text COLLATE "C" NOT NULL,
    member_id    bigint NOT NULL,
    channel      text NOT NULL,
    -- What came in and may have asked for it.
    message_id   text COLLATE "C" NOT NULL,
    since        timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, member_id, channel),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    CONSTRAINT recipient_holds_channel CHECK (channel IN ('phone-sms', 'email'))
);

DROP INDEX suppressions_in_force;

UPDATE suppressions AS x SET sender = lower(COALESCE(
    (SELECT CASE n.number WHEN '' THEN n.messaging_service_sid ELSE n.number END FROM phone_numbers n
        WHERE n.workspace_id = x.workspace_id AND 'phone:' || n.id = x.sender),
    (SELECT i.address FROM inboxes i WHERE i.workspace_id = x.workspace_id AND 'inbox:' || i.id = x.sender),
    -- The row was deleted. What it has sent tells its number.
    (SELECT d.from_address FROM deliveries d
        WHERE d.workspace_id = x.workspace_id AND d.sender = x.sender ORDER BY d.created_at DESC, d.id DESC LIMIT 1),
    x.sender));

-- A number that was entered again may have got the same suppression twice: the older one stays.
UPDATE suppressions AS x SET lifted_at = x.created_at WHERE x.lifted_at IS NULL AND EXISTS (SELECT 1 FROM suppressions o
    WHERE o.workspace_id = x.workspace_id AND o.channel = x.channel AND o.sender = x.sender AND o.address = x.address
        AND o.lifted_at IS NULL AND o.id < x.id);

CREATE UNIQUE INDEX suppressions_in_force ON suppressions (workspace_id, channel, sender, address) WHERE lifted_at IS NULL;
