//! Names that the API refuses, there and back.
//!
//! A tool may be called `prüfe` here, and the API takes only `[a-zA-Z0-9_-]{1,64}`. Such a name goes out with what is
//! refused replaced and a number of its own behind it. The number comes from the name alone, so that a conversation reads
//! the same in each request, whatever other tools there are.

use std::{borrow::Cow, collections::HashMap};

use handspike_core::ModelRequest;
use handspike_types::Message;

/// Characters of a name that the API takes.
const LONGEST: usize = 64;

/// The way back for the names that a request changed.
#[derive(Debug, Default)]
pub(super) struct ToolNames {
    changed: HashMap<String, String>,
}

impl ToolNames {
    /// The names of a request's tools, and of the calls that were made before.
    pub(super) fn of(request: &ModelRequest<'_>) -> Self {
        let tools = request.tools.iter().map(|tool| tool.name.as_str());
        let calls = request.messages.iter().flat_map(|message| match message {
            Message::Assistant { tool_calls, .. } => tool_calls.as_slice(),
            Message::System { .. } | Message::User { .. } | Message::Tools { .. } => &[],
        });
        let names = tools.chain(calls.map(|call| call.name.as_str()));
        let changed = names.filter_map(|name| match tool_on_wire(name) {
            Cow::Borrowed(_) => None,
            Cow::Owned(wire) => Some((wire, name.to_owned())),
        });
        Self { changed: changed.collect() }
    }

    /// The tool's own name.
    pub(super) fn back(&self, wire: String) -> String {
        self.changed.get(&wire).cloned().unwrap_or(wire)
    }
}

/// A tool's name as the API takes it.
pub(super) fn tool_on_wire(name: &str) -> Cow<'_, str> {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=LONGEST).contains(&name.len()) && name.chars().all(is_taken) {
        return Cow::Borrowed(name);
    }
    let number = format!("_{:08x}", fnv1a(name));
    let replaced = name.chars().map(|c| if is_taken(c) { c } else { '_' });
    Cow::Owned(replaced.take(LONGEST - number.len()).collect::<String>() + &number)
}

/// A speaker's name without what the API refuses in one.
pub(super) fn speaker_on_wire(name: Option<&String>) -> Option<String> {
    let allowed = |c: char| if c.is_whitespace() || c.is_control() || "<|\\/>".contains(c) { '_' } else { c };
    let name: String = name?.chars().take(LONGEST).map(allowed).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// The 32-bit FNV-1a hash: the same everywhere and for ever, which the standard library's does not promise.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_api_takes_is_left_alone() {
        for name in ["bash", "str_replace-2", &"x".repeat(64)] {
            assert_eq!(tool_on_wire(name), name);
        }
    }

    #[test]
    fn a_name_that_the_api_refuses_gets_another_of_its_own() {
        let refused = ["prüfe", "prafe.", "", "a b", "a.b", "a:b", "搜索", "検索", &"x".repeat(65), &"x".repeat(66)];
        let wire: Vec<String> = refused.iter().map(|name| tool_on_wire(name).into_owned()).collect();
        for (index, name) in wire.iter().enumerate() {
            assert!((1..=64).contains(&name.len()) && tool_on_wire(name) == *name, "{name}");
            assert!(!wire[..index].contains(name), "{name}");
        }
        assert!(wire[0].starts_with("pr_fe_"), "{wire:?}");
    }
}
