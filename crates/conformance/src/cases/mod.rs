//! All cases: a folder for each tool, a file for each group.

mod bash;
mod computer;
mod editor;

use crate::case::{Case, Group};

/// Every case, tool by tool and group by group.
#[must_use]
pub fn all() -> Vec<Case> {
    let groups = bash::groups().into_iter().chain(editor::groups()).chain(computer::groups());
    groups.flat_map(Group::into_cases).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::case::Tool;

    #[test]
    fn each_tool_has_at_least_sixty_cases() {
        for tool in Tool::ALL {
            let count = all().iter().filter(|case| case.tool == tool).count();
            assert!(count >= 60, "{}: {count}", tool.name());
        }
    }

    #[test]
    fn names_are_unique_within_a_tool_and_reasons_are_sentences() {
        let mut seen = HashSet::new();
        for case in all() {
            assert!(seen.insert((case.tool, case.name)), "twice: {}", case.name);
            assert!(case.why.ends_with('.') && case.why.contains(' '), "{}: {}", case.name, case.why);
        }
    }
}
