//! A template with a scale wherever a value is used: printed, iterated, assigned, compared, put into a list, given to a
//! filter, a function or a method. It is made of the parsed template, whose lines and names stay as they are.

use minijinja::machinery::{
    Span,
    ast::{
        AutoEscape, BinOp, Break, Call, CallArg, CallBlock, Compare, CompareOp, Const, Continue, Do, EmitExpr, EmitRaw,
        Expr, Filter, FilterBlock, ForLoop, GetAttr, GetItem, IfCond, IfExpr, List, Macro, Map, Set, SetBlock, Slice,
        Spanned, Stmt, Template, Test, Tuple, UnaryOp, UnaryOpKind, Var, WithBlock,
    },
};

use super::weight::{KEPT, WEIGHED};

/// A statement, and what is in it, with scales.
pub(super) fn guarded<'a>(statement: &Stmt<'a>) -> Stmt<'a> {
    match statement {
        Stmt::Template(it) => Stmt::Template(same_place(it, Template { children: body(&it.children) })),
        Stmt::EmitExpr(it) => Stmt::EmitExpr(same_place(it, EmitExpr { expr: used(&it.expr) })),
        Stmt::EmitRaw(it) => Stmt::EmitRaw(same_place(it, EmitRaw { raw: it.raw })),
        Stmt::ForLoop(it) => Stmt::ForLoop(same_place(
            it,
            ForLoop {
                target: named(&it.target),
                iter: assigned(&it.target, &it.iter),
                filter_expr: it.filter_expr.as_ref().map(plain),
                recursive: it.recursive,
                body: body(&it.body),
                else_body: body(&it.else_body),
            },
        )),
        Stmt::IfCond(it) => Stmt::IfCond(same_place(
            it,
            IfCond { expr: plain(&it.expr), true_body: body(&it.true_body), false_body: body(&it.false_body) },
        )),
        Stmt::WithBlock(it) => {
            let assignments = it.assignments.iter();
            let assignments = assignments.map(|(target, value)| (named(target), assigned(target, value))).collect();
            Stmt::WithBlock(same_place(it, WithBlock { assignments, body: body(&it.body) }))
        }
        Stmt::Set(it) => {
            Stmt::Set(same_place(it, Set { target: named(&it.target), expr: assigned(&it.target, &it.expr) }))
        }
        Stmt::SetBlock(it) => Stmt::SetBlock(same_place(
            it,
            SetBlock { target: named(&it.target), filter: it.filter.as_ref().map(plain), body: body(&it.body) },
        )),
        Stmt::AutoEscape(it) => {
            Stmt::AutoEscape(same_place(it, AutoEscape { enabled: plain(&it.enabled), body: body(&it.body) }))
        }
        Stmt::FilterBlock(it) => Stmt::FilterBlock(same_place(
            it,
            FilterBlock { filter: plain(&it.filter), filter_span: it.filter_span, body: body(&it.body) },
        )),
        Stmt::Macro(it) => Stmt::Macro(same_place(it, declared(it))),
        Stmt::CallBlock(it) => Stmt::CallBlock(same_place(
            it,
            CallBlock {
                call: same_place(&it.call, called(&it.call)),
                call_expr_span: it.call_expr_span,
                macro_decl: same_place(&it.macro_decl, declared(&it.macro_decl)),
            },
        )),
        Stmt::Continue(it) => Stmt::Continue(same_place(it, Continue)),
        Stmt::Break(it) => Stmt::Break(same_place(it, Break)),
        Stmt::Do(it) => Stmt::Do(same_place(it, Do { call: same_place(&it.call, called(&it.call)) })),
    }
}

fn body<'a>(statements: &[Stmt<'a>]) -> Vec<Stmt<'a>> {
    statements.iter().map(guarded).collect()
}

fn declared<'a>(it: &Macro<'a>) -> Macro<'a> {
    Macro { name: it.name, args: all(&it.args, named), defaults: all(&it.defaults, used), body: body(&it.body) }
}

/// An expression whose value is used by what is around it.
fn used<'a>(expression: &Expr<'a>) -> Expr<'a> {
    filtered(WEIGHED, expression)
}

/// An expression whose value is given a name, or kept in a namespace.
fn assigned<'a>(target: &Expr<'a>, value: &Expr<'a>) -> Expr<'a> {
    filtered(if is_name(target) { WEIGHED } else { KEPT }, value)
}

/// What a value is assigned to. A list of names is no list that is put together.
fn named<'a>(target: &Expr<'a>) -> Expr<'a> {
    match target {
        Expr::List(it) => at(it.span(), Expr::List, List { items: all(&it.items, named) }),
        _ => plain(target),
    }
}

fn is_name(target: &Expr<'_>) -> bool {
    match target {
        Expr::Var(_) => true,
        Expr::List(it) => it.items.iter().all(is_name),
        _ => false,
    }
}

fn filtered<'a>(filter: &'static str, expression: &Expr<'a>) -> Expr<'a> {
    // Constants are as large as the template that they stand in.
    match expression {
        Expr::Const(_) => plain(expression),
        _ => at(
            expression.span(),
            Expr::Filter,
            Filter { name: filter, expr: Some(plain(expression)), args: Vec::new() },
        ),
    }
}

/// An expression whose value is not looked into where it stands; what is within it is used by itself.
fn plain<'a>(expression: &Expr<'a>) -> Expr<'a> {
    let span = expression.span();
    match expression {
        Expr::Var(it) => at(span, Expr::Var, Var { id: it.id }),
        Expr::Const(it) => at(span, Expr::Const, Const { value: it.value.clone() }),
        Expr::Slice(it) => {
            let bound = |bound: &Option<Expr<'a>>| bound.as_ref().map(used);
            let (start, stop, step) = (bound(&it.start), bound(&it.stop), bound(&it.step));
            at(span, Expr::Slice, Slice { expr: used(&it.expr), start, stop, step })
        }
        Expr::UnaryOp(it) => {
            #[expect(clippy::needless_match, reason = "the kind can't be copied")]
            let op = match it.op {
                UnaryOpKind::Not => UnaryOpKind::Not,
                UnaryOpKind::Neg => UnaryOpKind::Neg,
            };
            at(span, Expr::UnaryOp, UnaryOp { op, expr: plain(&it.expr) })
        }
        Expr::BinOp(it) => at(span, Expr::BinOp, BinOp { op: it.op, left: used(&it.left), right: used(&it.right) }),
        Expr::Compare(it) => {
            let ops = it.ops.iter().map(|next| CompareOp { op: next.op, expr: used(&next.expr) }).collect();
            at(span, Expr::Compare, Compare { expr: used(&it.expr), ops })
        }
        Expr::IfExpr(it) => {
            let (test_expr, true_expr) = (plain(&it.test_expr), plain(&it.true_expr));
            at(span, Expr::IfExpr, IfExpr { test_expr, true_expr, false_expr: it.false_expr.as_ref().map(plain) })
        }
        Expr::Filter(it) => {
            let filter = Filter { name: it.name, expr: it.expr.as_ref().map(used), args: arguments(&it.args, used) };
            at(span, Expr::Filter, filter)
        }
        Expr::Test(it) => {
            at(span, Expr::Test, Test { name: it.name, expr: used(&it.expr), args: arguments(&it.args, used) })
        }
        Expr::GetAttr(it) => at(span, Expr::GetAttr, GetAttr { expr: plain(&it.expr), name: it.name }),
        Expr::GetItem(it) => {
            at(span, Expr::GetItem, GetItem { expr: plain(&it.expr), subscript_expr: used(&it.subscript_expr) })
        }
        Expr::Call(it) => at(span, Expr::Call, called(it)),
        Expr::List(it) => at(span, Expr::List, List { items: all(&it.items, used) }),
        Expr::Tuple(it) => at(span, Expr::Tuple, Tuple { items: all(&it.items, used) }),
        Expr::Map(it) => at(span, Expr::Map, Map { keys: all(&it.keys, used), values: all(&it.values, used) }),
    }
}

fn called<'a>(it: &Call<'a>) -> Call<'a> {
    match &it.expr {
        Expr::GetAttr(method) => {
            let expr = at(it.expr.span(), Expr::GetAttr, GetAttr { expr: used(&method.expr), name: method.name });
            // `loop.changed` keeps what it is given.
            let filter = if method.name == "changed" { KEPT } else { WEIGHED };
            Call { expr, args: arguments(&it.args, |value| filtered(filter, value)) }
        }
        function => Call { expr: plain(function), args: arguments(&it.args, used) },
    }
}

fn arguments<'a>(arguments: &[CallArg<'a>], value: impl Fn(&Expr<'a>) -> Expr<'a>) -> Vec<CallArg<'a>> {
    let argument = |argument: &CallArg<'a>| match argument {
        CallArg::Pos(it) => CallArg::Pos(value(it)),
        CallArg::Kwarg(name, it) => CallArg::Kwarg(name, value(it)),
        CallArg::PosSplat(it) => CallArg::PosSplat(value(it)),
        CallArg::KwargSplat(it) => CallArg::KwargSplat(value(it)),
    };
    arguments.iter().map(argument).collect()
}

fn all<'a>(expressions: &[Expr<'a>], form: impl Fn(&Expr<'a>) -> Expr<'a>) -> Vec<Expr<'a>> {
    expressions.iter().map(form).collect()
}

fn at<'a, T>(span: Span, kind: impl Fn(Spanned<T>) -> Expr<'a>, node: T) -> Expr<'a> {
    kind(Spanned::new(node, span))
}

fn same_place<T, U>(old: &Spanned<T>, node: U) -> Spanned<U> {
    Spanned::new(node, old.span())
}
