//! The page that shows the API.

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use tower::ServiceExt as _;

use crate::support::Place;

/// The page and its headers, asked for without a key.
async fn docs(place: &Place, host: &str) -> (u16, axum::http::HeaderMap, String) {
    let request = Request::get("/docs").header("host", host).body(Body::empty()).expect("a request");
    let response = place.router.clone().oneshot(request).await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, headers, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn the_page_shows_every_route_and_every_schema_of_the_document() {
    let place = Place::new().await;
    let document = place.get("/openapi.json").await.body;
    let (status, headers, page) = docs(&place, "localhost").await;
    assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().expect("a value")));
    for (path, methods) in document["paths"].as_object().expect("paths") {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        for (method, operation) in methods.as_object().expect("methods") {
            let id = operation["operationId"].as_str().expect("a name");
            assert!(page.contains(&format!("id=\"{id}\"")), "{method} {path}");
        }
    }
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    // Every link leads somewhere on the page.
    for link in page.split("href=\"#").skip(1) {
        let anchor = &link[..link.find('"').expect("an end")];
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
}

#[tokio::test]
async fn the_page_is_for_all_who_call_the_server_by_its_name_and_may_do_nothing() {
    let place = Place::new().await;
    let (_, headers, _) = docs(&place, "localhost").await;
    let policy = headers["content-security-policy"].to_str().expect("text");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(docs(&place, "evil.example").await.0, 403);
}
