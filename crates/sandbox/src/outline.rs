//! How many values a message of a guest has, told without keeping any of them.
//!
//! A message is read into values that take many times its own memory where it is made of small pieces. So one of more
//! pieces than any tool's answer has is not read at all.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Values that a message may have: the largest are lists of windows and of tools.
const MOST_VALUES: usize = 50_000;

/// Whether a line is JSON of no more values than a guest has to say.
pub(crate) fn check(line: &str) -> serde_json::Result<()> {
    let mut values = 0;
    let mut json = serde_json::Deserializer::from_str(line);
    Count(&mut values).deserialize(&mut json)?;
    json.end()
}

struct Count<'a>(&'a mut usize);

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        *self.0 += 1;
        if *self.0 > MOST_VALUES {
            return Err(D::Error::custom(format_args!("it has more than {MOST_VALUES} values")));
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Count(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_key::<IgnoredAny>()?.is_some() {
            entries.next_value_seed(Count(self.0))?;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guests_say_passes() {
        for line in ["{}", r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"a":[1,-1,1.5,null,true,"\n"]}]}}"#] {
            check(line).expect("a message");
        }
        check(&format!("[{}]", vec!["0"; MOST_VALUES - 1].join(","))).expect("just as many values");
    }

    #[test]
    fn too_many_values_and_what_is_no_json_do_not() {
        for piece in ["0", "{}", r#"{"type":"text","text":"x"}"#] {
            let line = format!(r#"{{"x":[{}]}}"#, vec![piece; MOST_VALUES].join(","));
            let error = check(&line).expect_err("too many").to_string();
            assert!(error.contains("values"), "{error}");
        }
        for line in ["", "{", "{} {}", "x"] {
            check(line).expect_err(line);
        }
    }
}
