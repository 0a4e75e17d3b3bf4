-- Why a member has entered a suppression. One with the sender '' is for every sender of the workspace.
ALTER TABLE suppressions ADD COLUMN note text NOT NULL DEFAULT '';
