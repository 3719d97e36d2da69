-- What names this store, and whatever serves it, from its making on. There is one row.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY NOT NULL,
    id TEXT NOT NULL
);
