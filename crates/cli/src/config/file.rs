//! A TOML file as a layer. What it says that means nothing is an error, all of it at once, each with its place.

use std::{
    fs, io,
    ops::Range,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use thiserror::Error;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    keys::{Form, Key, nearest},
    layer::{Given, Layer, Place},
};

/// More than any configuration that a person writes.
const LARGEST: u64 = 1 << 20;

/// A file that gives no layer.
#[derive(Debug, Error)]
pub(crate) enum FileError {
    /// It can't be read.
    #[error("the configuration `{}` cannot be read: {source}\nhint: --config takes the path of a TOML file", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// It says something that means nothing.
    #[error("the configuration has a mistake: {}\nhint: docs/serving.md has all keys", .0.join("\n       and another: "))]
    Mistakes(Vec<String>),
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Layer, FileError> {
    let text = read_bounded(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
    parse(path, &text).map_err(FileError::Mistakes)
}

/// What is to be said where others can read a file with secrets in it.
pub(crate) fn too_open(path: &Path, layer: &Layer) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let has_secret = layer.keys().any(|key| key.is_secret());
    let path = path.display();
    (has_secret && mode & 0o077 != 0).then(|| {
        format!("warning: `{path}` holds a key, and other users of this machine can read it\nhint: chmod 600 {path}")
    })
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.len() > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    fs::read_to_string(path)
}

/// Reads a file's text.
fn parse(path: &Path, text: &str) -> Result<Layer, Vec<String>> {
    let mut reader = Reader { path, text, layer: Layer::new(), mistakes: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        reader.mistake(&error.span().unwrap_or_default(), error.message());
    }
    if reader.mistakes.is_empty() {
        reader.table("", root.get_ref());
    }
    if reader.mistakes.is_empty() { Ok(reader.layer) } else { Err(reader.mistakes) }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    layer: Layer,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    /// Reads the keys of a table; `section` is empty for the file's own.
    fn table(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path =
                if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
            let is_section = Key::ALL.iter().any(|key| key.about().path.starts_with(&format!("{path}.")));
            match (Key::of_path(&path), value.get_ref()) {
                (Some(key), _) => self.value(key, value),
                (None, DeValue::Table(inner)) if is_section => self.table(&path, inner),
                (None, _) if is_section => {
                    self.mistake(&value.span(), &format!("`{path}` is a section, written [{path}]"))
                }
                (None, _) => self.unknown(&path, &name.span()),
            }
        }
    }

    fn unknown(&mut self, path: &str, span: &Range<usize>) {
        let known = Key::ALL.iter().map(|key| key.about().path);
        // A key may stand in the wrong section, or in none.
        let name = path.rsplit('.').next().unwrap_or(path);
        let of_that_name = known.clone().find(|known| known.rsplit('.').next() == Some(name));
        let meant = of_that_name.or_else(|| nearest(path, known));
        let meant = meant.map(|meant| format!("; the nearest that there is: `{meant}`")).unwrap_or_default();
        self.mistake(span, &format!("there is no key `{path}`{meant}"));
    }

    fn value(&mut self, key: Key, value: &Spanned<DeValue<'_>>) {
        let form = key.about().form;
        let texts = match (form, value.get_ref()) {
            (Form::Many(_), DeValue::Array(items)) => items.iter().map(|item| scalar(item.get_ref())).collect(),
            (Form::Many(_), _) => None,
            (Form::Switch(_), DeValue::Boolean(yes)) => Some(vec![yes.to_string()]),
            (Form::Switch(_), _) => None,
            (Form::One(_) | Form::Secret(_), value) => scalar(value).map(|text| vec![text]),
        };
        let Some(texts) = texts else {
            let path = key.about().path;
            let wanted = match form {
                Form::Many(what) => format!("a list of texts ({what})"),
                Form::Switch(_) => "true or false".to_owned(),
                Form::One(what) | Form::Secret(what) => format!("a text or a number ({what})"),
            };
            return self.mistake(&value.span(), &format!("`{path}` takes {wanted}"));
        };
        let (line, column) = self.place(value.span().start);
        let place = Place::File { file: self.path.to_owned(), line, column };
        self.layer.insert(key, Given { texts, place });
    }

    fn mistake(&mut self, span: &Range<usize>, words: &str) {
        let (line, column) = self.place(span.start);
        self.mistakes.push(format!("`{}` line {line} column {column}: {words}", self.path.display()));
    }

    /// Line and column, from 1, of a byte of the text.
    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A text or a number, as a text.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        // The reader of numbers drops underscores and knows other bases.
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Layer, Vec<String>> {
        parse(Path::new("a.toml"), text)
    }

    #[test]
    fn keys_of_all_forms_are_read() {
        let text = "listen = 8_081\nauto_run = false\n[models]\nnames = [\"openai:a\", 'openai:b']\n[sandbox]\n\
                    cpus = 0.5\nmemory = \"1g\"\n";
        let layer = parsed(text).expect("a layer");
        let texts = |key: Key| layer[&key].texts.clone();
        assert_eq!(texts(Key::Listen), ["8081"]);
        assert_eq!(texts(Key::AutoRun), ["false"]);
        assert_eq!(texts(Key::Models), ["openai:a", "openai:b"]);
        assert_eq!((texts(Key::Cpus), texts(Key::Memory)), (vec!["0.5".to_owned()], vec!["1g".to_owned()]));
        assert_eq!(layer[&Key::Memory].place.to_string(), "`a.toml` line 7 column 10");
        assert_eq!(parsed("sandbox.cpus = 1\nmodels = {base_url = 'http://x'}").expect("a layer").len(), 2);
        assert!(parsed("").expect("a layer").is_empty());
    }

    #[test]
    fn every_unknown_key_is_told_with_its_place_and_the_nearest() {
        let mistakes = parsed("# ü\nlisten = 1\nlisen = 2\n[sandbox]\n  memroy = \"1g\"\n[colours]\nred = 1\n")
            .expect_err("three");
        assert_eq!(
            mistakes,
            [
                "`a.toml` line 6 column 2: there is no key `colours`",
                "`a.toml` line 3 column 1: there is no key `lisen`; the nearest that there is: `listen`",
                "`a.toml` line 5 column 3: there is no key `sandbox.memroy`; the nearest that there is: `sandbox.memory`",
            ]
        );
    }

    #[test]
    fn a_key_in_the_wrong_section_is_told_the_right_one() {
        let mistakes = parsed("memory = '1g'\n[server]\nlisten = 1\n").expect_err("two");
        assert!(mistakes[0].ends_with("`memory`; the nearest that there is: `sandbox.memory`"), "{mistakes:?}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_told_the_right_one() {
        for (text, words) in [
            ("auto_run = \"yes\"", "line 1 column 12: `auto_run` takes true or false"),
            ("[models]\nnames = \"openai:a\"", "line 2 column 9: `models.names` takes a list of texts (PROVIDER:NAME)"),
            ("listen = true", "`listen` takes a text or a number (ADDRESS:PORT)"),
            ("sandbox = 3", "`sandbox` is a section, written [sandbox]"),
            ("listen = {a = 1}", "`listen` takes a text or a number"),
            ("hosts = [[\"a\"]]", "`hosts` takes a list of texts"),
        ] {
            let mistakes = parsed(text).expect_err(text);
            assert!(mistakes.len() == 1 && mistakes[0].contains(words), "{mistakes:?}");
        }
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_place() {
        let mistakes = parsed("listen = 1\nlisten = 2\n").expect_err("twice");
        assert!(mistakes[0].starts_with("`a.toml` line 2 column 1: "), "{mistakes:?}");
        let mistakes = parsed("\n\nlisten 8080\n").expect_err("no equals sign");
        assert!(mistakes[0].starts_with("`a.toml` line 3 column "), "{mistakes:?}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_the_cause() {
        let error = read(Path::new("/nowhere/a.toml")).expect_err("no file").to_string();
        assert!(
            error.contains("`/nowhere/a.toml`") && error.contains("No such file") && error.contains("\nhint: "),
            "{error}"
        );
        assert!(read(Path::new("/dev/null")).expect_err("no file").to_string().contains("no regular file"));
    }

    #[test]
    fn a_file_with_a_key_that_others_can_read_is_warned_about() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        let warning = |text: &str, mode: u32| {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            too_open(&path, &read(&path).expect("a layer"))
        };
        assert!(warning("api_key = '0123456789abcdef'", 0o644).is_some_and(|text| text.contains("chmod 600")));
        assert_eq!(warning("api_key = '0123456789abcdef'", 0o600), None);
        assert_eq!(warning("listen = 1", 0o644), None);
    }
}
