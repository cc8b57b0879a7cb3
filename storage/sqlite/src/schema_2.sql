-- What version 2 adds to version 1. Frozen, too: a further change is a step of its own.

-- Custom domains of accounts. They go with their account.
CREATE TABLE domains (
    host    TEXT NOT NULL PRIMARY KEY,                -- lower-cased
    account BLOB NOT NULL REFERENCES accounts (id),
    name    TEXT,
    accent  TEXT                                      -- #rrggbb
) STRICT, WITHOUT ROWID;

CREATE INDEX domains_of_account ON domains (account);
