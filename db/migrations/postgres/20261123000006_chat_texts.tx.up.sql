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

-- The first shape of the migration before this one made it.
DROP INDEX IF EXISTS chats_words;

-- Where the migration before this one found pg_trgm.
DO $$
DECLARE
    place name;
BEGIN
    SELECT n.nspname INTO STRICT place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    EXECUTE format('CREATE INDEX chat_texts_words ON chat_texts USING gin (title %I.gin_trgm_ops, summary %I.gin_trgm_ops)', place, place);
EXCEPTION WHEN no_data_found OR insufficient_privilege OR undefined_object OR invalid_schema_name THEN
    RAISE NOTICE 'searches go without an index: %', SQLERRM;
END
$$;
