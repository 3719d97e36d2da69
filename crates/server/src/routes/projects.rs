//! Projects: labels that agents and users are grouped by.

use handspike_api::{Metadata, Time};
use handspike_store::{Kind, NewRecord};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    error::ApiError,
    names,
    openapi::Api,
    resource::{Resource, ResourceRoutes as _, Stamp},
    server::Server,
};

const LIST: &str = "/projects";

/// The project of what names none. It is always there.
const USUAL: &str = "default";

/// What a project is created from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProjectForm {
    /// The project's name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// A name for programs, unique; one is made of the name where none is given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = r"^[a-zA-Z][a-zA-Z0-9_]*$")]
    pub canonical_name: Option<String>,
    /// What the client keeps with it.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata: Option<Metadata>,
}

/// A project as it is read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Project {
    /// Its id.
    pub id: Uuid,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: Time,
    /// All else.
    #[serde(flatten)]
    pub form: ProjectForm,
}

/// A project has a name for programs.
struct Projects;

pub(crate) fn routes() -> Api {
    Api::new().list::<Projects>(LIST).create::<Projects>(LIST)
}

/// The project that is always there.
pub(crate) fn usual() -> NewRecord {
    let body = [("name", USUAL), ("canonical_name", USUAL)];
    let body: Map<_, _> = body.into_iter().map(|(key, text)| (key.to_owned(), Value::from(text))).collect();
    NewRecord { name: Some(USUAL.to_owned()), body, ..NewRecord::new(Kind::Project) }
}

/// Makes sure that a project is there, and fills in the usual one where none is named.
pub(crate) async fn settle(server: &Server, project: &mut Option<String>) -> Result<(), ApiError> {
    let name = project.get_or_insert_with(|| USUAL.to_owned());
    match server.store.get_by_name(Kind::Project, None, name).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::not_found(format_args!("project with the canonical name {name}"))),
    }
}

impl Resource for Projects {
    const KIND: Kind = Kind::Project;

    type Form = ProjectForm;
    type Changes = ProjectForm;
    type View = Project;

    fn name(form: &ProjectForm) -> Option<&str> {
        form.canonical_name.as_deref()
    }

    async fn prepare(_: &Server, form: &mut ProjectForm, _: Option<&ProjectForm>) -> Result<(), ApiError> {
        form.canonical_name.get_or_insert_with(|| names::canonical(&form.name, "project"));
        form.metadata.get_or_insert_default();
        Ok(())
    }

    async fn view(_: &Server, stamp: Stamp, form: ProjectForm) -> Result<Project, ApiError> {
        let Stamp { id, created_at, updated_at } = stamp;
        Ok(Project { id, created_at, updated_at, form })
    }
}
