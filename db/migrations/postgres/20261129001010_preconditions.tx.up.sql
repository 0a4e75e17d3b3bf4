-- The person who answers in a chat in the assistant's place: chat.Takeover.
ALTER TABLE chats ADD COLUMN taken_over_by bigint;
ALTER TABLE chats ADD COLUMN taken_over_at timestamptz
    CONSTRAINT chats_takeover CHECK ((taken_over_by IS NULL) = (taken_over_at IS NULL));

-- Whether a person speaks in a delivery, the number of the message after which the customer must not have written, and whether a
-- person has let it leave though the chat was taken over, or a brake had stopped the assistant: chat.SendFacts, chat.Allowance.
ALTER TABLE deliveries ADD COLUMN by_person boolean NOT NULL DEFAULT FALSE;
ALTER TABLE deliveries ADD COLUMN seen_message bigint;
ALTER TABLE deliveries ADD COLUMN despite_takeover boolean NOT NULL DEFAULT FALSE;
ALTER TABLE deliveries ADD COLUMN despite_brakes boolean NOT NULL DEFAULT FALSE;

-- When the request of a send was accepted: sends of a chat leave in that order. A worker may come to the later request first.
ALTER TABLE deliveries ADD COLUMN accepted_at timestamptz;

-- What is still to leave in a chat, before all that is newer.
CREATE INDEX deliveries_to_leave ON deliveries (workspace_id, chat_id, to_address) WHERE submission = 'pending';
