-- Where the last try of a tool call went, for who looks for the call there: its tool may be defined anew meanwhile.
ALTER TABLE tool_calls ADD COLUMN endpoint text COLLATE "C" NOT NULL DEFAULT '';
