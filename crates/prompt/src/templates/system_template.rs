//! The system template of agents that have none of their own.

/// Who the agent is, to whom it talks, the situation, its instructions and the documents that were found.
pub const SYSTEM_TEMPLATE: &str = include_str!("system_template.jinja");
