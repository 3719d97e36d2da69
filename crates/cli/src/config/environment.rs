//! The environment as a layer. An empty variable says nothing, as is the custom.

use std::ffi::OsString;

use super::{
    FILE_VARIABLE,
    keys::{Form, Key, nearest},
    layer::{Given, Layer, Place},
};

/// Variables of the program that are no keys.
const OTHERS: [&str; 3] = [FILE_VARIABLE, "HANDSPIKE_GUEST", "HANDSPIKE_BIN"];

/// Reads variables, and notes those that nobody reads though they look as if somebody did.
pub(crate) fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> (Layer, Vec<String>) {
    let (mut layer, mut notes) = (Layer::new(), Vec::new());
    for (name, value) in variables {
        // What is not text is none of ours.
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        match Key::ALL.iter().find(|key| key.about().variable == name) {
            Some(key) if !value.is_empty() => {
                let texts = match key.about().form {
                    Form::Many(_) => value.split(',').map(|part| part.trim().to_owned()).collect(),
                    Form::One(_) | Form::Switch(_) | Form::Secret(_) => vec![value.to_owned()],
                };
                layer.insert(*key, Given { texts, place: Place::Variable(key.about().variable) });
            }
            None if name.starts_with("HANDSPIKE_") && !OTHERS.contains(&name) => {
                let known = Key::ALL.iter().map(|key| key.about().variable).chain(OTHERS);
                let meant = nearest(name, known).map(|meant| format!("; {meant} is")).unwrap_or_default();
                notes.push(format!("warning: the variable {name} is not read{meant}"));
            }
            Some(_) | None => {}
        }
    }
    (layer, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> (Layer, Vec<String>) {
        read(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn variables_are_read_and_lists_split() {
        let (layer, notes) =
            read_all(&[("HANDSPIKE_MODELS", "openai:a, openai:b"), ("OPENAI_BASE_URL", ""), ("PATH", "/bin")]);
        assert_eq!(layer.keys().collect::<Vec<_>>(), [&Key::Models]);
        assert_eq!(layer[&Key::Models].texts, ["openai:a", "openai:b"]);
        assert_eq!(layer[&Key::Models].place.to_string(), "HANDSPIKE_MODELS");
        assert!(notes.is_empty());
    }

    #[test]
    fn a_variable_that_nobody_reads_is_noted() {
        let (_, notes) = read_all(&[("HANDSPIKE_LISTN", "1"), ("HANDSPIKE_GUEST", "/x"), ("HANDSPIKE_QQQ", "")]);
        assert_eq!(notes[0], "warning: the variable HANDSPIKE_LISTN is not read; HANDSPIKE_LISTEN is");
        assert!(notes[1].starts_with("warning: the variable HANDSPIKE_QQQ is not read") && notes.len() == 2);
    }
}
