//! A byte-exact text editor for models: view, create, replace, insert, undo.
//!
//! [`Editor::run`] takes one parsed command and answers in text, or with a picture. Every change is a `splice`: so
//! many bytes out, so many in, at one place. A command finds the file (`place`) and opens it (`file`), works out the
//! splice (`commands`), and `change` applies it, saves the whole file at once (`save`) and words the answer; the
//! splice itself goes to the `journal`, where `undo_edit` finds it and turns it round, also after a restart.
//!
//! Files are bytes throughout. They become text only where a model reads them, so whatever an edit does not
//! name is the same afterwards: line endings, a byte order mark, bytes that are no UTF-8.

mod attributes;
mod change;
mod closest;
mod commands;
mod diff;
mod editor;
mod error;
mod file;
mod journal;
mod lines;
mod numbered;
mod picture;
mod place;
mod save;
mod search;
mod splice;

pub use editor::{Editor, EditorConfig};

#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod scratch;
