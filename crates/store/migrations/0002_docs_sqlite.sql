-- What documents are found by. Their pieces are a table, and FTS5 has an index of the words in them; the table's triggers
-- keep the two together, also where a piece goes because its document or its owner does.

CREATE TABLE doc_chunks (
    id INTEGER PRIMARY KEY NOT NULL,
    doc TEXT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE UNIQUE INDEX doc_chunks_doc ON doc_chunks (doc, position);
CREATE INDEX doc_chunks_owner ON doc_chunks (owner);

-- Words are split before they come here: all that is not a space between them is theirs, and they are in ASCII's sense
-- alphanumeric, so the simplest tokenizer takes them as they are.
CREATE VIRTUAL TABLE doc_index USING fts5 (words, content = 'doc_chunks', content_rowid = 'id', tokenize = 'ascii');
CREATE VIRTUAL TABLE doc_words USING fts5vocab (doc_index, 'row');

CREATE TRIGGER doc_chunks_added AFTER INSERT ON doc_chunks BEGIN
    INSERT INTO doc_index (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER doc_chunks_removed AFTER DELETE ON doc_chunks BEGIN
    INSERT INTO doc_index (doc_index, rowid, words) VALUES ('delete', old.id, old.words);
END;
