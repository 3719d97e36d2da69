//! The effective configuration, in the form of a file, with where each value comes from.

use super::{
    keys::{Form, Key},
    layer::Layers,
    settings::Settings,
};

/// Writes what is in force. Secrets are `***`.
pub(crate) fn show(settings: &Settings, layers: &Layers) -> String {
    let mut text = String::new();
    let mut section = "";
    for key in Key::ALL {
        let about = key.about();
        let (of, name) = about.path.split_once('.').unwrap_or(("", about.path));
        if of != section {
            text.push_str(&format!("\n[{of}]\n"));
            section = of;
        }
        let origin = layers.get(*key).map_or_else(|| "default".to_owned(), |given| given.place.to_string());
        let line = match settings.texts(*key) {
            Some(texts) => format!("{name} = {}", value(about.form, &texts)),
            None => format!("# {name}: {}", about.usual),
        };
        text.push_str(&format!("{line:48} # {origin}\n"));
    }
    text
}

fn value(form: Form, texts: &[String]) -> String {
    match (form, texts) {
        (Form::Many(_), texts) => format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
        (Form::Switch(_), [text]) => text.clone(),
        (Form::One(_), [text]) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.clone(),
        (_, texts) => texts.iter().map(|text| quoted(text)).collect(),
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_toml_wants_it() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
        assert_eq!(value(Form::Many("X"), &["a".to_owned(), "b".to_owned()]), r#"["a", "b"]"#);
        assert_eq!(value(Form::Many("X"), &[]), "[]");
        assert_eq!(value(Form::One("N"), &["16".to_owned()]), "16");
    }
}
