-- The same as migrations/postgres, which says why.

ALTER TABLE tool_calls ADD COLUMN endpoint text NOT NULL DEFAULT '';
