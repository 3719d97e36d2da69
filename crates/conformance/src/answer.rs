//! A server's answer to one call, and what a case may ask of it: facts that a model can see, never a wording.

use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock};

use crate::{
    miss::{Miss, excerpt, expect},
    picture::Picture,
};

/// What came back from a call.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// All text, one block after the other. The structured content counts only where there is no content at all.
    pub(crate) text: String,
    /// Base64 and declared type of each image.
    images: Vec<(String, String)>,
    outcome: Outcome,
    /// From the call to the answer.
    pub(crate) took: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// A result that says that it is an error: a model reads it.
    ToolError,
    /// An error of the protocol: a program reads it.
    ProtocolError,
}

impl Answer {
    pub(crate) fn of_result(result: CallToolResult, took: Duration) -> Self {
        let (mut text, mut images) = (String::new(), Vec::new());
        for block in result.content {
            match block {
                ContentBlock::Text(block) => {
                    text.push_str(&block.text);
                    text.push('\n');
                }
                ContentBlock::Image(image) => images.push((image.data, image.mime_type)),
                _ => {}
            }
        }
        if let (true, true, Some(structured)) = (text.is_empty(), images.is_empty(), result.structured_content) {
            text = structured.to_string();
        }
        let outcome = if result.is_error == Some(true) { Outcome::ToolError } else { Outcome::Done };
        Self { text, images, outcome, took }
    }

    pub(crate) fn of_protocol_error(message: String, took: Duration) -> Self {
        Self { text: message, images: Vec::new(), outcome: Outcome::ProtocolError, took }
    }

    /// It is no error.
    pub(crate) fn done(self) -> Result<Self, Miss> {
        self.judge(|it| it.outcome == Outcome::Done, "a result that is no error")
    }

    /// It is an error, of either kind.
    pub(crate) fn refused(self) -> Result<Self, Miss> {
        self.judge(|it| it.outcome != Outcome::Done, "an error")
    }

    /// It is an error that a model can read: a result with `isError` and some words.
    pub(crate) fn refused_readably(self) -> Result<Self, Miss> {
        let is_readable = |it: &Self| it.outcome == Outcome::ToolError && !it.text.trim().is_empty();
        self.judge(is_readable, "a result with isError and a text, which a model can read")
    }

    /// Its text contains this.
    pub(crate) fn says(self, part: &str) -> Result<Self, Miss> {
        self.judge(|it| it.text.contains(part), format!("an answer that contains `{}`", excerpt(part)))
    }

    /// Its text contains this in upper or lower case.
    pub(crate) fn mentions(self, word: &str) -> Result<Self, Miss> {
        let word_in = |it: &Self| it.text.to_lowercase().contains(&word.to_lowercase());
        self.judge(word_in, format!("an answer that mentions `{word}`"))
    }

    /// Its text does not contain this.
    pub(crate) fn says_not(self, part: &str) -> Result<Self, Miss> {
        let expected = format!("an answer without `{}`", excerpt(part));
        self.judge(|it| !it.text.contains(part), expected)
    }

    /// These come one after the other in its text.
    pub(crate) fn says_in_order(self, parts: &[&str]) -> Result<Self, Miss> {
        let in_order = |it: &Self| {
            let found =
                parts.iter().try_fold(it.text.as_str(), |rest, part| rest.split_once(part).map(|(_, after)| after));
            found.is_some()
        };
        self.judge(in_order, format!("an answer with {parts:?} in this order"))
    }

    /// A number stands in its text by itself, not as a part of a longer one.
    pub(crate) fn shows_number(self, number: i64) -> Result<Self, Miss> {
        self.judge(|it| numbers(&it.text).contains(&number), format!("an answer that shows the number {number}"))
    }

    /// It came in time.
    pub(crate) fn within(self, limit: Duration) -> Result<Self, Miss> {
        let found = format!("{:.1} s", self.took.as_secs_f64());
        expect(self.took <= limit, format!("an answer within {:.1} s", limit.as_secs_f64()), found)?;
        Ok(self)
    }

    /// Its text is no longer than this.
    pub(crate) fn no_longer_than(self, bytes: usize) -> Result<Self, Miss> {
        let found = format!("{} bytes", self.text.len());
        expect(self.text.len() <= bytes, format!("an answer of at most {bytes} bytes"), found)?;
        Ok(self)
    }

    /// The last image, decoded.
    pub(crate) fn picture(&self) -> Result<Picture, Miss> {
        match self.images.last() {
            Some((data, declared)) => Picture::decode(data, declared),
            None => Err(Miss::failed("an answer with an image", &self.text)),
        }
    }

    /// Whether there is an image at all.
    pub(crate) fn has_picture(&self) -> bool {
        !self.images.is_empty()
    }

    fn judge(self, holds: impl FnOnce(&Self) -> bool, expected: impl Into<String>) -> Result<Self, Miss> {
        if holds(&self) {
            return Ok(self);
        }
        let kind = match self.outcome {
            Outcome::Done => "",
            Outcome::ToolError => "(isError) ",
            Outcome::ProtocolError => "(protocol error) ",
        };
        Err(Miss::failed(expected, format!("{kind}{}", self.text)))
    }
}

/// The whole numbers in a text, as a reader would see them.
pub(crate) fn numbers(text: &str) -> Vec<i64> {
    let is_part = |character: char| character.is_ascii_digit() || character == '-';
    text.split(|character| !is_part(character)).filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer::of_result(CallToolResult::success(vec![ContentBlock::text(text)]), Duration::from_millis(20))
    }

    #[test]
    fn a_number_counts_only_by_itself() {
        assert!(answer("[exit status 37, 6 ms]").shows_number(37).is_ok());
        assert!(answer("took 137 ms").shows_number(37).is_err());
        assert_eq!(numbers("X=512,Y=-3 (4.5)"), [512, -3, 4, 5]);
    }

    #[test]
    fn order_is_judged_without_overlap() {
        assert!(answer("out err out").says_in_order(&["out", "err", "out"]).is_ok());
        assert!(answer("out out err").says_in_order(&["out", "err", "out"]).is_err());
    }

    #[test]
    fn an_error_of_the_protocol_is_refused_but_not_readable() {
        let error = Answer::of_protocol_error("invalid params".to_owned(), Duration::ZERO);
        assert!(error.clone().refused().is_ok());
        assert!(error.clone().refused_readably().is_err());
        assert!(error.done().is_err());
        let readable = CallToolResult::error(vec![ContentBlock::text("`path` is missing")]);
        assert!(Answer::of_result(readable, Duration::ZERO).refused_readably().is_ok());
    }

    #[test]
    fn what_failed_says_what_was_expected_and_what_came() {
        let Err(Miss::Failed { expected, found }) = answer("hello\nworld").says("there") else { panic!("a failure") };
        assert_eq!(expected, "an answer that contains `there`");
        assert_eq!(found, "hello\\nworld");
    }

    #[test]
    fn slow_and_long_answers_fail_their_bounds() {
        assert!(answer("x").within(Duration::from_millis(10)).is_err());
        assert!(answer("x").within(Duration::from_secs(1)).is_ok());
        assert!(answer(&"x".repeat(100)).no_longer_than(50).is_err());
    }
}
