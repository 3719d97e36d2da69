//! Cases for the desktop. What is done is seen in the server's own pictures, and by an xterm that the server's shell
//! starts: it records what reaches it.

mod clicks;
mod keys;
mod newer;
mod parameters;
mod pointer;
mod screen;
mod timing;
mod toolset;
mod typing;

use crate::case::Group;

pub(super) fn groups() -> Vec<Group> {
    vec![
        screen::group(),
        pointer::group(),
        typing::group(),
        keys::group(),
        keys::aliases(),
        clicks::group(),
        newer::group(),
        newer::lasting(),
        timing::group(),
        parameters::group(),
        parameters::newer(),
        toolset::group(),
        toolset::batches(),
    ]
}
