//! Mistakes and their words: the one place where a client's text is written.

use super::DetailType;

/// A mistake at some place.
#[derive(Debug)]
pub(super) enum Mistake<'a> {
    Missing,
    NotOneOf(Vec<&'a str>),
    NotAbove(f64),
    NotAtLeast(f64),
    NotBelow(f64),
    NotAtMost(f64),
    TextTooShort(usize),
    TextTooLong(usize),
    NoMatch(&'a str),
    ListTooShort(usize, usize),
    ListTooLong(usize, usize),
    NotABool,
    NotAText,
    NotAnInteger,
    NotAnIntegersText,
    IntegerTooLarge,
    Fraction,
    NotANumber,
    NotANumbersText,
    NotAUuid(String),
    NotAUrl(String),
    NotAMap,
    NotAList,
    NotAnObject,
    NoBranch(DetailType, Vec<&'static str>),
}

impl Mistake<'_> {
    /// Its name.
    pub(super) fn kind(&self) -> DetailType {
        match self {
            Self::Missing => DetailType::Missing,
            Self::NotOneOf(_) => DetailType::LiteralError,
            Self::NotAbove(_) => DetailType::GreaterThan,
            Self::NotAtLeast(_) => DetailType::GreaterThanEqual,
            Self::NotBelow(_) => DetailType::LessThan,
            Self::NotAtMost(_) => DetailType::LessThanEqual,
            Self::TextTooShort(_) => DetailType::StringTooShort,
            Self::TextTooLong(_) => DetailType::StringTooLong,
            Self::NoMatch(_) => DetailType::StringPatternMismatch,
            Self::ListTooShort(..) => DetailType::TooShort,
            Self::ListTooLong(..) => DetailType::TooLong,
            Self::NotABool => DetailType::BoolType,
            Self::NotAText => DetailType::StringType,
            Self::NotAnInteger => DetailType::IntType,
            Self::NotAnIntegersText => DetailType::IntParsing,
            Self::IntegerTooLarge => DetailType::IntParsingSize,
            Self::Fraction => DetailType::IntFromFloat,
            Self::NotANumber => DetailType::FloatType,
            Self::NotANumbersText => DetailType::FloatParsing,
            Self::NotAUuid(_) => DetailType::UuidParsing,
            Self::NotAUrl(_) => DetailType::UrlParsing,
            Self::NotAMap => DetailType::DictType,
            Self::NotAList => DetailType::ListType,
            Self::NotAnObject => DetailType::ModelAttributesType,
            Self::NoBranch(kind, _) => *kind,
        }
    }

    /// What is wrong.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Missing => "Field required".to_owned(),
            Self::NotOneOf(texts) => format!("Input should be {}", one_of(texts)),
            Self::NotAbove(bound) => format!("Input should be greater than {bound}"),
            Self::NotAtLeast(bound) => format!("Input should be greater than or equal to {bound}"),
            Self::NotBelow(bound) => format!("Input should be less than {bound}"),
            Self::NotAtMost(bound) => format!("Input should be less than or equal to {bound}"),
            Self::TextTooShort(least) => format!("String should have at least {}", counted(*least, "character")),
            Self::TextTooLong(most) => format!("String should have at most {}", counted(*most, "character")),
            Self::NoMatch(pattern) => format!("String should match pattern '{pattern}'"),
            Self::ListTooShort(least, length) => {
                format!("List should have at least {} after validation, not {length}", counted(*least, "item"))
            }
            Self::ListTooLong(most, length) => {
                format!("List should have at most {} after validation, not {length}", counted(*most, "item"))
            }
            Self::NotABool => "Input should be a valid boolean".to_owned(),
            Self::NotAText => "Input should be a valid string".to_owned(),
            Self::NotAnInteger => "Input should be a valid integer".to_owned(),
            Self::NotAnIntegersText => {
                "Input should be a valid integer, unable to parse string as an integer".to_owned()
            }
            Self::IntegerTooLarge => "Input should be an integer of at most 64 bits".to_owned(),
            Self::Fraction => "Input should be a valid integer, got a number with a fractional part".to_owned(),
            Self::NotANumber => "Input should be a valid number".to_owned(),
            Self::NotANumbersText => "Input should be a valid number, unable to parse string as a number".to_owned(),
            Self::NotAUuid(why) => format!("Input should be a valid UUID, {why}"),
            Self::NotAUrl(why) => format!("Input should be a valid URL, {why}"),
            Self::NotAMap => "Input should be a valid dictionary".to_owned(),
            Self::NotAList => "Input should be a valid list".to_owned(),
            Self::NotAnObject => "Input should be a valid dictionary or object to extract fields from".to_owned(),
            Self::NoBranch(_, kinds) => format!("Input should be a valid {}", kinds.join(" or ")),
        }
    }

    /// What would mend it, where the words leave that open.
    pub(super) fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("Add the field."),
            Self::NotABool => Some("Use true or false, without quotes."),
            Self::Fraction => Some("Use a whole number."),
            Self::NotAUrl(_) => Some("Give the whole URL with its scheme, such as https://example.com/."),
            _ => None,
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn one_of(texts: &[&str]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("'{text}'")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
