-- Who is it: what shows that what came in is by whom it names.

-- The hash of the token in the address that answers to a mail go to; '' for none. One for each
-- delivery, so it names the chat and whom the mail was sent to.
ALTER TABLE deliveries ADD COLUMN reply_token text NOT NULL DEFAULT '';

CREATE UNIQUE INDEX deliveries_reply_token ON deliveries (reply_token) WHERE reply_token <> '';

-- As in chat.Trust; '' for what was not judged.
ALTER TABLE messages ADD COLUMN trust text NOT NULL DEFAULT '';
ALTER TABLE inbound ADD COLUMN trust text NOT NULL DEFAULT '';
ALTER TABLE contributor_asks ADD COLUMN trust text NOT NULL DEFAULT '';

-- The code that an answer must carry, '' for none. It is shown to nobody but who is asked.
ALTER TABLE contributor_asks ADD COLUMN code text NOT NULL DEFAULT '';
-- How many replies had a wrong code.
ALTER TABLE contributor_asks ADD COLUMN wrong_codes bigint NOT NULL DEFAULT 0;
