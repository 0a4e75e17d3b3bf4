-- Which history of the database Handrail knows, and when something of it may last have been
-- lost. One row.
CREATE TABLE database_timeline (
    id          integer PRIMARY KEY,
    -- The timeline whose WAL the server wrote when this was stored; '' where it does not say.
    timeline    text NOT NULL,
    -- When all that may have been sent was last held for a person, and under which error code.
    held_at     timestamptz,
    held_reason text NOT NULL DEFAULT '',
    CONSTRAINT database_timeline_one CHECK (id = 1),
    CONSTRAINT database_timeline_held CHECK ((held_at IS NULL) = (held_reason = ''))
);

DO $$
BEGIN
    INSERT INTO database_timeline (id, timeline) VALUES (1, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8));
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function OR object_not_in_prerequisite_state THEN
    RAISE NOTICE 'a failover will not be noticed by itself: %', SQLERRM;
    INSERT INTO database_timeline (id, timeline) VALUES (1, '');
END
$$;
