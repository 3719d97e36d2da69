//! The commands, one file each: check what is asked, work out the change, hand it on.

pub(crate) mod create;
pub(crate) mod insert;
pub(crate) mod str_replace;
pub(crate) mod undo_edit;
pub(crate) mod view;
mod view_folder;
