-- The newest run of an action's workflow, if that was ended in Temporal and has left nothing else, or has
-- taken up again what was ended, and was refused. Neither it nor an earlier run may carry the action out:
-- somebody was told that nothing was sent.
ALTER TABLE actions ADD COLUMN ended_run_id text;

ALTER TABLE actions ADD COLUMN ended_run_started_at text;

-- Which run was ended was not kept so far.
UPDATE actions SET ended_run_id = 'unknown', ended_run_started_at = created_at
WHERE state = 'failed' AND problem->>'code' = 'action_ended';
