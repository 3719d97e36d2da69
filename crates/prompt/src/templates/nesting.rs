//! How deep a template is nested, before anything walks down it. The engine's parser limits what brackets and blocks do,
//! generously for a server's stacks; and a chain such as `1+1+1`, `a.b.b` or `{% elif %}` makes a tree as deep as it is long.

use minijinja::{
    Error, ErrorKind,
    machinery::{Token, tokenize},
    syntax::SyntaxConfig,
};

/// Blocks that may be open at once, each branch of a condition among them.
const BLOCKS: usize = 60;

/// Brackets that may be open at once.
const BRACKETS: usize = 30;

/// How deep the tree of an expression may be.
const EXPRESSION: usize = 100;

/// Refuses a template that is nested too deep. What is no template at all is left to the parser.
pub(super) fn check(template: &str, syntax: &SyntaxConfig) -> Result<(), Error> {
    let (mut blocks, mut tag, mut expression) = (Blocks::default(), Tag::default(), Expression::default());
    for (token, span) in tokenize(template, false, syntax.clone()).map_while(Result::ok) {
        let is_first = std::mem::replace(&mut tag.is_at_keyword, false);
        let is_after_operand = std::mem::replace(&mut tag.is_after_operand, false);
        match token {
            Token::BlockStart => tag = Tag { is_at_keyword: true, ..Tag::default() },
            Token::Ident(word) if is_first => {
                blocks.begin(word);
                tag.is_set = word == "set";
            }
            Token::BlockEnd => {
                // `{% set x %}`, whose text comes up to `{% endset %}`.
                if tag.is_set {
                    blocks.open.push(1);
                }
                expression = Expression::default();
            }
            Token::TemplateData(_) | Token::VariableEnd => expression = Expression::default(),
            Token::VariableStart => {}
            Token::Ident("and" | "or" | "not" | "in" | "is" | "if" | "else") => expression.chain += 1,
            Token::Ident(_) | Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Int128(_) | Token::Float(_) => {
                tag.is_after_operand = true
            }
            Token::ParenOpen | Token::BracketOpen => {
                // A call or an index of what stands before.
                expression.chain += usize::from(is_after_operand);
                expression.open();
            }
            Token::BraceOpen => expression.open(),
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                expression.close();
                tag.is_after_operand = true;
            }
            Token::Assign => {
                tag.is_set = false;
                expression.part();
            }
            Token::Comma | Token::Colon => expression.part(),
            Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Pow
            | Token::Mod
            | Token::Dot
            | Token::Tilde
            | Token::Pipe
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => expression.chain += 1,
        }
        if expression.depth() > EXPRESSION || expression.around.len() > BRACKETS || blocks.depth() > BLOCKS {
            return Err(Error::new(ErrorKind::SyntaxError, format!("nested too deep (line {})", span.start_line)));
        }
    }
    Ok(())
}

/// What is known of the tag that is being read.
#[derive(Default)]
struct Tag {
    is_at_keyword: bool,
    is_after_operand: bool,
    is_set: bool,
}

/// The blocks that are open, and how many branches each has so far.
#[derive(Default)]
struct Blocks {
    open: Vec<usize>,
}

impl Blocks {
    fn begin(&mut self, keyword: &str) {
        match keyword {
            "for" | "if" | "with" | "filter" | "macro" | "call" | "autoescape" => self.open.push(1),
            "elif" => {
                if let Some(branches) = self.open.last_mut() {
                    *branches += 1;
                }
            }
            _ if keyword.starts_with("end") => drop(self.open.pop()),
            _ => {}
        }
    }

    fn depth(&self) -> usize {
        self.open.iter().sum()
    }
}

/// An expression so far: the group of brackets that is open, and those around it.
#[derive(Default)]
struct Expression {
    /// Operators since the last comma.
    chain: usize,
    /// The deepest operand since the last comma.
    operand: usize,
    /// The deepest part before the last comma.
    parts: usize,
    around: Vec<(usize, usize, usize)>,
}

impl Expression {
    fn open(&mut self) {
        self.around.push((self.chain, self.operand, self.parts));
        (self.chain, self.operand, self.parts) = (0, 0, 0);
    }

    fn part(&mut self) {
        self.parts = self.depth();
        (self.chain, self.operand) = (0, 0);
    }

    fn close(&mut self) {
        let inner = self.depth() + 1;
        if let Some((chain, operand, parts)) = self.around.pop() {
            (self.chain, self.operand, self.parts) = (chain, operand.max(inner), parts);
        }
    }

    /// What the innermost group has reached.
    fn depth(&self) -> usize {
        self.parts.max(self.chain + self.operand)
    }
}
