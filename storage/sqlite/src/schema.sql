-- The file of waxseal-sqlite, version 1. Frozen: a change is a new version.
--
-- Times are Unix seconds. Codes (state, kind, mail, scope) are core's. Boxes,
-- locks and bodies are ciphertext. No key of a link ever stands here.

-- What is known of a secret, ended or not. An id starts with the tick of its
-- making, so rows come in nearly ascending order. `slot` leads to the secret's
-- lock and body; after the secret's ending it leads to nothing of worth.
CREATE TABLE receipts (
    id                  BLOB    NOT NULL PRIMARY KEY, -- 32 bytes
    created             INTEGER NOT NULL,
    expires             INTEGER NOT NULL,
    updated             INTEGER NOT NULL,
    state               INTEGER NOT NULL,
    kind                INTEGER NOT NULL,
    passphrase_required INTEGER NOT NULL,
    kid                 BLOB    NOT NULL,             -- 4 bytes
    slot                INTEGER NOT NULL,
    mail                INTEGER NOT NULL,
    mail_noted          INTEGER NOT NULL,
    info                BLOB    NOT NULL,
    owner               BLOB,                         -- 16 bytes; NULL for guests
    own                 BLOB                          -- NULL for guests
) STRICT, WITHOUT ROWID;

-- An account's secrets, read backwards: newest first.
CREATE INDEX receipts_of_owner ON receipts (owner, created, id) WHERE owner IS NOT NULL;

-- Locks and bodies are append-only by slot. SQLite leaves stale copies of rows
-- that B-tree balancing moves, secure_delete or not; so a row is never moved
-- while it holds something. At the end of a secret both are overwritten with as
-- many zeros, in place, and their rows are removed later, in whole blocks of
-- slots that are far from any live one.
CREATE TABLE locks (
    slot INTEGER NOT NULL PRIMARY KEY,
    lock BLOB    NOT NULL                             -- 61 bytes
) STRICT;

-- `live` is 1 until the content is erased, then 0. SQLite writes both numbers in
-- no bytes at all, so the row keeps its length. The body stands last, so that
-- its zeros need no memory.
CREATE TABLE bodies (
    slot    INTEGER NOT NULL PRIMARY KEY,
    live    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    body    BLOB    NOT NULL
) STRICT;

-- Finds the expired without a look at the receipts.
CREATE INDEX bodies_by_expiry ON bodies (expires) WHERE live = 1;

-- Guesses at a live secret, as core's attempt::Attempts writes them. By slot,
-- because the sweep that erases the expired knows no more than slots.
CREATE TABLE attempts (
    slot   INTEGER NOT NULL PRIMARY KEY,
    counts BLOB    NOT NULL
) STRICT;

CREATE TABLE accounts (
    id       BLOB    NOT NULL PRIMARY KEY,            -- 16 bytes
    name     BLOB    NOT NULL,
    plan     TEXT    NOT NULL,
    language TEXT,
    state    INTEGER NOT NULL,
    created  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    digest  BLOB    NOT NULL PRIMARY KEY,             -- 32 bytes
    account BLOB    NOT NULL REFERENCES accounts (id),
    name    TEXT    NOT NULL,
    scope   INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    wrap    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_of_account ON tokens (account);

-- Running figures, kept in the transaction that changes them: a file of any size
-- opens at once, and processes that share it agree.
CREATE TABLE totals (
    only         INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    stored_bytes INTEGER NOT NULL,                    -- as core's Usage counts them
    dead_bytes   INTEGER NOT NULL,                    -- of zeroed bodies whose rows still stand
    unopened     INTEGER NOT NULL,
    received     INTEGER NOT NULL,
    burned       INTEGER NOT NULL
) STRICT;

INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0);

-- Receipts under each master key.
CREATE TABLE kids (
    kid      BLOB    NOT NULL PRIMARY KEY,            -- 4 bytes
    receipts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Single facts about the file: 'check' is the box that only its key file opens.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
