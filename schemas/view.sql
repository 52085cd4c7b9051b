-- view.db: what people query. Derived from store.db, followed by a cursor, thrown away and made again at will; any change
-- of this text makes it anew. Ids of 16 and 32 bytes stand once each; everything else refers by number (handle). Handles
-- come in the order of arrival and never leave this file.

-- Cursor, what the view was made by, and what it was judged against.
CREATE TABLE meta(
    key   TEXT NOT NULL PRIMARY KEY,       -- made-by, generation, cursor, cursor-frame, registry, total, changed
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Words that recur: scopes, types and kinds, persons, devices and schools in hexadecimal, reasons, states.
CREATE TABLE name(
    name INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- Registry heads that frames relied on.
CREATE TABLE point(
    point INTEGER PRIMARY KEY,
    seq   INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    UNIQUE(hash, seq)
) STRICT;

-- The frames of one device in one scope.
CREATE TABLE feed(
    feed   INTEGER PRIMARY KEY,
    device INTEGER NOT NULL,               -- name
    scope  INTEGER NOT NULL,               -- name
    forked INTEGER NOT NULL DEFAULT 0,     -- 1: two frames stand under one predecessor
    UNIQUE(device, scope)
) STRICT;

-- Frames held, and frames that a receipt, confirm or cut named before they came (feed is absent then).
CREATE TABLE frame(
    frame        INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    feed         INTEGER,
    seq          INTEGER,
    prev         INTEGER,                  -- frame; absent at the start of a feed
    school       INTEGER,                  -- name
    point        INTEGER,                  -- registry head relied on; absent at the first entry's frame
    inc          INTEGER,                  -- name: the incarnation that wrote it
    newer        INTEGER,                  -- 1: the payload is of a table form that this program does not read
    branch       INTEGER NOT NULL DEFAULT 0, -- 0 single, 1 standing, 2 confirmed, 3 forked
    receipt_time INTEGER,                  -- earliest standing receipt, milliseconds since 1970; absent: none
    receipt_seq  INTEGER,                  -- where that receipt stands in the server's feed: seq of its frame,
    receipt_item INTEGER,                  -- place among that frame's items,
    receipt_list INTEGER                   -- place in the receipt's own list
) STRICT;
CREATE INDEX frame_feed ON frame(feed, seq) WHERE feed IS NOT NULL;

-- Items of held frames, each once, and targets of records that are not held (frame is absent then).
CREATE TABLE item(
    item     INTEGER PRIMARY KEY,
    id       BLOB NOT NULL,                -- once
    key      INTEGER NOT NULL,             -- its first 8 bytes, most significant first: it is found by these
    frame    INTEGER,                      -- one that lists it: of its own device and scope if possible, smallest id
    place    INTEGER,                      -- index among that frame's items
    more     INTEGER NOT NULL DEFAULT 0,   -- 1: further frames list it (item_place)
    record   INTEGER,                      -- 1 record, 0 revision
    state    INTEGER NOT NULL DEFAULT 0,   -- 0 missing, 1 read, 2 needs a newer program, 3 malformed, 4 redacted
    document INTEGER,                      -- the document it belongs to; absent: stands alone, or waits for its target
    target   INTEGER,                      -- item: what a record is about
    kind     INTEGER,                      -- name: kind of a record, type of a revision
    scope    INTEGER,                      -- name
    person   INTEGER,                      -- name
    device   INTEGER,                      -- name
    time     INTEGER,                      -- claimed, milliseconds since 1970
    counter  INTEGER,                      -- of the hybrid clock, of revisions
    verdict  INTEGER,                      -- 0 valid, 1 not yet witnessed, 2 waiting, 3 quarantined, 4 invalid
    reason   INTEGER,                      -- name; absent when it stands
    about    TEXT,                         -- what the reason names
    count    INTEGER                       -- 0 redacted, 1 quarantined, 2 pending, 3 different, 4 superseded, 5 current
) STRICT;
CREATE INDEX item_key ON item(key);
CREATE INDEX item_document ON item(document) WHERE document IS NOT NULL;
CREATE INDEX item_target ON item(target) WHERE target IS NOT NULL;
CREATE INDEX item_count ON item(count) WHERE count < 4;

-- Further frames that list an item.
CREATE TABLE item_place(
    item  INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY(item, frame)
) STRICT, WITHOUT ROWID;

-- Frames named by receipts that are held, whether or not the receipt stands.
CREATE TABLE receipt(
    frame  INTEGER NOT NULL,
    item   INTEGER NOT NULL,               -- the receipt
    feed   INTEGER NOT NULL,               -- of the server that gave it
    seq    INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    list   INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    stands INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(frame, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_item ON receipt(item);

-- Tips of branches named by confirm records that are held.
CREATE TABLE confirm(
    frame  INTEGER NOT NULL,
    item   INTEGER NOT NULL,
    feed   INTEGER NOT NULL,               -- in which the confirm itself lies
    stands INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(frame, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX confirm_item ON confirm(item);

-- What is judged again when something that is not held comes.
CREATE TABLE waiting(
    awaited INTEGER NOT NULL,              -- frame; 0: the registry's next entries
    subject INTEGER NOT NULL,              -- document; of an item that stands alone, its handle made negative
    PRIMARY KEY(awaited, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_subject ON waiting(subject);

-- Documents with an act that a superseded registry head does not carry for long, made on the newest head.
CREATE TABLE on_head(document INTEGER PRIMARY KEY) STRICT;

-- Documents as lists show them. The text itself stays in store.db.
CREATE TABLE document(
    document      INTEGER PRIMARY KEY,
    scope         TEXT NOT NULL,
    doc           BLOB NOT NULL,
    type          TEXT NOT NULL,
    title         TEXT NOT NULL,
    state         TEXT NOT NULL,
    owner         TEXT NOT NULL,
    summary       TEXT NOT NULL,           -- strict JSON, the projector's
    due           INTEGER NOT NULL,        -- days since 1970; 9999999: none
    closed        INTEGER NOT NULL,
    disputed      INTEGER NOT NULL,
    changed_after INTEGER NOT NULL,        -- 1: changed after submission
    round         INTEGER NOT NULL,
    failed_rounds INTEGER NOT NULL,
    heads         BLOB NOT NULL,           -- items, 8 bytes each, most significant first, in the order of their ids
    differences   INTEGER NOT NULL,
    last_action   INTEGER,                 -- milliseconds since 1970
    last_actor    INTEGER,                 -- name: person
    watched       INTEGER NOT NULL,        -- 1: what was signed on it may be against a rule that looks at other documents
    changed       INTEGER NOT NULL,        -- counts the changes of this view; search follows it
    digest        INTEGER NOT NULL         -- of everything projected, to see that nothing changed
) STRICT;
CREATE UNIQUE INDEX document_doc ON document(doc, scope);
CREATE INDEX document_order ON document(due, scope, title, doc, closed, type);
CREATE INDEX document_owner ON document(owner, due, scope);
CREATE INDEX document_different ON document(due, scope) WHERE differences > 0;
CREATE INDEX document_watched ON document(due, scope) WHERE watched = 1;
CREATE INDEX document_changed ON document(changed);

-- Documents of which nothing is left, so that search forgets them.
CREATE TABLE gone(
    changed INTEGER PRIMARY KEY,
    scope   TEXT NOT NULL,
    doc     BLOB NOT NULL
) STRICT;

-- Documents that others ask for. Each has a row in `document` from then on, begun or not.
CREATE TABLE expected(
    document INTEGER NOT NULL,             -- the one asked for
    by       INTEGER NOT NULL,             -- the document that asks
    what     TEXT NOT NULL,                -- strict JSON, the projector's
    PRIMARY KEY(document, by)
) STRICT, WITHOUT ROWID;
CREATE INDEX expected_by ON expected(by);

-- Open differences.
CREATE TABLE difference(
    document INTEGER NOT NULL,
    field    TEXT NOT NULL,
    element  TEXT NOT NULL,
    sides    TEXT NOT NULL,                -- strict JSON, the projector's
    PRIMARY KEY(document, field, element)
) STRICT, WITHOUT ROWID;

-- How many items are in each count, by reason where there is one. Kept as items change.
CREATE TABLE tally(
    count  INTEGER NOT NULL,
    reason INTEGER NOT NULL,               -- name; 0: none
    items  INTEGER NOT NULL,
    PRIMARY KEY(count, reason)
) STRICT, WITHOUT ROWID;
