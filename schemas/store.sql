-- store.db: what must last. Format 1. The enduring tables are frozen for good; evolution lives in their bytes.

-- ENDURING: insert-only, named by hash, replicated. Sessions capture revision and record.

-- Immutable snapshots of documents.
CREATE TABLE revision(
    id    BLOB NOT NULL PRIMARY KEY,   -- SHA-256 of bytes
    bytes BLOB NOT NULL                -- strict JSON, exactly as signed for by its frame
) STRICT;

-- Signed acts.
CREATE TABLE record(
    id    BLOB NOT NULL PRIMARY KEY,   -- SHA-256 of bytes
    sig   BLOB NOT NULL,               -- raw signature over bytes, in the namespace of the kind; a bad one that another's
                                       -- frame brought gives way to the good one
    bytes BLOB NOT NULL                -- strict JSON
) STRICT;

-- One signed header a transaction. Its hash is the frame's identity.
CREATE TABLE frame(
    id     BLOB NOT NULL PRIMARY KEY,  -- SHA-256 of header
    header BLOB NOT NULL,              -- strict JSON
    sig    BLOB NOT NULL               -- raw signature over header
) STRICT;

CREATE TRIGGER revision_is_insert_only_u BEFORE UPDATE ON revision BEGIN SELECT raise(ABORT, 'revision is insert-only'); END;
CREATE TRIGGER revision_is_insert_only_d BEFORE DELETE ON revision BEGIN SELECT raise(ABORT, 'revision is insert-only'); END;
CREATE TRIGGER record_is_insert_only_u BEFORE UPDATE ON record BEGIN SELECT raise(ABORT, 'record is insert-only'); END;
CREATE TRIGGER record_is_insert_only_d BEFORE DELETE ON record BEGIN SELECT raise(ABORT, 'record is insert-only'); END;
CREATE TRIGGER frame_is_insert_only_u BEFORE UPDATE ON frame BEGIN SELECT raise(ABORT, 'frame is insert-only'); END;
CREATE TRIGGER frame_is_insert_only_d BEFORE DELETE ON frame BEGIN SELECT raise(ABORT, 'frame is insert-only'); END;

-- LOCAL: this replica's own; never captured, never sent, equally durable, in backups (but for the guard).

-- Small named values: device key, guard token, when it was found to be restored, what the office remembers.
CREATE TABLE local_note(
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, in this replica's order. Views follow it by position.
CREATE TABLE local_log(
    pos  INTEGER PRIMARY KEY,
    what INTEGER NOT NULL,             -- 1 header stored, 2 payload applied, 3 both, 4 body redacted
    id   BLOB NOT NULL                 -- frame; of a redaction the object
) STRICT;

-- Payloads that cannot be made again from rows: of another schema number, kept unread.
CREATE TABLE local_payload(
    frame BLOB NOT NULL PRIMARY KEY,
    codec INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Payloads of many rows without attachments, packed as they came or were sealed, so that passing them on is copying.
-- Each can be made again from its rows; `check --mend` drops damaged ones.
CREATE TABLE local_packed(
    frame BLOB NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL                -- codec 1, zstd
) STRICT, WITHOUT ROWID;

-- Attachments that revisions held here name, by scope: wanted until their bytes came for that scope. What is here for one
-- scope is not given to readers of another, whose revisions may name a hash without anybody there having the bytes.
CREATE TABLE local_attachment(
    scope  TEXT NOT NULL,
    file   BLOB NOT NULL,              -- SHA-256 of the whole
    chunks BLOB NOT NULL,              -- hash of the list of piece hashes, as the revision says
    told   BLOB NOT NULL,              -- the description, strict JSON
    here   INTEGER NOT NULL DEFAULT 0, -- 1: its bytes came for this scope, or were attached here
    PRIMARY KEY(scope, file, chunks)
) STRICT, WITHOUT ROWID;
CREATE INDEX local_attachment_wanted ON local_attachment(scope) WHERE here = 0;

-- Feeds held: the frames of one device in one scope.
CREATE TABLE local_feed(
    feed   INTEGER PRIMARY KEY,
    scope  TEXT NOT NULL,
    device BLOB NOT NULL,
    forked INTEGER NOT NULL DEFAULT 0, -- 1: two frames stand under one predecessor
    UNIQUE(scope, device)
) STRICT;

-- The frames of a feed by number; `frame` is the rowid of table frame.
CREATE TABLE local_place(
    feed    INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    frame   INTEGER NOT NULL,
    applied INTEGER NOT NULL,          -- 1: its rows are in
    PRIMARY KEY(feed, seq, frame)
) STRICT, WITHOUT ROWID;
CREATE INDEX local_place_wanted ON local_place(feed) WHERE applied = 0;

-- Frames without children.
CREATE TABLE local_tip(
    feed    INTEGER NOT NULL,
    frame   BLOB NOT NULL,
    seq     INTEGER NOT NULL,
    reg_seq INTEGER NOT NULL,          -- registry entry the frame relies on
    newest  INTEGER NOT NULL,          -- greatest claimed time of the feed so far, milliseconds since 1970
    PRIMARY KEY(feed, frame)
) STRICT, WITHOUT ROWID;

-- Registry entries held, in the order they came, so that opening need not search for them.
CREATE TABLE local_registry(
    pos      INTEGER PRIMARY KEY,
    record   BLOB NOT NULL,
    accepted INTEGER NOT NULL          -- 1: its signatures were checked here and the chain took it
) STRICT;

-- Frames whose predecessor is not held yet. Verified when they came, and again when they are taken up.
CREATE TABLE local_inbox(
    frame  BLOB NOT NULL PRIMARY KEY,
    prev   BLOB NOT NULL,
    header BLOB NOT NULL,
    sig    BLOB NOT NULL,
    codec  INTEGER,                    -- absent: header only
    bytes  BLOB,
    came   TEXT NOT NULL               -- who brought it
) STRICT, WITHOUT ROWID;
CREATE INDEX local_inbox_prev ON local_inbox(prev);

-- Typing that is not sealed yet.
CREATE TABLE local_draft(
    doc   BLOB NOT NULL PRIMARY KEY,   -- id of the document, then its scope; older programs wrote the id alone
    saved INTEGER NOT NULL,            -- milliseconds since 1970
    body  TEXT NOT NULL                -- strict JSON {choices, fields, files, parents, scope, type}
) STRICT, WITHOUT ROWID;
