//! What a model would be asked: everything that a chat does up to its turn, and nothing of the turn.

use handspike_api::{ChatInput, MessageOut, RenderResponse, Role};
use handspike_core::replay;
use handspike_types::{EventKind, Message, Outcome, SessionId, Usage};
use uuid::Uuid;

use super::{
    ask::Planned,
    history::Gathered,
    messages,
    plan::KeyOf,
    run::unfitting,
    tools::{Kinds, Kit},
};
use crate::{error::ApiError, server::Server};

impl Server {
    /// The prompt that a request would lead to.
    pub(super) async fn render_chat(&self, session: Uuid, input: ChatInput) -> Result<RenderResponse, ApiError> {
        let tool_choice = input.tool_choice.clone();
        let Planned { plan, input, docs } = self.planned(session, input, KeyOf::Server).await?;
        let Kit { specs, kinds, .. } = Kit::new(&plan.tools, plan.runs, &*self.sandboxes, SessionId::from(session));
        let Gathered { history, input, .. } = self.gather(session, &plan, &input, &specs, None).await?;
        let end = EventKind::TurnFinished {
            turn: 0,
            outcome: Outcome::Cancelled,
            steps: 0,
            usage: Usage::default(),
            duration_ms: 0,
        };
        let asked = replay(history, [EventKind::TurnStarted { turn: 0, input }, end]).map_err(unfitting)?;
        let system = Some(plan.system_prompt).filter(|prompt| !prompt.is_empty()).map(Message::system);
        let messages = system.iter().chain(&asked).flat_map(|message| shown(message, &kinds)).collect();
        Ok(RenderResponse { messages, tools: Some(plan.tools), tool_choice, docs })
    }
}

/// A message of the loop as clients read it; of results, one for each.
fn shown(message: &Message, kinds: &Kinds) -> Vec<MessageOut> {
    let out = |role, body: super::entry::EntryBody| MessageOut {
        id: None,
        role,
        content: body.content,
        name: body.name,
        tool_call_id: body.tool_call_id,
        tool_calls: body.tool_calls,
        created_at: None,
    };
    match message {
        Message::System { content } => vec![out(Role::System, messages::said(content, None))],
        Message::User { content, name } => vec![out(Role::User, messages::said(content, name.as_deref()))],
        Message::Assistant { text, tool_calls, name } => {
            let body = messages::answer(text, tool_calls, |tool| kinds.of_tool(tool));
            vec![MessageOut { name: name.clone(), ..out(Role::Assistant, body) }]
        }
        Message::Tools { results } => {
            let result = |result: &handspike_types::ToolResult| {
                out(Role::Tool, messages::result(&result.call_id, &result.name, &result.output))
            };
            results.iter().map(result).collect()
        }
    }
}
