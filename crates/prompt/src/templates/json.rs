//! JSON in templates: `json.dumps`, `json.loads`, their older names, and Jinja's `tojson`.

use std::{io, sync::Arc};

use minijinja::{
    Environment, Error, ErrorKind, State, Value, filters,
    value::{Kwargs, Object, ObjectRepr, Serde, from_args},
};
use serde::Serialize as _;
use serde_json::ser::Formatter;

/// Spaces that a level may be indented by.
const INDENT: usize = 16;

pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_global("json", Value::from_object(Json));
    environment.add_function("dump_json", dumps);
    environment.add_function("load_json", loads);
    environment.add_filter("tojson", |value: &Value, indent: Option<Value>, options: Kwargs| {
        let asked: Option<Value> = match &indent {
            Some(indent) => Some(indent.clone()),
            None => options.peek("indent")?,
        };
        checked_indent(asked.as_ref())?;
        filters::tojson(value, indent, options)
    });
}

/// Python's module, as far as a template has a use for it.
#[derive(Debug)]
struct Json;

impl Object for Json {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, values: &[Value]) -> Result<Value, Error> {
        match method {
            "dumps" => {
                let (value, options) = from_args(values)?;
                dumps(state, value, options).map(Value::from)
            }
            "loads" => {
                let (text,) = from_args(values)?;
                loads(state, text)
            }
            _ => Err(Error::new(ErrorKind::UnknownMethod, "json has dumps and loads")),
        }
    }
}

fn loads(state: &State, text: String) -> Result<Value, Error> {
    // A place in a list takes many times the bytes that it is written with.
    state.consume_fuel(text.len() as u64 / 8)?;
    let failed =
        |error: serde_json::Error| Error::new(ErrorKind::InvalidOperation, format!("this is no JSON: {error}"));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(failed)?;
    Ok(Value::from(Serde(value)))
}

fn dumps(state: &State, value: Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<Value> = options.get("indent")?;
    let indent = checked_indent(indent.as_ref())?;
    let is_ascii: Option<bool> = options.get("ensure_ascii")?;
    let is_sorted: Option<bool> = options.get("sort_keys")?;
    options.assert_all_used()?;
    let failed = |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let mut value = serde_json::to_value(&value).map_err(failed)?;
    if is_sorted == Some(true) {
        value.sort_all_objects();
    }
    let mut bytes = Vec::new();
    let python = Python { indent, depth: 0, is_empty: true, is_ascii: is_ascii.unwrap_or(true) };
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, python)).map_err(failed)?;
    state.consume_fuel(bytes.len() as u64 / 8)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How far levels are indented, if at all.
fn checked_indent(asked: Option<&Value>) -> Result<Option<usize>, Error> {
    let wrong = || Error::new(ErrorKind::InvalidOperation, format!("JSON is indented by a number of at most {INDENT}"));
    match asked {
        None => Ok(None),
        Some(asked) if asked.is_none() || asked.is_undefined() => Ok(None),
        Some(asked) => match bool::try_from(asked.clone()) {
            Ok(yes) => Ok(yes.then_some(2)),
            Err(_) => asked.as_usize().filter(|indent| *indent <= INDENT).map(Some).ok_or_else(wrong),
        },
    }
}

/// JSON as Python writes it: a space after commas and colons, and nothing beyond ASCII unless that is asked for.
struct Python {
    indent: Option<usize>,
    depth: usize,
    is_empty: bool,
    is_ascii: bool,
}

impl Python {
    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.is_empty = true;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if !self.is_empty {
            self.line(writer)?;
        }
        self.is_empty = false;
        writer.write_all(bracket)
    }

    fn part<W: ?Sized + io::Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        self.is_empty = false;
        match (is_first, self.indent) {
            (true, _) => {}
            (false, None) => writer.write_all(b", ")?,
            (false, Some(_)) => writer.write_all(b",")?,
        }
        self.line(writer)
    }

    fn line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let Some(indent) = self.indent else { return Ok(()) };
        write!(writer, "\n{:width$}", "", width = indent * self.depth)
    }
}

impl Formatter for Python {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        self.part(writer, is_first)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        self.part(writer, is_first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !self.is_ascii || fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for character in fragment.chars() {
            if character.is_ascii() {
                write!(writer, "{character}")?;
            } else {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
