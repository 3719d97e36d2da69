//! Numbers and texts. Whole numbers may come as `"5"` or `5.0`, numbers as `"0.5"`; booleans only as themselves.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    rule::{Bounds, Format, TextRule},
    walk::Walk,
    words::Mistake,
};

/// From here on, a float is beyond what 64 bits hold.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

impl<'a> Walk<'a> {
    /// A whole number, which is one of 64 bits afterwards.
    pub(super) fn integer(&mut self, bounds: &'a Bounds, value: &mut Value) {
        match whole(value) {
            Ok(number) => {
                *value = number.into();
                #[expect(clippy::cast_precision_loss, reason = "a bound is far smaller than what is lost")]
                self.bounds(bounds, number as f64, value);
            }
            Err(mistake) => {
                // What is too large for 64 bits is first of all too large for its field.
                let told = self.is_within(bounds, value.as_f64(), value);
                if told {
                    self.mistake(&mistake, value);
                }
            }
        }
    }

    /// A number.
    pub(super) fn number(&mut self, bounds: &'a Bounds, value: &mut Value) {
        if let Value::String(text) = value {
            let number = text.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            match number {
                Some(number) => *value = Value::Number(number),
                None => return self.mistake(&Mistake::NotANumbersText, value),
            }
        }
        match value.as_f64() {
            Some(number) => self.bounds(bounds, number, value),
            None => self.mistake(&Mistake::NotANumber, value),
        }
    }

    fn bounds(&mut self, bounds: &'a Bounds, number: f64, value: &Value) {
        self.is_within(bounds, Some(number), value);
    }

    /// Tells of the bound that a number oversteps, if there is one; otherwise it is within.
    fn is_within(&mut self, bounds: &'a Bounds, number: Option<f64>, value: &Value) -> bool {
        let Some(number) = number else { return true };
        let mistake = match *bounds {
            Bounds { above: Some(above), .. } if number <= above => Mistake::NotAbove(above),
            Bounds { least: Some(least), .. } if number < least => Mistake::NotAtLeast(least),
            Bounds { most: Some(most), .. } if number > most => Mistake::NotAtMost(most),
            Bounds { below: Some(below), .. } if number >= below => Mistake::NotBelow(below),
            _ => return true,
        };
        self.mistake(&mistake, value);
        false
    }

    /// One of some texts.
    pub(super) fn literal(&mut self, texts: &'a [String], value: &Value) {
        if !value.as_str().is_some_and(|given| texts.iter().any(|text| text == given)) {
            self.mistake(&Mistake::NotOneOf(texts.iter().map(String::as_str).collect()), value);
        }
    }

    /// A text; UUIDs and URLs are in their usual spelling afterwards.
    pub(super) fn text(&mut self, rule: &'a TextRule, value: &mut Value) {
        let Value::String(text) = value else { return self.mistake(&Mistake::NotAText, value) };
        let length = text.chars().count();
        let mistake = match rule {
            TextRule { least: Some(least), .. } if length < *least => Mistake::TextTooShort(*least),
            TextRule { most: Some(most), .. } if length > *most => Mistake::TextTooLong(*most),
            TextRule { pattern: Some(pattern), .. } if !pattern.is_match(text) => Mistake::NoMatch(pattern.as_str()),
            TextRule { format: Format::Plain, .. } => return,
            TextRule { format: Format::Uuid, .. } => match Uuid::parse_str(text) {
                Ok(uuid) => {
                    *text = uuid.to_string();
                    return;
                }
                Err(error) => Mistake::NotAUuid(error.to_string()),
            },
            // What is filled in later is checked when it is filled in.
            TextRule { format: Format::Url, .. } if is_template(text) => return,
            TextRule { format: Format::Url, .. } => match Url::parse(text) {
                Ok(url) => {
                    *text = url.into();
                    return;
                }
                Err(error) => Mistake::NotAUrl(error.to_string()),
            },
        };
        self.mistake(&mistake, value);
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.starts_with("$ ")
}

/// The whole number that a value is or stands for.
fn whole(value: &Value) -> Result<i64, Mistake<'static>> {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(number),
            (None, Some(number)) if number.fract() == 0.0 => whole_float(number),
            (None, _) => Err(Mistake::Fraction),
        },
        Value::String(text) => {
            let text = text.trim();
            match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(number), _) => Ok(number),
                (Err(_), Ok(number)) if number.is_finite() && number.fract() == 0.0 => whole_float(number),
                (Err(_), _) => Err(Mistake::NotAnIntegersText),
            }
        }
        _ => Err(Mistake::NotAnInteger),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole and within 64 bits")]
fn whole_float(number: f64) -> Result<i64, Mistake<'static>> {
    if number.abs() < TOO_LARGE { Ok(number as i64) } else { Err(Mistake::IntegerTooLarge) }
}
