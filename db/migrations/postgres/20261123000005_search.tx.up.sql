-- What is found by a word in it, of three letters or more. Without pg_trgm, which comes
-- with PostgreSQL but may be kept from this user, a search reads all of a workspace's
-- messages, and is slow in a large one.
DO $$
DECLARE
    place name;
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    EXCEPTION
        -- Another process may have made it at the same moment.
        WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR invalid_schema_name
            OR unique_violation OR duplicate_object THEN
            RAISE NOTICE 'pg_trgm was not made: %', SQLERRM;
    END;
    SELECT n.nspname INTO place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    IF place IS NOT NULL THEN
        EXECUTE format('CREATE INDEX messages_words ON messages USING gin (content %I.gin_trgm_ops)', place);
        EXECUTE format('CREATE INDEX chats_words ON chats USING gin (title %I.gin_trgm_ops, summary %I.gin_trgm_ops)', place, place);
    END IF;
END
$$;
