-- Lists of actions.
CREATE INDEX actions_newest ON actions (workspace_id, created_at DESC, id DESC);

-- Tool calls that something waits for. What has ended is most of them.
CREATE INDEX tool_calls_open ON tool_calls (workspace_id, message_id)
    WHERE state IN ('unknown', 'pending', 'running', 'waiting');
