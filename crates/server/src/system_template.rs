//! The system template of agents that have none of their own.

/// Who the agent is, to whom it talks, the situation, its instructions and the documents that were found. It is written
/// for an environment that takes away a block's own line (`trim_blocks`, `lstrip_blocks`).
pub const SYSTEM_TEMPLATE: &str = include_str!("system_template.jinja");
