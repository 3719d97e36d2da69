//! The images by name, and the tags that they have.

use std::fmt;

use super::inputs;

/// An image of Handspike's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Bash and the usual tools.
    Base,
    /// The base with an X server, a window manager, a browser and fonts.
    Desktop,
}

impl BuiltIn {
    /// All of them, each after what it is built on.
    pub const ALL: [Self; 2] = [Self::Base, Self::Desktop];

    /// This image after those that it is built on, in the order of their building.
    pub(super) fn with_parents(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().take_while(move |image| *image != self).chain([self])
    }

    /// The image of a short name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|image| image.name() == name)
    }

    /// Its short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Desktop => "desktop",
        }
    }

    /// Its tag: the name and a hash of everything that goes into it.
    #[must_use]
    pub fn tag(self) -> String {
        format!("handspike/{}:{}", self.name(), inputs::hash(self))
    }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
