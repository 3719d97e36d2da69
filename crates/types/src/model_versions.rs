//! Which versions of the tools a model knows: one table, kept up to date by hand. As of 2026-11, from the vendor's
//! documentation of its computer-use tool.

use crate::{BashVersion, ComputerVersion, EditorVersion, ToolVersions};

/// The computer's version and, by the beginning of a model's id, who takes it. The first match counts, so that a longer
/// beginning stands before a shorter one.
const COMPUTER: &[(&str, ComputerVersion)] = &[
    ("claude-3-5-sonnet", ComputerVersion::V20241022),
    ("claude-3-7-sonnet", ComputerVersion::V20250124),
    ("claude-sonnet-4-5", ComputerVersion::V20250124),
    ("claude-haiku-4-5", ComputerVersion::V20250124),
    ("claude-sonnet-4-6", ComputerVersion::V20251124),
    ("claude-opus-4-5", ComputerVersion::V20251124),
    ("claude-opus-4-6", ComputerVersion::V20251124),
    ("claude-opus-4-7", ComputerVersion::V20251124),
    ("claude-opus-4-8", ComputerVersion::V20260801),
    ("claude-sonnet-4", ComputerVersion::V20250124),
    ("claude-opus-4", ComputerVersion::V20250124),
];

/// The versions for a model of the vendor whose tools these are; the newest for one that is not in the table.
#[must_use]
pub fn versions_for_model(model: &str) -> ToolVersions {
    let known = COMPUTER.iter().find(|(beginning, _)| model.starts_with(beginning));
    let computer = known.map_or(ComputerVersion::V20260801, |(_, version)| *version);
    let (bash, editor) = match computer {
        ComputerVersion::V20241022 => (BashVersion::V20241022, EditorVersion::V20241022),
        ComputerVersion::V20250124 if model.starts_with("claude-3-7") => {
            (BashVersion::V20250124, EditorVersion::V20250124)
        }
        ComputerVersion::V20250124 | ComputerVersion::V20251124 | ComputerVersion::V20260801 => {
            (BashVersion::V20250124, EditorVersion::V20250728)
        }
    };
    ToolVersions { bash, editor, computer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_gets_the_versions_that_it_knows() {
        let old = versions_for_model("claude-3-5-sonnet-20241022");
        assert_eq!(old, "20241022".parse().expect("a version"));
        assert_eq!(versions_for_model("claude-3-7-sonnet-20250219").editor, EditorVersion::V20250124);
        assert_eq!(versions_for_model("claude-sonnet-4-5-20250929").computer, ComputerVersion::V20250124);
        assert_eq!(versions_for_model("claude-opus-4-7").computer, ComputerVersion::V20251124);
        assert_eq!(versions_for_model("claude-sonnet-4-20250514").computer, ComputerVersion::V20250124);
    }

    #[test]
    fn an_unknown_model_starts_with_the_newest() {
        assert_eq!(versions_for_model("claude-opus-9"), ToolVersions::NEWEST);
    }
}
