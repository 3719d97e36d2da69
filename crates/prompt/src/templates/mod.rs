//! Templates: Jinja as minijinja speaks it, with Python's methods and the usual functions, and with bounds.
//!
//! A template comes from whoever holds a key, and its evaluation must end soon and small whatever it says. Its source is
//! limited, and so is its nesting ([`nesting`]). Each step and each byte costs fuel. What fuel does not see is the
//! size of values that are put together of others, so every value is weighed when it is used ([`guard`], [`weight`]).
//!
//! A name that is not there is empty; an attribute of it, and a function or method that is not there, is an error.

mod error;
mod functions;
mod guard;
mod json;
mod methods;
mod nesting;
mod system_template;
mod weight;

use std::panic::{AssertUnwindSafe, catch_unwind};

use minijinja::{
    AutoEscape, Environment, Error, Value,
    machinery::{CodeGenerator, eval, make_string_output, parse},
    syntax::SyntaxConfig,
    value::Serde,
};

pub use error::TemplateError;
pub use system_template::SYSTEM_TEMPLATE;

/// Bytes of a template.
pub const TEMPLATE_LIMIT: usize = 256 * 1024;

/// Bytes of what a template renders to.
pub const OUTPUT_LIMIT: usize = 4 * 1024 * 1024;

/// Steps of an evaluation, roughly; 64 bytes that are written are a step, too.
const FUEL: u64 = 300_000;

/// Macros and recursive loops within each other, in units of the engine: a macro takes four.
const RECURSION: usize = 100;

/// What the engine calls the template in its errors; ours leave it out.
const NAME: &str = "template";

/// Renders templates. It is made once and shared: making it is dear, and rendering needs no exclusive access.
pub struct Templates {
    environment: Environment<'static>,
    syntax: SyntaxConfig,
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl Templates {
    /// Templates with all functions, filters and methods.
    #[must_use]
    pub fn new() -> Self {
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        let syntax = syntax.expect("the delimiters are Jinja's own");
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        // Errors name what is undefined.
        environment.set_debug(true);
        environment.set_unknown_method_callback(methods::call);
        // It prints all that a template can see, and without a bound.
        environment.remove_global("debug");
        functions::add(&mut environment);
        weight::add(&mut environment);
        Self { environment, syntax }
    }

    /// Renders a template with the names of a context, which is an object.
    ///
    /// A text without any tag is given back as it is. It takes milliseconds, some tens of them where a template is made to
    /// take long, and waits for nothing.
    pub fn render(&self, template: &str, context: &serde_json::Value) -> Result<String, TemplateError> {
        if !has_tags(template) {
            return Ok(template.to_owned());
        }
        if template.len() > TEMPLATE_LIMIT {
            return Err(TemplateError::Long);
        }
        // The engine panics at `loop.cycle()`, and perhaps elsewhere; then it is the template that fails.
        let rendered = catch_unwind(AssertUnwindSafe(|| self.evaluate(template, context)));
        match rendered {
            Ok(Ok(text)) if text.len() > OUTPUT_LIMIT => Err(TemplateError::Exhausted),
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => Err(TemplateError::of(&error)),
            Err(_) => Err(TemplateError::Broken),
        }
    }

    fn evaluate(&self, template: &str, context: &serde_json::Value) -> Result<String, Error> {
        nesting::check(template, &self.syntax)?;
        let parsed = guard::guarded(&parse(template, NAME, self.syntax.clone())?);
        let mut generator = CodeGenerator::new(NAME, template);
        generator.compile_stmt(&parsed);
        drop(parsed);
        let (instructions, blocks) = generator.finish();
        let mut text = String::new();
        {
            let context = Value::from(Serde(context));
            let mut output = make_string_output(&mut text);
            eval(&self.environment, &instructions, context, &blocks, &mut output, AutoEscape::None)?;
        }
        Ok(text)
    }
}

/// Whether a text has anything in it to render.
fn has_tags(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag))
}

#[cfg(test)]
mod tests;
