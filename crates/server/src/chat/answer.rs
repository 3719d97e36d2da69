//! The answer to a chat, made of what its turn has come to.

use handspike_api::{ChatResponse, Choice, Content, EntrySource, FinishReason, Role};
use uuid::Uuid;

use super::{
    entry::{EntryBody, Said},
    plan::{Keeping, Plan},
    record::{Answer, End, Record},
};
use crate::{error::ApiError, time};

/// The answer, or the error that a failed turn is to its client.
pub(super) fn of(turn: Uuid, plan: &Plan, record: &Record) -> Result<ChatResponse, ApiError> {
    let Some(end) = &record.end else {
        tracing::error!(%turn, "a turn has ended without an end");
        return Err(ApiError::internal());
    };
    if let Some(failure) = &end.failure {
        return Err(failure.clone().into());
    }
    let mut warnings = plan.warnings.clone();
    warnings.extend(record.warnings.iter().cloned());
    let mut response = ChatResponse {
        id: turn,
        created_at: time::of_id(turn),
        jobs: Vec::new(),
        docs: Vec::new(),
        usage: Some(end.usage),
        choices: choices(record, end),
        messages: record.messages(),
        pending_tool_calls: end.pending.clone(),
        stop_details: end.stop_details,
        warnings,
    };
    if plan.keeping == Keeping::Forgotten {
        // They are in no history.
        let all = response.messages.iter_mut().chain(response.choices.iter_mut().map(|choice| &mut choice.message));
        all.for_each(|message| message.id = None);
    }
    Ok(response)
}

/// The last answers of the model. A turn that ended before there was one has one that says nothing.
fn choices(record: &Record, end: &End) -> Vec<Choice> {
    let choice = |index, said: &Said, finish_reason, logprobs| Choice {
        index,
        finish_reason,
        logprobs,
        tool_calls: None,
        message: said.to_message(),
    };
    let Some((first, others)) = record.answers.split_first() else {
        let body = EntryBody { content: Some(Content::Text(String::new())), ..EntryBody::default() };
        let mut nothing =
            choice(0, &Said::new(EntrySource::ApiResponse, Role::Assistant, body), end.finish_reason, None);
        nothing.message.id = None;
        return vec![nothing];
    };
    // The turn's end is that of the first; the others ended as the model ended them.
    let of_others =
        |(index, answer): (u32, &Answer)| choice(index, &answer.said, answer.finish_reason, answer.logprobs.clone());
    let of_first = choice(0, &first.said, end_of_first(first, end), first.logprobs.clone());
    [of_first].into_iter().chain((1..).zip(others).map(of_others)).collect()
}

fn end_of_first(first: &Answer, end: &End) -> FinishReason {
    match end.finish_reason {
        FinishReason::Stop => match first.finish_reason {
            // Calls decide, whatever the provider calls its end.
            FinishReason::ToolCalls | FinishReason::Stop => FinishReason::Stop,
            other => other,
        },
        other => other,
    }
}
