//! Documents, and finding them by the words in them.
//!
//! A document is a record with [pieces](Store::create_doc). The words of each piece are split, folded and kept here, in one
//! way for both databases, which only keep an index of them: FTS5's, or a GIN index. What a search gets out of it are the
//! pieces that have some of the wanted words, the likeliest first; which of them fit best is then [computed](rank) from
//! what stands in them. So the databases agree on what is found.
//!
//! A word is wanted in all its forms: its stem, in the language of the search, is what the words of a piece may begin
//! with. Where too little is found that way, words that are spelt alike will do.

mod docs;
mod rank;
mod snippet;
mod statement;
mod stop_words;
mod wanted;
mod words;

pub use docs::{Found, Search};
