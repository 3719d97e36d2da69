//! The weight of values. Fuel pays for what a step makes, but lists of lists of lists share what is in them: a few lines
//! make one that would take years to print or to compare, or that is nested deeper than the stack. So a template may
//! use no value that would be too large if it were written out.

use minijinja::{
    Environment, Error, ErrorKind, State, Value,
    functions::namespace,
    value::{Rest, ValueKind, ValueOrKwargs},
};

/// The filter that passes on what is light enough. No template can name it: the engine knows no such identifier.
pub(super) const WEIGHED: &str = "=weighed";

/// The same for what is kept where it can come to hold itself: neither a namespace nor a loop.
pub(super) const KEPT: &str = "=kept";

/// Bytes of text, and of places for what is in lists and maps, that a value may have.
const WEIGHT: usize = 4 * 1024 * 1024;

/// What a value weighs beside its text.
const PLACE: usize = 16;

/// How deep values may be within each other; JSON that was read is never deeper than 128.
const DEPTH: usize = 160;

pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter(WEIGHED, weighed);
    environment.add_filter(KEPT, kept);
    environment.add_function("namespace", new_namespace);
}

fn weighed(state: &State, value: Value) -> Result<Value, Error> {
    // What iterates lazily becomes a list, so that no work is put off to where nobody counts it.
    let value = if value.kind() == ValueKind::Iterable { listed(state, &value)? } else { value };
    Scale { left: WEIGHT, places: 0, is_kept: false }.put_on(state, &value)?;
    Ok(value)
}

fn kept(state: &State, value: Value) -> Result<Value, Error> {
    let value = weighed(state, value)?;
    Scale { left: WEIGHT, places: 0, is_kept: true }.put_on(state, &value)?;
    Ok(value)
}

/// Jinja's `namespace`. What it begins with comes under the same rule as what it is given later.
fn new_namespace(state: &mut State, values: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let mut values = values.into_values().into_iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Error::from(ErrorKind::TooManyArguments));
    }
    if let Some(first) = &first {
        Scale { left: WEIGHT, places: 0, is_kept: true }.put_on(state, first)?;
    }
    namespace(first.map(ValueOrKwargs::from))
}

fn listed(state: &State, value: &Value) -> Result<Value, Error> {
    let mut items = Vec::new();
    for item in value.try_iter()?.checked() {
        if items.len() >= WEIGHT / PLACE {
            return Err(too_large());
        }
        if items.len().is_multiple_of(2) {
            state.consume_fuel(1)?;
        }
        items.push(item?);
    }
    Ok(Value::from(items))
}

/// Something to put a value on.
struct Scale {
    left: usize,
    places: usize,
    is_kept: bool,
}

impl Scale {
    fn put_on(mut self, state: &State, value: &Value) -> Result<(), Error> {
        let weighed = self.add(value, 0);
        // Walking it is work, and what is done with it will be as much.
        state.consume_fuel((self.places / 2 + (WEIGHT - self.left) / 1024) as u64)?;
        weighed
    }

    fn add(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(Error::new(ErrorKind::InvalidOperation, "a value is nested too deep"));
        }
        let text = value.as_str().map(str::len).or_else(|| value.as_bytes().map(<[u8]>::len)).unwrap_or_default();
        self.left = self.left.checked_sub(text.saturating_add(PLACE)).ok_or_else(too_large)?;
        self.places += 1;
        match value.kind() {
            ValueKind::Map => {
                if self.is_kept && changes(value) {
                    return Err(Error::new(ErrorKind::InvalidOperation, "a namespace or loop cannot be kept here"));
                }
                let Some(pairs) = value.as_object().and_then(|object| object.try_iter_pairs()) else { return Ok(()) };
                for (key, value) in pairs {
                    self.add(&key, depth + 1)?;
                    self.add(&value, depth + 1)?;
                }
            }
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter()?.checked() {
                    self.add(&item?, depth + 1)?;
                }
            }
            ValueKind::Undefined
            | ValueKind::None
            | ValueKind::Bool
            | ValueKind::Number
            | ValueKind::String
            | ValueKind::Bytes
            | ValueKind::Plain
            | ValueKind::Invalid => {}
            // The engine may learn of others; they come to no harm here that their text would not do.
            _ => {}
        }
        Ok(())
    }
}

/// Whether an object can be changed after it was made. The engine's types can't be named here, but they name themselves.
fn changes(value: &Value) -> bool {
    let name = value.as_object().map_or("", |object| object.type_name());
    name.ends_with("::Namespace") || name.ends_with("::Loop")
}

fn too_large() -> Error {
    Error::new(ErrorKind::OutOfFuel, "a value is too large")
}
