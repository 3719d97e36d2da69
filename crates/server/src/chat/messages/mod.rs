//! Messages between the words of the API and those of the loop: `read` goes one way, `write` the other, and `calls` does
//! both for calls.

mod calls;
mod read;
mod write;

pub(crate) use read::{Reader, left_out};
pub(crate) use write::{answer, call, kind_word, result, said};
