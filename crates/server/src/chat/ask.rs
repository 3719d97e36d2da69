//! What a request asks for: everything about it is read and checked before a turn begins, so that whatever is wrong with
//! it is an answer and leaves nothing behind.

use std::sync::Arc;

use handspike_api::{
    Agent, AgentForm, ChatInput, DocReference, EntrySource, Message, Session, ToolDefinition, User, Warning,
};
use handspike_core::{Model, SandboxWishes};
use handspike_store::{Direction, Kind, List, PAGE_LIMIT, SortBy};
use handspike_telemetry::TraceParent;
use handspike_types::ToolChoice;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    chunks::Chunks,
    entry::{EntryBody, Said},
    limits, messages,
    plan::{Keeping, KeyOf, Plan},
    settings::{self, Chosen},
    tools::{self, Runs},
};
use crate::{
    error::ApiError,
    ids::Item,
    routes::{agents::Agents, models, sessions::Sessions, tools::Tools, users::Users},
    server::Server,
};

/// A request that can be done.
pub(super) struct Asked {
    pub(super) session: Uuid,
    pub(super) plan: Arc<Plan>,
    pub(super) input: Vec<Said>,
    /// The documents that the model is given.
    pub(super) docs: Arc<[DocReference]>,
    pub(super) model: Box<dyn Model>,
    /// Whom the answer is streamed to, if to somebody.
    pub(super) chunks: Option<Arc<Chunks>>,
    /// The trace that the request belongs to.
    pub(super) parent: Option<TraceParent>,
}

/// What is decided before a turn, and what there is for it.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) input: Vec<Said>,
    pub(super) docs: Vec<DocReference>,
}

/// Who takes part in a session, and what an agent has.
struct Scene {
    session: Session,
    agents: Vec<Agent>,
    users: Vec<User>,
    /// Which of the agents answers.
    speaker: usize,
    tools: Vec<ToolDefinition>,
}

impl Scene {
    /// A model that is nobody: it has no instructions and no tools of its own.
    fn of_model(session: Session, model: String) -> Self {
        let form = AgentForm {
            name: model.clone(),
            canonical_name: None,
            project: None,
            about: String::new(),
            model,
            instructions: Vec::new(),
            default_settings: Map::new(),
            default_system_template: Some(String::new()),
            metadata: Map::new(),
        };
        let (created_at, updated_at) = (session.created_at.clone(), session.updated_at.clone());
        let agent = Agent { id: Uuid::nil(), created_at, updated_at, form };
        Self { session, agents: vec![agent], users: Vec::new(), speaker: 0, tools: Vec::new() }
    }
}

impl Server {
    /// Reads and checks a request. `key` is the client's own for the model's provider.
    pub(super) async fn asked(&self, session: Uuid, input: ChatInput, key: Option<&str>) -> Result<Asked, ApiError> {
        let chunks = input.stream.then(Arc::default);
        let Planned { plan, input, docs } = self.planned(session, input, KeyOf::given(key)).await?;
        let model = self.models.open(&plan.model, key).map_err(|error| models::unavailable(&error.to_string()))?;
        Ok(Asked { session, plan: Arc::new(plan), input, docs: docs.into(), model, chunks, parent: None })
    }

    /// What a request asks for, before its model is opened.
    pub(super) async fn planned(&self, session: Uuid, input: ChatInput, key: KeyOf) -> Result<Planned, ApiError> {
        let scene = self.scene(session, input.agent).await?;
        self.planned_in(&scene, input, key).await
    }

    /// What a request to a model asks for that no agent stands before.
    pub(super) async fn planned_for_model(
        &self,
        session: Uuid,
        model: String,
        input: ChatInput,
        key: KeyOf,
    ) -> Result<Planned, ApiError> {
        let session = self.get::<Sessions>(Item { parent: None, id: session }).await?;
        self.planned_in(&Scene::of_model(session, model), input, key).await
    }

    async fn planned_in(&self, scene: &Scene, input: ChatInput, key: KeyOf) -> Result<Planned, ApiError> {
        let agent = &scene.agents[scene.speaker];
        let Chosen { model, settings, mut warnings } = settings::chosen(&input, &agent.form);
        let model = self.model_named(model)?;
        let form = &scene.session.form;
        let tools = tools::joined(scene.tools.clone(), input.tools.clone().unwrap_or_default());
        check_choice(settings.tool_choice.as_ref(), &tools)?;
        let (limits, not_in_force) = limits::in_force(input.limits, form.limits, self.defaults.limits);
        warnings.extend(not_in_force);
        let docs = match &form.recall_options {
            Some(options) if input.recall => {
                self.recalled(options, &input.messages, agent.id, &scene.session.users).await?
            }
            Some(_) | None => Vec::new(),
        };
        let context = context(scene, &model, &tools, &docs, &input, &settings);
        let template = form.system_template.as_ref().or(agent.form.default_system_template.as_ref());
        let system_prompt = self.render(template.map_or("", String::as_str), &context)?;
        let posted = self.posted(input.messages, form.render_templates, &context, &mut warnings)?;
        let usually = self.defaults.auto_run_tools && !form.forward_tool_calls;
        let runs_here = input.auto_run_tools.or(form.auto_run_tools).unwrap_or(usually);
        let plan = Plan {
            keeping: if input.save { Keeping::Kept } else { Keeping::Forgotten },
            agent: agent.id,
            agent_name: agent.form.name.clone(),
            model,
            key,
            settings,
            system_prompt,
            tools,
            runs: if runs_here { Runs::Here } else { Runs::ByClient },
            policy: form.policy.clone().unwrap_or_else(|| self.defaults.policy.clone()),
            recall_tools: input.recall_tools,
            limits,
            token_budget: form.token_budget,
            overflow: form.context_overflow,
            warnings,
        };
        Ok(Planned { plan, input: posted, docs })
    }

    /// What the tools of a session's first agent ask of its sandbox.
    pub(crate) async fn sandbox_wishes(&self, session: Uuid) -> Result<SandboxWishes, ApiError> {
        Ok(tools::wishes(&self.scene(session, None).await?.tools))
    }

    async fn scene(&self, session: Uuid, speaker: Option<Uuid>) -> Result<Scene, ApiError> {
        let item = |id| Item { parent: None, id };
        let session = self.get::<Sessions>(item(session)).await?;
        let (mut agents, mut users) = (Vec::new(), Vec::new());
        for id in &session.agents {
            agents.push(self.get::<Agents>(item(*id)).await?);
        }
        for id in &session.users {
            users.push(self.get::<Users>(item(*id)).await?);
        }
        let speaker = match speaker {
            None => 0,
            Some(id) => agents.iter().position(|agent| agent.id == id).ok_or_else(|| {
                let fix = "Name one of the session's agents, or none for the first of them.";
                ApiError::bad_request(format!("The agent {id} does not take part in the session")).with_fix(fix)
            })?,
        };
        let Some(agent) = agents.get(speaker) else {
            return Err(ApiError::bad_request("The session has no agent any more"));
        };
        let tools = self.tools_of(agent.id).await?;
        Ok(Scene { session, agents, users, speaker, tools })
    }

    /// The tools of an agent.
    pub(crate) async fn tools_of(&self, agent: Uuid) -> Result<Vec<ToolDefinition>, ApiError> {
        let list = List {
            kind: Kind::Tool,
            parent: Some(agent),
            limit: PAGE_LIMIT,
            offset: 0,
            sort_by: SortBy::CreatedAt,
            direction: Direction::Ascending,
            metadata: Vec::new(),
        };
        let mut tools = Vec::new();
        for record in self.store.list(&list).await?.items {
            tools.push(self.view::<Tools>(&record).await?.definition);
        }
        Ok(tools)
    }

    /// The model that is asked for, or the server's own choice where none is.
    fn model_named(&self, name: String) -> Result<String, ApiError> {
        if name.is_empty() {
            let usual = self.defaults.model.clone().or_else(|| self.models.names().into_iter().next());
            let fix = "Name a model in the request or in its agent.";
            return usual.ok_or_else(|| ApiError::bad_request("No model is named").with_fix(fix));
        }
        models::check(self, &name).map(|()| name)
    }
}

impl KeyOf {
    pub(super) fn given(key: Option<&str>) -> Self {
        if key.is_some() { Self::Client } else { Self::Server }
    }
}

/// A choice names a tool that is offered.
fn check_choice(choice: Option<&ToolChoice>, tools: &[ToolDefinition]) -> Result<(), ApiError> {
    match choice {
        Some(ToolChoice::Function { name }) if tools.iter().all(|tool| tool.name != *name) => {
            let fix = "Name a tool of the agent or of the request.";
            Err(ApiError::bad_request(format!("`tool_choice` names `{name}`, which is not offered")).with_fix(fix))
        }
        Some(ToolChoice::Function { .. } | ToolChoice::Auto | ToolChoice::None | ToolChoice::Required) | None => Ok(()),
    }
}

/// What templates see.
fn context(
    scene: &Scene,
    model: &str,
    tools: &[ToolDefinition],
    docs: &[DocReference],
    input: &ChatInput,
    settings: &handspike_types::ModelSettings,
) -> Value {
    let agent = &scene.agents[scene.speaker];
    let mut settings = json!(settings);
    settings["model"] = json!(model);
    json!({
        "session": scene.session,
        "agent": agent,
        "current_agent": agent,
        "agents": scene.agents,
        "user": scene.users.first(),
        "users": scene.users,
        "settings": settings,
        "tools": tools,
        "docs": docs.iter().map(in_template).collect::<Vec<_>>(),
        "metadata": input.metadata,
    })
}

/// A document as templates see it.
fn in_template(doc: &DocReference) -> Value {
    json!({"title": doc.title, "content": [doc.snippet.content], "metadata": doc.metadata})
}

impl Server {
    /// The messages of a request. Those of system and assistant are templates, where the session says so; what was posted
    /// is kept beside what became of it.
    fn posted(
        &self,
        messages: Vec<Message>,
        are_templates: bool,
        context: &Value,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Said>, ApiError> {
        let mut posted = Vec::with_capacity(messages.len());
        for (index, message) in messages.into_iter().enumerate() {
            let Message { role, content, name, tool_call_id, tool_calls, .. } = message;
            if let Some(sentence) = messages::left_out(role, content.as_ref()) {
                let field = format!("messages[{index}].content");
                warnings.push(Warning { field, message: sentence.to_owned() });
            }
            let rendered = if are_templates { self.rendered(role, content.as_ref(), context)? } else { None };
            let body = EntryBody { content, rendered, name, tool_call_id, tool_calls, ..EntryBody::default() };
            posted.push(Said::new(EntrySource::ApiRequest, role, body));
        }
        Ok(posted)
    }
}
