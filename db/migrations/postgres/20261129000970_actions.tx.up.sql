-- Lists of actions.
CREATE INDEX actions_newest ON actions (workspace_id, created_at DESC, id DESC);

-- Tool calls that something waits for. What has ended is most of them.
CREATE INDEX tool_calls_open ON tool_calls (workspace_id, message_id, position)
    WHERE state IN ('unknown', 'pending', 'running', 'waiting');

-- What a workspace's status counts beside actions: little of what there is.
CREATE INDEX approvals_waiting ON approvals (workspace_id, created_at) WHERE state = 'waiting';
CREATE INDEX bulk_retries_paused ON bulk_retries (workspace_id, updated_at) WHERE state = 'paused';
CREATE INDEX inbound_refused ON inbound (workspace_id, received_at) WHERE status = 'refused';
