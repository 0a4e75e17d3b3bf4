-- One form of an address, and one member for each. What is stored is put into its form after
-- this, in the same transaction, by db/migrate_addresses.go: SQL cannot read phone numbers.

-- An email address as it is compared: folded by Go, since lower() depends on the database.
ALTER TABLE members ADD COLUMN email_folded text COLLATE "C" NOT NULL DEFAULT '';
-- Whether the member is the one who has the address. Of several who had it before addresses were
-- unique it is the oldest; the others are left for a person to merge.
ALTER TABLE members ADD COLUMN owns_phone boolean NOT NULL DEFAULT FALSE;
ALTER TABLE members ADD COLUMN owns_email boolean NOT NULL DEFAULT FALSE;

DROP INDEX members_email;
CREATE INDEX members_email ON members (workspace_id, email_folded) WHERE email_folded <> '';
CREATE UNIQUE INDEX members_owned_phone ON members (workspace_id, phone) WHERE owns_phone;
CREATE UNIQUE INDEX members_owned_email ON members (workspace_id, email_folded) WHERE owns_email;

-- to_address as it is compared.
ALTER TABLE deliveries ADD COLUMN to_folded text COLLATE "C" NOT NULL DEFAULT '';
UPDATE deliveries SET to_folded = lower(to_address);

-- Into whom members were merged. The row of a member that is merged is deleted, so that the
-- database itself sees to it that nothing refers to it any more.
CREATE TABLE member_merges (
    workspace_id text COLLATE "C" NOT NULL,
    member_id    bigint NOT NULL,
    into_id      bigint NOT NULL,
    merged_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, into_id) REFERENCES members (workspace_id, id)
);

CREATE INDEX member_merges_into ON member_merges (workspace_id, into_id);
