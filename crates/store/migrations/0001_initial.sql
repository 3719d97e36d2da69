-- Both databases run this file, so it keeps to TEXT and BIGINT and to what they share. Ids are UUIDs in text, times are
-- microseconds since the Unix epoch, flags are 0 or 1, and bodies are JSON in text, kept as they were written.

CREATE TABLE resources (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    parent TEXT REFERENCES resources (id) ON DELETE CASCADE,
    name TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    body TEXT NOT NULL
);
-- A NULL is unlike every other, so records without a name don't collide; records without a parent must.
CREATE UNIQUE INDEX resources_name ON resources (kind, COALESCE(parent, ''), name);
CREATE INDEX resources_created ON resources (kind, created_at, id);
CREATE INDEX resources_updated ON resources (kind, updated_at, id);
CREATE INDEX resources_parent ON resources (parent, kind, created_at);

-- The leaves of each record's metadata, which lists are filtered by.
CREATE TABLE metadata_leaves (
    resource TEXT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, path, value)
);
CREATE INDEX metadata_leaves_value ON metadata_leaves (path, value);

-- What a session is besides a resource: the last numbers given to its entries and events, which are never given again.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    last_entry BIGINT NOT NULL DEFAULT 0,
    last_event BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE participants (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    position BIGINT NOT NULL,
    participant TEXT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    PRIMARY KEY (session, kind, position)
);
CREATE INDEX participants_participant ON participants (participant);

CREATE TABLE turns (
    id TEXT PRIMARY KEY NOT NULL,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    opened_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at BIGINT,
    plan TEXT,
    outcome TEXT,
    detail TEXT,
    after_entry BIGINT NOT NULL,
    steps BIGINT NOT NULL DEFAULT 0,
    input_tokens BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0
);
-- One turn at a time: the database refuses a second open one.
CREATE UNIQUE INDEX turns_open ON turns (session) WHERE ended_at IS NULL;
CREATE INDEX turns_session ON turns (session, started_at);

CREATE TABLE calls (
    turn TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    position BIGINT NOT NULL,
    request TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    result TEXT,
    PRIMARY KEY (turn, id)
);

CREATE TABLE entries (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    id TEXT NOT NULL,
    turn TEXT,
    source TEXT NOT NULL,
    role TEXT NOT NULL,
    body TEXT NOT NULL,
    token_count BIGINT,
    created_at BIGINT NOT NULL,
    failed BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (session, seq)
);
CREATE UNIQUE INDEX entries_id ON entries (id);

CREATE TABLE events (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session, seq)
);
CREATE INDEX events_at ON events (at);

-- What names this store, and whatever serves it, from its making on. There is one row.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY NOT NULL,
    id TEXT NOT NULL
);

-- Outlives its session: a container is there until somebody has removed it.
CREATE TABLE sandboxes (
    session TEXT PRIMARY KEY NOT NULL,
    container TEXT NOT NULL,
    state TEXT NOT NULL,
    last_used BIGINT NOT NULL
);
CREATE INDEX sandboxes_last_used ON sandboxes (last_used);

CREATE TABLE blobs (
    hash TEXT PRIMARY KEY NOT NULL,
    size BIGINT NOT NULL,
    stored_at BIGINT NOT NULL
);

-- Who needs a blob: an entry of a session, or (entry 0) a resource itself.
CREATE TABLE blob_uses (
    hash TEXT NOT NULL REFERENCES blobs (hash),
    resource TEXT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    entry BIGINT NOT NULL,
    PRIMARY KEY (hash, resource, entry)
);
CREATE INDEX blob_uses_resource ON blob_uses (resource, entry);
