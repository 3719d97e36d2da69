//! Python's methods of strings, lists and dictionaries. Most are minijinja's own imitation; here are those that it lacks,
//! and the one that makes more text than it is given.

use minijinja::{
    Error, ErrorKind, State, Value,
    formatting::{FormatStyle, format},
    value::{Tuple, ValueKind, from_args},
};
use minijinja_contrib::pycompat::unknown_method_callback;

/// Characters that a text may be padded to, or that a number may have behind its point.
const WIDTH: usize = 1000;

pub(super) fn call(state: &mut State, value: &Value, method: &str, values: &[Value]) -> Result<Value, Error> {
    let own = match value.kind() {
        ValueKind::String => of_text(value.as_str().unwrap_or_default(), method, values)?,
        ValueKind::Seq => of_list(value, method, values)?,
        ValueKind::Map if method == "copy" => Some(value.clone()),
        _ => None,
    };
    match own {
        Some(own) => Ok(own),
        None => unknown_method_callback(state, value, method, values),
    }
}

fn of_text(text: &str, method: &str, values: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(match method {
        "format" => {
            check_widths(text)?;
            Value::from(format(FormatStyle::StrFormat, text, values)?)
        }
        "center" | "ljust" | "rjust" => {
            let (width, fill): (usize, Option<&str>) = from_args(values)?;
            let free = free(text, width)?;
            let left = match method {
                "ljust" => 0,
                "rjust" => free,
                // As Python does it: the odd one goes to the left where the width is odd, too.
                _ => free / 2 + (free & width & 1),
            };
            let fill = fill.unwrap_or(" ");
            Value::from(format!("{}{text}{}", fill.repeat(left), fill.repeat(free - left)))
        }
        "zfill" => {
            let (width,): (usize,) = from_args(values)?;
            let zeros = "0".repeat(free(text, width)?);
            match text.strip_prefix(['+', '-']) {
                Some(digits) => Value::from(format!("{}{zeros}{digits}", &text[..1])),
                None => Value::from(zeros + text),
            }
        }
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(values)?;
            Value::from(text.strip_prefix(prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(values)?;
            Value::from(text.strip_suffix(suffix).unwrap_or(text))
        }
        "partition" => {
            let (separator,): (&str,) = from_args(values)?;
            match text.split_once(separator) {
                Some((before, after)) => tuple([before, separator, after]),
                None => tuple([text, "", ""]),
            }
        }
        "rpartition" => {
            let (separator,): (&str,) = from_args(values)?;
            match text.rsplit_once(separator) {
                Some((before, after)) => tuple([before, separator, after]),
                None => tuple(["", "", text]),
            }
        }
        "rsplit" => {
            let (separator, count): (Option<&str>, Option<i64>) = from_args(values)?;
            let parts = usize::try_from(count.unwrap_or(-1)).map_or(usize::MAX, |count| count.saturating_add(1));
            let mut parts = match separator {
                Some("") => return Err(wrong("the separator is empty")),
                Some(separator) => text.rsplitn(parts, separator).map(Value::from).collect::<Vec<_>>(),
                None => split_at_spaces_from_the_end(text, parts),
            };
            parts.reverse();
            Value::from(parts)
        }
        "index" | "rindex" => {
            let (part,): (&str,) = from_args(values)?;
            let place = if method == "index" { text.find(part) } else { text.rfind(part) };
            Value::from(text[..place.ok_or_else(|| wrong("the text is not in it"))?].chars().count())
        }
        "casefold" => {
            let () = from_args(values)?;
            Value::from(text.to_lowercase())
        }
        "swapcase" => {
            let () = from_args(values)?;
            let swap = |character: char| -> Vec<char> {
                if character.is_uppercase() {
                    character.to_lowercase().collect()
                } else {
                    character.to_uppercase().collect()
                }
            };
            Value::from(text.chars().flat_map(swap).collect::<String>())
        }
        "isdecimal" => {
            let () = from_args(values)?;
            Value::from(!text.is_empty() && text.chars().all(|character| character.is_ascii_digit()))
        }
        "istitle" => {
            let () = from_args(values)?;
            Value::from(text.chars().any(char::is_uppercase) && text == minijinja::filters::title(text.into()))
        }
        _ => return Ok(None),
    }))
}

fn of_list(list: &Value, method: &str, values: &[Value]) -> Result<Option<Value>, Error> {
    match method {
        "index" => {
            let (wanted,): (&Value,) = from_args(values)?;
            for (index, item) in list.try_iter()?.checked().enumerate() {
                if item? == *wanted {
                    return Ok(Some(Value::from(index)));
                }
            }
            Err(wrong("the value is not in the list"))
        }
        "copy" => {
            let () = from_args(values)?;
            Ok(Some(list.clone()))
        }
        _ => Ok(None),
    }
}

fn wrong(words: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, words)
}

fn tuple(parts: [&str; 3]) -> Value {
    Value::from(Tuple::from(parts.map(Value::from)))
}

/// Characters that a text lacks to a width.
fn free(text: &str, width: usize) -> Result<usize, Error> {
    if width > WIDTH {
        return Err(wrong("texts are padded to at most 1000 characters"));
    }
    Ok(width.saturating_sub(text.chars().count()))
}

/// The last parts first.
fn split_at_spaces_from_the_end(text: &str, parts: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        match rest.rsplit_once(char::is_whitespace).filter(|_| found.len() + 1 < parts) {
            Some((before, last)) => {
                found.push(Value::from(last));
                rest = before.trim_end();
            }
            None => {
                found.push(Value::from(rest));
                break;
            }
        }
    }
    found
}

/// Refuses a format that pads without bound. A width is written in the braces, or in braces within them.
fn check_widths(text: &str) -> Result<(), Error> {
    let (mut depth, mut number) = (0usize, 0usize);
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        number = match character.to_digit(10) {
            Some(digit) if depth > 0 => number.saturating_mul(10).saturating_add(digit as usize),
            _ => 0,
        };
        if number > WIDTH {
            return Err(wrong("texts are padded to at most 1000 characters"));
        }
    }
    Ok(())
}
