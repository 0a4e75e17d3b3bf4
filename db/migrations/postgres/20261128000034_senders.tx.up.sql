-- A sender belongs to one workspace of the installation. Which one stays when the sender is deleted:
-- what its customers have answered and refused is about the sender.
CREATE TABLE sender_grants (
    -- chat.FoldAddress of the number, the messaging service or the inbox's address.
    sender       text COLLATE "C" NOT NULL,
    workspace_id text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    granted_at   timestamptz NOT NULL,
    PRIMARY KEY (sender)
);

CREATE INDEX sender_grants_workspace ON sender_grants (workspace_id, sender);

-- Since when the workspace may not use the sender any more.
ALTER TABLE phone_numbers ADD COLUMN revoked_at timestamptz;
ALTER TABLE inboxes ADD COLUMN revoked_at timestamptz;

-- What two workspaces had entered belongs to the one that entered it first, as what came in did. The
-- command 'handrail migrate up' lists what the others have lost.
UPDATE phone_numbers AS n SET revoked_at = n.created_at WHERE EXISTS (SELECT 1 FROM phone_numbers o
    WHERE o.number = n.number AND o.messaging_service_sid = n.messaging_service_sid AND o.id < n.id);
UPDATE inboxes AS n SET revoked_at = n.created_at WHERE EXISTS (SELECT 1 FROM inboxes o
    WHERE o.address_folded = n.address_folded AND o.id < n.id);

INSERT INTO sender_grants (sender, workspace_id, granted_at)
    SELECT lower(CASE number WHEN '' THEN messaging_service_sid ELSE number END), workspace_id, created_at
    FROM phone_numbers WHERE revoked_at IS NULL;
INSERT INTO sender_grants (sender, workspace_id, granted_at)
    SELECT address_folded, workspace_id, created_at FROM inboxes WHERE revoked_at IS NULL;

DROP INDEX phone_numbers_inbound;
DROP INDEX phone_numbers_service_inbound;
DROP INDEX inboxes_inbound;
CREATE UNIQUE INDEX phone_numbers_one_workspace ON phone_numbers (number) WHERE number <> '' AND revoked_at IS NULL;
CREATE UNIQUE INDEX phone_numbers_one_service ON phone_numbers (messaging_service_sid)
    WHERE messaging_service_sid <> '' AND revoked_at IS NULL;
CREATE UNIQUE INDEX inboxes_one_workspace ON inboxes (address_folded) WHERE revoked_at IS NULL;
