-- Lists by the last change, for who keeps a copy: updated_since, sort=updated_at. And chats by their creation.
CREATE INDEX deliveries_changed ON deliveries (workspace_id, updated_at, id);
CREATE INDEX chats_changed ON chats (workspace_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX chats_created ON chats (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX members_changed ON members (workspace_id, updated_at, id);
CREATE INDEX actions_changed ON actions (workspace_id, updated_at, id);
