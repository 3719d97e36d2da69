//! What of a conversation is sent: as much as fits, cut where a provider accepts it, and seldom.
//!
//! A [`Window`] is fed from the newest entry backwards and says when it has enough, so that a turn costs what is kept and
//! not what was ever said. What it costs is an [estimate](tokens_of_message). What was cut may be [put more
//! shortly](Summary) by the model.

mod cut;
mod summary;
mod tokens;
mod window;

pub use cut::Speaker;
pub use summary::{SUMMARY_PROMPT, Summary};
pub use tokens::{tokens_of_message, tokens_of_text, tokens_of_tools};
pub use window::{Entry, Fitted, Overflow, Shortened, TooLong, Window};
