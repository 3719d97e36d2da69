//! The page: what there is, operation by operation, and then the shapes that they speak of.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

use super::schema::{anchor, brief, definition};

/// The methods of a path, in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation, and where it is.
struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    about: &'a Value,
}

pub(super) fn page(document: &Value, style: &str) -> Markup {
    let (title, version) = (text(&document["info"], "title"), text(&document["info"], "version"));
    let groups = by_tag(document);
    let no_schemas = Map::new();
    let schemas = document["components"]["schemas"].as_object().unwrap_or(&no_schemas);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " API" }
                style { (PreEscaped(style)) }
            }
            body {
                header {
                    h1 { (title) " API " small { (version) } }
                    p {
                        "Every request carries the key, as " code { "Authorization: Bearer KEY" } " or "
                        code { "X-Auth-Key: KEY" } ". Programs find the same description at " code { "/openapi.json" } "."
                    }
                }
                nav {
                    @for (tag, operations) in &groups {
                        p { b { (tag) } }
                        ul {
                            @for operation in operations {
                                li { a href=(format!("#{}", operation.id())) { (text(operation.about, "summary")) } }
                            }
                        }
                    }
                    p { a href="#schemas" { b { "shapes" } } }
                }
                main {
                    @for (tag, operations) in &groups {
                        h2 { (tag) }
                        @for operation in operations { (operation.section()) }
                    }
                    h2 id="schemas" { "shapes" }
                    @for (name, schema) in schemas {
                        section.shape id=(anchor(name)) {
                            h3 { (name) }
                            (definition(schema))
                        }
                    }
                }
            }
        }
    }
}

/// The operations by what they are about, in the document's order.
fn by_tag(document: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let mut groups: Vec<(&str, Vec<Operation<'_>>)> = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(about) = methods.get(method) else { continue };
            let tag = about["tags"][0].as_str().unwrap_or("other");
            let operation = Operation { method, path, about };
            match groups.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, operations)) => operations.push(operation),
                None => groups.push((tag, vec![operation])),
            }
        }
    }
    groups
}

impl Operation<'_> {
    fn id(&self) -> String {
        match text(self.about, "operationId") {
            "" => format!("{}-{}", self.method, self.path.replace(['/', '{', '}'], "-")),
            id => id.to_owned(),
        }
    }

    fn section(&self) -> Markup {
        let parameters = self.about["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let body = &self.about["requestBody"];
        html! {
            section.operation id=(self.id()) {
                h3 {
                    span class=(format!("method {}", self.method)) { (self.method.to_uppercase()) }
                    " " code { (self.path) }
                }
                p { (text(self.about, "summary")) }
                @let words = text(self.about, "description");
                @if !words.is_empty() { p { (words) } }
                @if !parameters.is_empty() {
                    h4 { "Parameters" }
                    table {
                        @for parameter in parameters {
                            tr {
                                td { code { (text(parameter, "name")) } }
                                td.dim { (text(parameter, "in")) @if parameter["required"] == true { ", required" } }
                                td { (brief(&parameter["schema"])) }
                                td { (text(parameter, "description")) }
                            }
                        }
                    }
                }
                @if body.is_object() {
                    h4 { "Body" @if body["required"] != true { span.dim { " (may be left out)" } } }
                    (contents(body))
                }
                h4 { "Answers" }
                table {
                    @for (status, answer) in self.about["responses"].as_object().into_iter().flatten() {
                        tr {
                            td { code { (if status == "default" { "other" } else { status }) } }
                            td { (text(answer, "description")) }
                            td { (contents(answer)) }
                        }
                    }
                }
            }
        }
    }
}

/// What a body or an answer holds, by its media type.
fn contents(of: &Value) -> Markup {
    html! {
        @for (kind, content) in of["content"].as_object().into_iter().flatten() {
            div { span.dim { (kind) } " " (brief(&content["schema"])) }
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
