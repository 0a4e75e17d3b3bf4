-- The row that is written to find out whether the database takes writes: a full disk is seen by nothing else.
CREATE TABLE probe (
    name       text COLLATE "C" NOT NULL,
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (name),
    CONSTRAINT probe_one CHECK (name = 'write')
);
