-- The same as migrations/postgres, which says why.

ALTER TABLE suppressions ADD COLUMN note text NOT NULL DEFAULT '';
