//! The functions that templates have beside Jinja's own: those of Python that clients' templates and tasks use. What they
//! are given was weighed, so each is at most as dear as that.

use std::cmp::Ordering;

use minijinja::{
    Environment, Error, ErrorKind, State, Value,
    value::{Kwargs, Rest, Tuple, ValueKind},
};

use super::json;

pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_global("NEWLINE", "\n");
    environment.add_global("null", Value::from(()));
    environment.add_function("abs", minijinja::filters::abs);
    environment.add_function("all", |values: Value| every(&values, true));
    environment.add_function("any", |values: Value| every(&values, false).map(|none| !none));
    environment.add_function("bool", |values: Rest<Value>| values.first().is_some_and(Value::is_true));
    environment.add_function("enumerate", enumerate);
    environment.add_function("float", float);
    environment.add_function("int", int);
    environment.add_function("len", len);
    environment.add_function("list", |values: Option<Value>| values.map_or(Ok(Vec::new()), |values| items(&values)));
    environment.add_function("map", map);
    environment
        .add_function("max", |values: Rest<Value>, options: Kwargs| extreme(&values, &options, Ordering::Greater));
    environment.add_function("min", |values: Rest<Value>, options: Kwargs| extreme(&values, &options, Ordering::Less));
    environment.add_function("reversed", |values: Value| {
        items(&values).map(|items| items.into_iter().rev().collect::<Vec<_>>())
    });
    environment.add_function("round", round);
    environment.add_function("set", set);
    environment.add_function("sorted", sorted);
    environment.add_function("str", |values: Rest<Value>| values.first().map_or_else(String::new, Value::to_string));
    environment.add_function("sum", sum);
    environment.add_function("tuple", |values: Option<Value>| {
        values.map_or(Ok(Vec::new()), |values| items(&values)).map(|items| Value::from(Tuple::from(items)))
    });
    environment.add_function("zip", zip);
    json::add(environment);
}

fn items(values: &Value) -> Result<Vec<Value>, Error> {
    values.try_iter()?.checked().collect()
}

fn wrong(words: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, words)
}

/// Whether all values are true; or none, where `truth` is false.
fn every(values: &Value, truth: bool) -> Result<bool, Error> {
    for value in values.try_iter()?.checked() {
        if value?.is_true() != truth {
            return Ok(false);
        }
    }
    Ok(true)
}

fn enumerate(values: Value, start: Option<i64>, options: Kwargs) -> Result<Vec<Value>, Error> {
    let start = start.or(options.get("start")?).unwrap_or(0);
    options.assert_all_used()?;
    let pair = |(number, value)| Value::from(Tuple::from([Value::from(number), value]));
    Ok((start..).zip(items(&values)?).map(pair).collect())
}

fn float(value: Option<Value>) -> Result<f64, Error> {
    let Some(value) = value else { return Ok(0.0) };
    match value.as_str() {
        Some(text) => {
            let text = text.trim();
            text.parse().map_err(|_| wrong(format!("could not convert string to float: {:?}", shortened(text))))
        }
        None => f64::try_from(value),
    }
}

fn int(value: Option<Value>, base: Option<u32>, options: Kwargs) -> Result<Value, Error> {
    let base = base.or(options.get("base")?);
    options.assert_all_used()?;
    let Some(value) = value else { return Ok(Value::from(0)) };
    if let Some(text) = value.as_str() {
        let base = base.unwrap_or(10);
        if !(2..=36).contains(&base) {
            return Err(wrong("the base of int() must be 2 to 36"));
        }
        let digits = text.trim();
        let (digits, prefix) = match base {
            2 => (digits, "0b"),
            8 => (digits, "0o"),
            16 => (digits, "0x"),
            _ => (digits, ""),
        };
        let digits = digits.strip_prefix(prefix).unwrap_or(digits);
        return i128::from_str_radix(digits, base)
            .map(Value::from)
            .map_err(|_| wrong(format!("invalid literal for int() with base {base}: {:?}", shortened(text))));
    }
    if base.is_some() {
        return Err(wrong("int() takes a base only with a string"));
    }
    match value.kind() {
        ValueKind::Bool => Ok(Value::from(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => Ok(value),
        ValueKind::Number => whole(f64::try_from(value)?),
        kind => Err(wrong(format!("int() takes a string or a number, not {kind}"))),
    }
}

/// A number without its fraction, as an integer.
fn whole(number: f64) -> Result<Value, Error> {
    // What is larger has no integer here.
    match number.abs() < 1e38 {
        true => Ok(Value::from(number.trunc() as i128)),
        false => Err(wrong("the number is too large for an integer")),
    }
}

fn len(value: Value) -> Result<usize, Error> {
    value.len().ok_or_else(|| wrong(format!("len() takes what has a length, not {}", value.kind())))
}

/// Python's `map`: a function, and values for each of its parameters.
fn map(state: &mut State, function: Value, values: Rest<Value>) -> Result<Vec<Value>, Error> {
    let columns = values.iter().map(items).collect::<Result<Vec<_>, _>>()?;
    let mut mapped = Vec::new();
    for row in 0..columns.iter().map(Vec::len).min().unwrap_or(0) {
        let arguments: Vec<Value> = columns.iter().map(|column| column[row].clone()).collect();
        // A call from a template would cost a step for itself and one for each value.
        state.consume_fuel(2 + arguments.len() as u64)?;
        mapped.push(function.call(state, &arguments)?);
    }
    Ok(mapped)
}

fn extreme(values: &[Value], options: &Kwargs, wanted: Ordering) -> Result<Value, Error> {
    let default: Option<Value> = options.get("default")?;
    options.assert_all_used()?;
    let all = match values {
        [only] => items(only)?,
        several => several.to_vec(),
    };
    let better = |best: Value, next: Value| if next.cmp(&best) == wanted { next } else { best };
    all.into_iter().reduce(better).or(default).ok_or_else(|| wrong("min() and max() take at least one value"))
}

/// Python's rounding: halves go to the even neighbour.
fn round(value: Value, digits: Option<i32>, options: Kwargs) -> Result<Value, Error> {
    let digits = digits.or(options.get("ndigits")?);
    options.assert_all_used()?;
    if value.is_integer() && digits.unwrap_or(0) >= 0 {
        return Ok(value);
    }
    let is_integer = value.is_integer();
    let number = f64::try_from(value)?;
    let Some(digits) = digits else { return whole(number.round_ties_even()) };
    let rounded = if digits >= 0 {
        // By way of decimal digits, as a binary fraction times a power of ten is not exact.
        format!("{number:.*}", digits.min(400) as usize).parse().unwrap_or(number)
    } else {
        let unit = 10f64.powi(digits.saturating_neg());
        if unit.is_finite() { (number / unit).round_ties_even() * unit } else { 0.0 }
    };
    if is_integer { whole(rounded) } else { Ok(Value::from(rounded)) }
}

/// The values without what is there before; sets have no type of their own here.
fn set(state: &mut State, values: Option<Value>) -> Result<Value, Error> {
    match values {
        Some(values) => {
            let exact = Kwargs::from_iter([("case_sensitive", Value::from(true))]);
            let unique = state.apply_filter("unique", &[values, Value::from(exact)])?;
            items(&unique).map(Value::from)
        }
        None => Ok(Value::from(Vec::<Value>::new())),
    }
}

fn sorted(values: Value, options: Kwargs) -> Result<Vec<Value>, Error> {
    let is_reverse: Option<bool> = options.get("reverse")?;
    options.assert_all_used()?;
    let mut sorted = items(&values)?;
    sorted.sort();
    if is_reverse == Some(true) {
        sorted.reverse();
    }
    Ok(sorted)
}

fn sum(state: &mut State, values: Value, start: Option<Value>) -> Result<Value, Error> {
    let total = state.apply_filter("sum", &[values])?;
    match start {
        Some(start) => state.apply_filter("sum", &[Value::from(vec![total, start])]),
        None => Ok(total),
    }
}

fn zip(values: Rest<Value>) -> Result<Vec<Value>, Error> {
    let columns = values.iter().map(items).collect::<Result<Vec<_>, _>>()?;
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    let row =
        |row: usize| Value::from(Tuple::from(columns.iter().map(|column| column[row].clone()).collect::<Vec<_>>()));
    Ok((0..rows).map(row).collect())
}

/// The start of a text, for an error's words.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
