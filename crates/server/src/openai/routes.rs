//! The routes of OpenAI's API.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use chrono::DateTime;
use serde::Serialize;
use utoipa::{ToSchema, openapi::HttpMethod};

use super::{
    answer::{Asking, Completion},
    errors::CompletionError,
    held::Held,
    read::{Asked, asked},
    request::{CompletionRequest, CompletionRole},
    stream::{CompletionChunk, Telling, stream},
};
use crate::{
    body::Checked,
    chat::{routes::custom_key, sse},
    error::ApiError,
    openapi::{Api, Described as _, Operation},
    server::Server,
    watch,
};

/// The header that asks for all messages of a turn.
const SHOW: &str = "x-show-messages";

pub(crate) fn routes() -> Api {
    let complete = Operation::new(HttpMethod::Post, "/v1/chat/completions", "Complete chat")
        .takes::<CompletionRequest>()
        .answers_or_streams::<Completion, CompletionChunk>()
        .fails_with::<CompletionError>();
    let models = Operation::new(HttpMethod::Get, "/v1/models", "List models and agents")
        .answers::<ServedModels>(200)
        .fails_with::<CompletionError>();
    Api::new().described(complete, complete_chat).described(models, list)
}

/// Finds out who is meant, gives the request a session, and answers as a whole or as a stream.
async fn complete_chat(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Checked(mut request): Checked<CompletionRequest>,
) -> Result<Response, ApiError> {
    let (key, parent) = (custom_key(&headers)?, watch::parent_of(&headers));
    let (speaker, tools) = server.speaker(&request.model).await?;
    let model = request.model.clone();
    let includes_usage = request.stream_options.and_then(|options| options.include_usage).unwrap_or(false);
    let found = find(&server, &mut request);
    let read = asked(request, &speaker, tools);
    let (held, Asked { input, first_step, functions, is_formatted }) = match (found, read) {
        (Some(held), Ok(asked)) => (held, asked),
        (None, Ok(asked)) => (Held::new(&server, &speaker, &model).await?, asked),
        (found, Err(error)) => {
            if let Some(held) = found {
                held.put_back().await;
            }
            return Err(error);
        }
    };
    let shows_messages = headers.get(SHOW).is_some_and(|value| value == "true");
    let asking = Asking { session: held.id, model, functions, shows_messages };
    let is_streamed = input.stream;
    let aside = match server.aside(held.id, (&speaker, first_step), input, (key, parent)).await {
        Ok(aside) => aside,
        Err(error) => {
            held.put_back().await;
            return Err(error);
        }
    };
    if is_streamed {
        if let Err(error) = aside.first().await {
            held.after(Err(&error)).await;
            return Err(error);
        }
        return Ok(sse::response(stream(aside, held, asking, Telling { includes_usage, is_formatted })));
    }
    let answer = aside.answer().await;
    held.after(answer.as_ref()).await;
    Ok(Json(asking.completion(answer?)).into_response())
}

/// The session whose calls a request answers. It has all that was said before, so only what is new is left in the request.
fn find(server: &Arc<Server>, request: &mut CompletionRequest) -> Option<Held> {
    let messages = &mut request.messages;
    let last = messages.iter().rposition(|message| message.role == CompletionRole::Assistant)?;
    let mut answered = messages[last + 1..].iter().filter(|message| message.role == CompletionRole::Tool);
    let held = Held::found(server, answered.next()?.tool_call_id.as_deref()?, &request.model)?;
    messages.drain(..=last);
    for message in messages {
        if let Some(own) = message.tool_call_id.as_deref().and_then(|id| held.own_id(id)) {
            message.tool_call_id = Some(own.to_owned());
        }
    }
    Some(held)
}

/// Who may be asked.
#[derive(Serialize, ToSchema)]
struct ServedModels {
    /// What it is: `list`.
    object: &'static str,
    /// The server's models, and then its agents.
    data: Vec<ServedModel>,
}

/// A model, or an agent that is one.
#[derive(Serialize, ToSchema)]
struct ServedModel {
    /// Its name, for requests.
    id: String,
    /// What it is: `model`.
    object: &'static str,
    /// When it was created, in seconds since the Unix epoch; 0 for a model, of which that is not known.
    created: i64,
    /// Whose it is: `handspike` for an agent, or the word before the model's name.
    owned_by: String,
}

async fn list(State(server): State<Arc<Server>>) -> Result<Json<ServedModels>, ApiError> {
    let model = |id: String| {
        let owned_by = id.split_once(':').map_or("provider", |(provider, _)| provider).to_owned();
        ServedModel { id, object: "model", created: 0, owned_by }
    };
    let agents = server.all_agents().await?.into_iter().map(|agent| ServedModel {
        created: DateTime::parse_from_rfc3339(&agent.created_at).map_or(0, |time| time.timestamp()),
        id: agent.form.canonical_name.unwrap_or_else(|| format!("agent:{}", agent.id)),
        object: "model",
        owned_by: "handspike".to_owned(),
    });
    let data = server.models.names().into_iter().map(model).chain(agents).collect();
    Ok(Json(ServedModels { object: "list", data }))
}
