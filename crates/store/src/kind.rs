//! The kinds of record. The store treats them alike, but for a session, which has a history besides.

use std::fmt;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A persona with a model, instructions and tools.
    Agent,
    /// A person whom sessions are about.
    User,
    /// A conversation of agents and users.
    Session,
    /// Something an agent may call; its parent is the agent.
    Tool,
    /// A label that other records are grouped by.
    Project,
    /// Work that goes on behind a request.
    Job,
    /// A text to recall from; its parent is an agent or a user.
    Doc,
    /// A workflow; its parent is an agent.
    Task,
    /// A run of a task, which is its parent.
    Execution,
    /// Something to keep to oneself. The store keeps what it is given: encrypt it before.
    Secret,
    /// Bytes with a name.
    File,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Agent,
        Self::User,
        Self::Session,
        Self::Tool,
        Self::Project,
        Self::Job,
        Self::Doc,
        Self::Task,
        Self::Execution,
        Self::Secret,
        Self::File,
    ];

    /// The word for it in the database and in errors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::User => "user",
            Self::Session => "session",
            Self::Tool => "tool",
            Self::Project => "project",
            Self::Job => "job",
            Self::Doc => "doc",
            Self::Task => "task",
            Self::Execution => "execution",
            Self::Secret => "secret",
            Self::File => "file",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
