//! What a model is told: [templates](Templates), and the part of a conversation that fits a budget.
//!
//! Nothing here waits, and nothing knows of HTTP or SQL: the engine of a server brings names and messages, and takes text
//! and messages back.

mod context;
mod templates;

pub use context::{
    Entry, Fitted, Overflow, SUMMARY_PROMPT, Shortened, Speaker, Summary, TooLong, Window, tokens_of_message,
    tokens_of_text, tokens_of_tools,
};
pub use templates::{OUTPUT_LIMIT, SYSTEM_TEMPLATE, TEMPLATE_LIMIT, TemplateError, Templates};
