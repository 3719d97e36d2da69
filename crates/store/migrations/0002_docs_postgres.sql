-- What documents are found by. Their pieces are a table, with an index of the words in them. The words are split before
-- they come here, so PostgreSQL's own parser and dictionaries have no part in it.

CREATE TABLE doc_chunks (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    doc TEXT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    words TEXT NOT NULL,
    word_index TSVECTOR GENERATED ALWAYS AS (CAST(words AS TSVECTOR)) STORED
);
CREATE UNIQUE INDEX doc_chunks_doc ON doc_chunks (doc, position);
CREATE INDEX doc_chunks_owner ON doc_chunks (owner);
CREATE INDEX doc_chunks_words ON doc_chunks USING GIN (word_index);
