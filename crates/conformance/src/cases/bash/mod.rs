//! Cases for the shell. Each starts in a fresh shell. What must be seen is computed by the command, so that a server
//! which repeats the command line in its answer gains nothing by it.

mod ends;
mod language;
mod limits;
mod options;
mod output;
mod parameters;
mod processes;
mod state;

use crate::case::Group;

pub(super) fn groups() -> Vec<Group> {
    vec![
        language::group(),
        state::group(),
        options::group(),
        ends::group(),
        limits::group(),
        processes::group(),
        output::group(),
        output::raw(),
        parameters::group(),
    ]
}
