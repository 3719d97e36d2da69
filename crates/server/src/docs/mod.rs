//! The description of the API as a page for people. All of it is in the page, which loads and runs nothing: no script, no
//! picture, no other address. It is made once, of the same document that `/openapi.json` is.
//!
//! The page says nothing that the program's source does not, so a browser gets it without the key, which it could not give.

mod page;
mod schema;

use axum::{
    body::Bytes,
    http::{
        HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The path of the page.
pub(crate) const PATH: &str = "/docs";

const STYLE: &str = include_str!("style.css");

/// The page, as it is sent.
#[derive(Clone)]
pub(crate) struct Docs {
    html: Bytes,
    policy: HeaderValue,
}

impl Docs {
    /// The page of a document.
    pub(crate) fn of(document: &Value) -> Self {
        let html = Bytes::from(page::page(document, STYLE).into_string());
        let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { html, policy: HeaderValue::try_from(policy).expect("a policy of printable ASCII") }
    }
}

impl IntoResponse for Docs {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CONTENT_SECURITY_POLICY, self.policy),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        (headers, self.html).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn html(document: &Value) -> String {
        String::from_utf8(Docs::of(document).html.to_vec()).expect("UTF-8")
    }

    fn document() -> Value {
        json!({
            "info": {"title": "Box & Co", "version": "1.2"},
            "paths": {"/agents/{agent_id}": {
                "get": {
                    "tags": ["agents"],
                    "summary": "Read agent",
                    "operationId": "read_agent",
                    "parameters": [{
                        "name": "agent_id", "in": "path", "required": true, "description": "Its <b>id</b>.",
                        "schema": {"type": "string", "format": "uuid"},
                    }],
                    "responses": {
                        "200": {"description": "Done", "content": {"application/json": {
                            "schema": {"$ref": "#/components/schemas/Agent"},
                        }}},
                        "default": {"description": "An error"},
                    },
                },
                "delete": {"tags": ["agents"], "summary": "Delete agent", "responses": {}},
            }},
            "components": {"schemas": {"Agent": {
                "type": "object",
                "description": "An agent.",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 40},
                    "next": {"oneOf": [{"$ref": "#/components/schemas/Agent"}, {"type": "null"}]},
                },
            }}},
        })
    }

    #[test]
    fn every_operation_and_schema_is_on_the_page_and_is_led_to() {
        let html = html(&document());
        for words in ["Read agent", "Delete agent", "/agents/{agent_id}", "uuid", "at most 40 characters", "An agent."]
        {
            assert!(html.contains(words), "no {words}");
        }
        assert!(html.contains("href=\"#schema-Agent\"") && html.contains("id=\"schema-Agent\""));
        assert!(html.contains("href=\"#read_agent\"") && html.contains("id=\"read_agent\""));
    }

    #[test]
    fn what_the_document_says_stays_text() {
        let html = html(&document());
        assert!(html.contains("Box &amp; Co") && html.contains("Its &lt;b&gt;id&lt;/b&gt;."), "{html}");
        assert!(!html.contains("<b>id"));
    }

    #[test]
    fn the_page_loads_and_runs_nothing() {
        let html = html(&document());
        for tag in ["<script", "<link", "<img", "<iframe", "src=", "http://", "https://", "@import", "url("] {
            assert!(!html.contains(tag), "{tag}");
        }
        let response = Docs::of(&document()).into_response();
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        // The browser takes the style only if it is, to the byte, what the policy names.
        assert!(html.contains(&format!("<style>{STYLE}</style>")));
    }
}
