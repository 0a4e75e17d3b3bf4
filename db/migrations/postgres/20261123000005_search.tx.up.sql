-- What is found by a part of it, of three letters or more. Without pg_trgm, which comes with
-- PostgreSQL but may be kept from this user, a search reads all of a workspace's messages,
-- and is slow in a large one.
DO $$
DECLARE
    place name;
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    EXCEPTION WHEN unique_violation OR duplicate_object THEN
        NULL; -- another process has made it at the same moment
    END;
    SELECT n.nspname INTO STRICT place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    EXECUTE format('CREATE INDEX messages_words ON messages USING gin (content %I.gin_trgm_ops)', place);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported OR invalid_schema_name THEN
    RAISE NOTICE 'searches go without an index: %', SQLERRM;
END
$$;
