-- The same as migrations/postgres, which says why. SQLite has no timelines.

CREATE TABLE database_timeline (
    id          int NOT NULL PRIMARY KEY,
    timeline    text NOT NULL,
    held_at     text,
    held_reason text NOT NULL DEFAULT '',
    CONSTRAINT database_timeline_one CHECK (id = 1),
    CONSTRAINT database_timeline_held CHECK ((held_at IS NULL) = (held_reason = ''))
) STRICT;

INSERT INTO database_timeline (id, timeline) VALUES (1, '');
