-- The texts that a message had before a retry has changed it, the oldest first; content is the text of the
-- delivery that goes on. NULL when there was no change.
ALTER TABLE messages ADD COLUMN earlier_texts text CHECK (json_valid(earlier_texts));
