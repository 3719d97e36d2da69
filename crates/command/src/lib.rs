//! What running commands takes, whoever runs them.
//!
//! A [`Keeper`] is the parent of a command's first process and adopts all that the command orphans, so whatever was ever
//! started is below it. A [`Tree`] signals such processes and knows when they are gone. A [`Window`] holds a text of any
//! length in bounded memory. `handspike-bash` builds a shell of these, `handspike-terminal` commands on terminals.

mod busy;
mod children;
mod keeper;
mod pty;
mod shed;
mod tree;
mod window;

pub use busy::any_is_busy_below;
pub use children::{Pids, children_of};
pub use keeper::{Death, Keeper, Setting};
pub use pty::open_pty;
pub use tree::{Tree, has_ended, wait_for_end};
pub use window::{View, Window};
