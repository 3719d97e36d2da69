//! What is wrong with a session though its shape is right.

/// Refusals of a session's body that are answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// No agent takes part.
    #[error("At least one agent must be provided")]
    NoAgent,
    /// One agent and several were given.
    #[error("Only one of 'agent' or 'agents' should be provided")]
    AgentAndAgents,
    /// One user and several were given.
    #[error("Only one of 'user' or 'users' should be provided")]
    UserAndUsers,
    /// There is no such agent or user.
    #[error("The specified participant ID is invalid for the given participant type during create")]
    NoSuchParticipant,
    /// The situation has no text.
    #[error("The situation must not be blank; leave it out or set it to null")]
    BlankSituation,
    /// The system template has no text.
    #[error("The system template must not be blank; leave it out or set it to null")]
    BlankSystemTemplate,
}
