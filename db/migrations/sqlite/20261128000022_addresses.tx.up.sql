-- The same as migrations/postgres, which says why.

ALTER TABLE members ADD COLUMN email_folded text NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN owns_phone integer NOT NULL DEFAULT 0 CHECK (owns_phone IN (0, 1));
ALTER TABLE members ADD COLUMN owns_email integer NOT NULL DEFAULT 0 CHECK (owns_email IN (0, 1));

DROP INDEX members_email;
CREATE INDEX members_email ON members (workspace_id, email_folded) WHERE email_folded <> '';
CREATE UNIQUE INDEX members_owned_phone ON members (workspace_id, phone) WHERE owns_phone;
CREATE UNIQUE INDEX members_owned_email ON members (workspace_id, email_folded) WHERE owns_email;

ALTER TABLE deliveries ADD COLUMN to_folded text NOT NULL DEFAULT '';
UPDATE deliveries SET to_folded = lower(to_address);

CREATE TABLE member_merges (
    workspace_id text NOT NULL,
    member_id    integer NOT NULL,
    into_id      integer NOT NULL,
    merged_at    text NOT NULL,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, into_id) REFERENCES members (workspace_id, id)
) STRICT;

CREATE INDEX member_merges_into ON member_merges (workspace_id, into_id);
