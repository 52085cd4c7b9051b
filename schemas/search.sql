-- search.db: full-text index over documents as they stand. Derived from the view by a cursor of its own, thrown away and
-- made again at will; any change of this text makes it anew.

-- Which making of the view is followed, and how far.
CREATE TABLE meta(
    key   TEXT NOT NULL PRIMARY KEY,   -- made-by, generation, cursor
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is indexed, once, for excerpts and because an index entry can only be taken out by its old text.
CREATE TABLE entry(
    entry INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    doc   BLOB NOT NULL,
    type  TEXT NOT NULL,
    title TEXT NOT NULL,
    body  TEXT NOT NULL,               -- every text that a person would look for
    UNIQUE(doc, scope)
) STRICT;

-- The index. Its words are those of our own tokenizer: overlapping pairs of CJK characters, whole words of other scripts.
CREATE VIRTUAL TABLE words USING fts5(title, body, content='entry', content_rowid='entry', tokenize='spiral_words');
