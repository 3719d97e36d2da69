-- Calls that somebody has to allow first. One waits until somebody has decided, or until its turn has ended; the body is
-- what is told of it.
CREATE TABLE approvals (
    id TEXT PRIMARY KEY NOT NULL,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    waits BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX approvals_session ON approvals (session, call_id);
CREATE INDEX approvals_turn ON approvals (turn);
