//! Documents of agents and of users, and their searches.

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use handspike_api::{
    Deleted, Doc, DocForm, DocOwner, DocReference, DocSearch, DocsFound, DocsToDelete, ListQuery, OwnerRole, Page,
    Snippet, TextSearch,
};
use handspike_store::{Found, Kind, Search, StoreError};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::{ToSchema, openapi::HttpMethod};
use uuid::Uuid;

use crate::{
    body::Checked,
    error::ApiError,
    ids::{Item, Scope},
    openapi::{Api, Described as _, Operation},
    resource::{Resource, Stamp, record_of},
    server::Server,
    time,
};

/// Documents of agents, or of users.
pub(crate) struct Docs<const OF_USERS: bool>;

/// What several documents were, which are no more.
#[derive(Serialize, ToSchema)]
struct DeletedDocs {
    /// Each of them.
    items: Vec<Deleted>,
}

pub(crate) fn routes() -> Api {
    let read = Operation::new(HttpMethod::Get, "/docs/{doc_id}", "Read doc").answers::<Doc>(200);
    routes_of::<false>("/agents/{agent_id}", "agent")
        .merge(routes_of::<true>("/users/{user_id}", "user"))
        .described(read, get)
}

fn routes_of<const OF_USERS: bool>(owner: &str, word: &str) -> Api {
    let (docs, doc, search) = (format!("{owner}/docs"), format!("{owner}/docs/{{doc_id}}"), format!("{owner}/search"));
    let operation =
        |method, path: &str, words: &str| Operation::new(method, path, &format!("{words} of {word}")).tagged("docs");
    Api::new()
        .described(
            operation(HttpMethod::Get, &docs, "List docs").with_list_query().answers_page::<Doc>(),
            list::<OF_USERS>,
        )
        .described(
            operation(HttpMethod::Post, &docs, "Create doc").takes::<DocForm>().answers::<Doc>(201),
            create::<OF_USERS>,
        )
        .described(
            operation(HttpMethod::Delete, &docs, "Delete docs").takes::<DocsToDelete>().answers::<DeletedDocs>(202),
            delete_several::<OF_USERS>,
        )
        .described(operation(HttpMethod::Delete, &doc, "Delete doc").answers::<Deleted>(202), delete::<OF_USERS>)
        .described(
            operation(HttpMethod::Post, &search, "Search docs").takes::<DocSearch>().answers::<DocsFound>(200),
            search_docs::<OF_USERS>,
        )
}

async fn list<const OF_USERS: bool>(
    State(server): State<Arc<Server>>,
    Scope(owner): Scope,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<Doc>>, ApiError> {
    let query = ListQuery::parse(&query.unwrap_or_default())?;
    server.list::<Docs<OF_USERS>>(owner, &query).await.map(Json)
}

async fn create<const OF_USERS: bool>(
    State(server): State<Arc<Server>>,
    Scope(owner): Scope,
    Checked(form): Checked<DocForm>,
) -> Result<(StatusCode, Json<Doc>), ApiError> {
    let owner = Docs::<OF_USERS>::owner(owner)?;
    Ok((StatusCode::CREATED, Json(server.create_doc(owner, form).await?)))
}

async fn delete<const OF_USERS: bool>(
    State(server): State<Arc<Server>>,
    item: Item,
) -> Result<(StatusCode, Json<Deleted>), ApiError> {
    // Agents and users have ids of one kind, so the path may name the one and mean the other.
    server.check_owner(Docs::<OF_USERS>::owner(item.parent)?).await?;
    Ok((StatusCode::ACCEPTED, Json(server.delete::<Docs<OF_USERS>>(item).await?)))
}

async fn delete_several<const OF_USERS: bool>(
    State(server): State<Arc<Server>>,
    Scope(owner): Scope,
    Checked(chosen): Checked<DocsToDelete>,
) -> Result<(StatusCode, Json<DeletedDocs>), ApiError> {
    let items = server.delete_docs(Docs::<OF_USERS>::owner(owner)?, chosen).await?;
    Ok((StatusCode::ACCEPTED, Json(DeletedDocs { items })))
}

async fn search_docs<const OF_USERS: bool>(
    State(server): State<Arc<Server>>,
    Scope(owner): Scope,
    Checked(search): Checked<DocSearch>,
) -> Result<Json<DocsFound>, ApiError> {
    server.search_docs(Docs::<OF_USERS>::owner(owner)?, search).await.map(Json)
}

async fn get(State(server): State<Arc<Server>>, Item { id, .. }: Item) -> Result<Json<Doc>, ApiError> {
    let record = server.store.get(Kind::Doc, id).await?;
    // What a document is does not depend on whose it is.
    server.view::<Docs<false>>(&record).await.map(Json)
}

impl Server {
    /// Makes a document of somebody who is there. The same title and content twice is a conflict.
    pub(crate) async fn create_doc(&self, owner: DocOwner, form: DocForm) -> Result<Doc, ApiError> {
        self.check_owner(owner).await?;
        let mut record = record_of::<Docs<false>>(Uuid::now_v7(), Some(owner.id), &form)?;
        record.name = Some(fingerprint(&form));
        let record = self.store.create_doc(record, &form.title, &form.content).await.map_err(|error| match error {
            StoreError::Duplicate { .. } => {
                let message = "There is another doc with this title and content";
                ApiError::http(StatusCode::CONFLICT, message).never_again()
            }
            error => error.into(),
        })?;
        self.view::<Docs<false>>(&record).await
    }

    /// Deletes those of an owner's documents that are chosen.
    pub(crate) async fn delete_docs(&self, owner: DocOwner, chosen: DocsToDelete) -> Result<Vec<Deleted>, ApiError> {
        self.check_owner(owner).await?;
        let filter: Vec<_> = match chosen.delete_all {
            true => Vec::new(),
            false if chosen.metadata_filter.is_empty() => return Ok(Vec::new()),
            false => chosen.metadata_filter.into_iter().collect(),
        };
        let deleted = |id| Deleted { id, deleted_at: time::now(), jobs: Vec::new() };
        Ok(self.store.delete_docs(owner.id, &filter).await?.into_iter().map(deleted).collect())
    }

    /// Searches the documents of one owner.
    pub(crate) async fn search_docs(&self, owner: DocOwner, search: DocSearch) -> Result<DocsFound, ApiError> {
        let began = Instant::now();
        let TextSearch { text, trigram_similarity_threshold, limit, lang, metadata_filter, .. } = match search {
            DocSearch::Text(search) => search,
            DocSearch::Vector(_) | DocSearch::Hybrid(_) => {
                let fix = "Give a `text` and no `vector`.";
                return Err(ApiError::bad_request("Vector search is not available yet").with_fix(fix));
            }
        };
        self.check_owner(owner).await?;
        let metadata = metadata_filter.into_iter().collect();
        let similarity = trigram_similarity_threshold;
        let search = Search { owners: vec![owner.id], text, lang, metadata, limit, similarity };
        let found = self.store.search(&search).await?;
        let docs = found.into_iter().map(|found| reference(found, owner.role)).collect();
        // Clients are told that it took some time, however little it was.
        Ok(DocsFound { docs, time: began.elapsed().as_secs_f64().max(1e-6) })
    }

    async fn check_owner(&self, owner: DocOwner) -> Result<(), ApiError> {
        let kind = match owner.role {
            OwnerRole::Agent => Kind::Agent,
            OwnerRole::User => Kind::User,
        };
        self.store.get(kind, owner.id).await?;
        Ok(())
    }
}

/// A document that was found, as clients read it.
pub(crate) fn reference(found: Found, role: OwnerRole) -> DocReference {
    let index = u32::try_from(found.index).unwrap_or(u32::MAX);
    DocReference {
        id: found.doc,
        owner: DocOwner { id: found.owner, role },
        title: Some(found.title),
        snippet: Snippet { index, content: found.snippet, embedding: None },
        distance: Some(found.distance),
        metadata: found.metadata,
    }
}

/// The same for the same title and content, and for nothing else.
fn fingerprint(form: &DocForm) -> String {
    let mut hash = Sha256::new();
    for text in [&form.title].into_iter().chain(&form.content) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<const OF_USERS: bool> Docs<OF_USERS> {
    const ROLE: OwnerRole = if OF_USERS { OwnerRole::User } else { OwnerRole::Agent };

    fn owner(id: Option<Uuid>) -> Result<DocOwner, ApiError> {
        id.map(|id| DocOwner { id, role: Self::ROLE }).ok_or_else(ApiError::internal)
    }
}

impl<const OF_USERS: bool> Resource for Docs<OF_USERS> {
    const KIND: Kind = Kind::Doc;
    const PARENT: Option<Kind> = Some(if OF_USERS { Kind::User } else { Kind::Agent });

    type Form = DocForm;
    type Changes = DocForm;
    type View = Doc;

    async fn prepare(_: &Server, _: &mut DocForm, _: Option<&DocForm>) -> Result<(), ApiError> {
        Ok(())
    }

    async fn view(_: &Server, stamp: Stamp, form: DocForm) -> Result<Doc, ApiError> {
        Ok(Doc::new(stamp.id, stamp.created_at, stamp.updated_at, form))
    }
}
