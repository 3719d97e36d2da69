//! The files of a session's sandbox. What they hold is the sandbox's word, so an answer says nothing that a browser might
//! take it for.

use std::sync::Arc;

use axum::{
    Json,
    body::HttpBody as _,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse as _, Response},
};
use handspike_core::{AccessError, ReadFile};
use handspike_store::Kind;
use serde::Serialize;
use utoipa::{ToSchema, openapi::HttpMethod};

use crate::{
    error::ApiError,
    file_place::FilePlace,
    openapi::{Api, Described as _, Operation},
    server::Server,
    transfer,
};

const PATH: &str = "/sessions/{session_id}/files/{path}";

/// A file that was written.
#[derive(Serialize, ToSchema)]
struct StoredFile {
    /// Where it is in the sandbox.
    path: String,
    /// Its bytes.
    size: u64,
}

pub(crate) fn routes() -> Api {
    let read = Operation::new(HttpMethod::Get, PATH, "Read file").answers_bytes("application/octet-stream");
    let write = Operation::new(HttpMethod::Put, PATH, "Write file").takes_bytes();
    let write = write.answers::<StoredFile>(200).answers::<StoredFile>(201);
    Api::new().described(read, get).described(write, put)
}

async fn get(
    State(server): State<Arc<Server>>,
    FilePlace { session, path }: FilePlace,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    server.store.get(Kind::Session, session).await?;
    let ReadFile { bytes, size, modified } = server.sandboxes.read_file(session.into(), &path).await?;
    let tag = format!("W/\"{size:x}-{modified:x}\"");
    let mut answer = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut answer = Response::new(transfer::sent(bytes));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CONTENT_DISPOSITION, text(&attachment(path.file_name()))?);
        answer
    };
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.headers_mut().insert(ETAG, text(&tag)?);
    Ok(answer)
}

async fn put(
    State(server): State<Arc<Server>>,
    FilePlace { session, path }: FilePlace,
    request: Request,
) -> Result<(StatusCode, Json<StoredFile>), ApiError> {
    let body = request.into_body();
    let limit = server.sandboxes.file_limit();
    // One that says that it is too large is not read at all.
    if body.size_hint().lower() > limit {
        return Err(AccessError::TooLarge { limit }.into());
    }
    let wishes = server.sandbox_wishes(session).await?;
    let bytes = transfer::received(body);
    let written = server.sandboxes.write_file(session.into(), &wishes, &path, bytes).await?;
    let status = if written.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(StoredFile { path: path.to_string(), size: written.size })))
}

/// Whether the client has the file as it is.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).map(str::trim).any(|known| known == tag || known == "*")
}

/// A file to be kept and not shown, by its name.
fn attachment(name: &str) -> String {
    let mut header = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => header.push(char::from(byte)),
            _ => header.push_str(&format!("%{byte:02X}")),
        }
    }
    header
}

fn text(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|_| ApiError::internal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_t_break_out_of_its_header() {
        assert_eq!(attachment("a-1.txt"), "attachment; filename*=UTF-8''a-1.txt");
        assert_eq!(attachment("\"é\r\n;a b"), "attachment; filename*=UTF-8''%22%C3%A9%0D%0A%3Ba%20b");
    }
}
