//! Why a template was not rendered, in words for whoever wrote it.

use minijinja::{Error, ErrorKind};
use thiserror::Error as ThisError;

/// A template that can't be rendered. All of it is the template's fault, but for [`Broken`](Self::Broken), which is the
/// engine's; none of it is cured by trying again.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum TemplateError {
    /// It is no template.
    #[error("Template syntax error on line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// It uses a name as if it were there: a variable's attribute, a function, a method, a filter or a test.
    #[error("Template undefined variable on line {line}: {message}")]
    Undefined {
        /// The line, from 1.
        line: usize,
        /// What is not there.
        message: String,
    },
    /// It does what can't be done, such as adding a number to a text.
    #[error("Template error on line {line}: {message}")]
    Failed {
        /// The line, from 1.
        line: usize,
        /// What can't be done.
        message: String,
    },
    /// It is too long to be looked at.
    #[error("Template too long: at most {} bytes can be rendered", super::TEMPLATE_LIMIT)]
    Long,
    /// It would take too long, or become too large.
    #[error("Template too costly: its evaluation takes too many steps, or makes too much text")]
    Exhausted,
    /// The engine failed.
    #[error("Template error: the template cannot be evaluated")]
    Broken,
}

impl TemplateError {
    /// The engine's error in our words.
    pub(super) fn of(error: &Error) -> Self {
        let line = error.line().unwrap_or(1);
        let message = match error.detail() {
            // It may quote a value.
            Some(detail) => detail.chars().take(500).collect(),
            None => error.kind().to_string(),
        };
        match error.kind() {
            ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::InvalidDelimiter => {
                Self::Syntax { line, message }
            }
            ErrorKind::UndefinedError
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest => Self::Undefined { line, message },
            ErrorKind::OutOfFuel => Self::Exhausted,
            // The engine's kinds may become more; all others are an evaluation that failed.
            _ => Self::Failed { line, message },
        }
    }
}
