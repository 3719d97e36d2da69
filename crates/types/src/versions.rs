//! The published versions of the tools, and which of them belong together.
//!
//! A version is a thin matter: it decides which parameters are read and how an answer is worded. What is then done is
//! the same for all of them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::quoted;

/// Declares a tool's versions, oldest first, in their wire spelling.
macro_rules! versions {
    ($(#[$docs:meta])* $name:ident { $($version:ident = $wire:literal),+ $(,)? }) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "a version is its date")]
        pub enum $name {
            $(#[serde(rename = $wire)] $version),+
        }

        impl $name {
            /// All versions, oldest first.
            pub const ALL: &'static [Self] = &[$(Self::$version),+];

            /// The date that names the version, for example `20241022`.
            #[must_use]
            pub const fn date(self) -> &'static str {
                match self { $(Self::$version => $wire),+ }
            }

            /// The newest version that there was at a date.
            fn as_of(date: &str) -> Option<Self> {
                Self::ALL.iter().rev().copied().find(|version| version.date() <= date)
            }
        }
    };
}

versions! {
    /// Versions of the shell tool. They differ in nothing but their name.
    BashVersion { V20241022 = "20241022", V20250124 = "20250124" }
}

versions! {
    /// Versions of the editor tool.
    EditorVersion {
        V20241022 = "20241022",
        V20250124 = "20250124",
        V20250429 = "20250429",
        V20250728 = "20250728",
    }
}

versions! {
    /// Versions of the desktop tool; the last is a set of tools, one for each action.
    ComputerVersion {
        V20241022 = "20241022",
        V20250124 = "20250124",
        V20251124 = "20251124",
        V20260801 = "20260801",
    }
}

/// One version of each tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ToolVersions {
    pub bash: BashVersion,
    pub editor: EditorVersion,
    pub computer: ComputerVersion,
}

impl ToolVersions {
    /// For models that know none of these tools and read their schemas: the richest versions that are one tool each.
    pub const SCHEMAS: Self =
        Self { bash: BashVersion::V20250124, editor: EditorVersion::V20250124, computer: ComputerVersion::V20251124 };

    /// As of 20250124: the tools that MCP clients know best.
    pub const BEST_KNOWN: Self =
        Self { bash: BashVersion::V20250124, editor: EditorVersion::V20250124, computer: ComputerVersion::V20250124 };

    /// The dates at which a version came out.
    pub const DATES: [&'static str; 6] = ["20241022", "20250124", "20250429", "20250728", "20251124", "20260801"];

    /// What is to be tried after a provider said that it does not support these: the computer's next older version,
    /// with the editor that belongs to it.
    #[must_use]
    pub fn step_down(self) -> Option<Self> {
        let older = ComputerVersion::ALL.iter().rev().copied().find(|version| *version < self.computer)?;
        let (bash, editor) = match older {
            ComputerVersion::V20241022 => (BashVersion::V20241022, EditorVersion::V20241022),
            ComputerVersion::V20250124 | ComputerVersion::V20251124 | ComputerVersion::V20260801 => {
                (self.bash, self.editor)
            }
        };
        Some(Self { bash, editor, computer: older })
    }
}

impl Default for ToolVersions {
    fn default() -> Self {
        Self::SCHEMAS
    }
}

/// A date at which no version came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVersion(String);

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dates = ToolVersions::DATES.join(", ");
        write!(f, "there is no tools version {}\nhint: the versions are {dates}", quoted(&self.0))
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for ToolVersions {
    type Err = UnknownVersion;

    /// The tools as they were at a date on which one of them came out.
    fn from_str(date: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion(date.to_owned());
        if !Self::DATES.contains(&date) {
            return Err(unknown());
        }
        Ok(Self {
            bash: BashVersion::as_of(date).ok_or_else(unknown)?,
            editor: EditorVersion::as_of(date).ok_or_else(unknown)?,
            computer: ComputerVersion::as_of(date).ok_or_else(unknown)?,
        })
    }
}

#[cfg(test)]
impl ToolVersions {
    /// The newest of everything.
    pub(crate) const NEWEST: Self =
        Self { bash: BashVersion::V20250124, editor: EditorVersion::V20250728, computer: ComputerVersion::V20260801 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_names_the_tools_as_they_were_then() {
        let at = |date: &str| date.parse::<ToolVersions>().expect("a version");
        assert_eq!(at("20241022").editor, EditorVersion::V20241022);
        assert_eq!(at("20250429").computer, ComputerVersion::V20250124);
        assert_eq!(at("20251124").editor, EditorVersion::V20250728);
        assert_eq!(at("20260801"), ToolVersions::NEWEST);
        assert!("20250101".parse::<ToolVersions>().expect_err("no version").to_string().contains("20250124"));
    }

    #[test]
    fn stepping_down_ends_at_the_first_versions() {
        let mut versions = ToolVersions::NEWEST;
        let mut steps = 0;
        while let Some(older) = versions.step_down() {
            assert!(older.computer < versions.computer);
            (versions, steps) = (older, steps + 1);
        }
        assert_eq!((versions, steps), ("20241022".parse().expect("a version"), 3));
    }
}
