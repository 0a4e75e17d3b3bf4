-- The same as migrations/postgres, which says why, without the indexes.

CREATE TABLE chat_texts (
    workspace_id text NOT NULL,
    chat_id      integer NOT NULL,
    title        text NOT NULL,
    summary      text NOT NULL,
    PRIMARY KEY (workspace_id, chat_id),
    FOREIGN KEY (workspace_id, chat_id) REFERENCES chats (workspace_id, id) ON DELETE CASCADE
);

CREATE TRIGGER chats_texts_begun AFTER INSERT ON chats BEGIN
    INSERT INTO chat_texts (workspace_id, chat_id, title, summary) VALUES (NEW.workspace_id, NEW.id, NEW.title, NEW.summary);
END;

CREATE TRIGGER chats_texts_kept AFTER UPDATE OF title, summary ON chats BEGIN
    UPDATE chat_texts SET title = NEW.title, summary = NEW.summary WHERE workspace_id = NEW.workspace_id AND chat_id = NEW.id;
END;

INSERT INTO chat_texts (workspace_id, chat_id, title, summary) SELECT workspace_id, id, title, summary FROM chats;
