-- What chats are found by, apart from their messages. A chat's own row changes with every
-- message, and each change would write all words of its summary to the index again.
CREATE TABLE chat_texts (
    workspace_id text COLLATE "C" NOT NULL,
    chat_id      bigint NOT NULL,
    title        text NOT NULL,
    summary      text NOT NULL,
    PRIMARY KEY (workspace_id, chat_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id) ON DELETE CASCADE
);

CREATE FUNCTION keep_chat_texts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_texts (workspace_id, chat_id, title, summary) VALUES (NEW.workspace_id, NEW.id, NEW.title, NEW.summary)
    ON CONFLICT (workspace_id, chat_id) DO UPDATE SET title = excluded.title, summary = excluded.summary;
    RETURN NULL;
END
$$;

CREATE TRIGGER chats_texts_kept AFTER INSERT OR UPDATE OF title, summary ON chats FOR EACH ROW EXECUTE FUNCTION keep_chat_texts();

INSERT INTO chat_texts (workspace_id, chat_id, title, summary) SELECT workspace_id, id, title, summary FROM chats;

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
    EXECUTE format('CREATE INDEX chat_texts_words ON chat_texts USING gin (title %I.gin_trgm_ops, summary %I.gin_trgm_ops)', place, place);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported OR invalid_schema_name THEN
    RAISE NOTICE 'searches go without an index: %', SQLERRM;
END
$$;
