//! The routes of resources. Each handler is the operation of its name.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use handspike_api::{Deleted, ListQuery, Page, Patch};
use utoipa::openapi::HttpMethod;

use super::Resource;
use crate::{
    body::Checked,
    error::ApiError,
    ids::{Item, Scope},
    openapi::{Api, Described as _, Operation},
    server::Server,
};

/// Adds the routes that resources have. `path` is that of the list, `item` that of one.
pub(crate) trait ResourceRoutes: Sized {
    /// GET of the list.
    fn list<R: Resource>(self, path: &str) -> Self;
    /// POST to the list.
    fn create<R: Resource>(self, path: &str) -> Self;
    /// GET of one.
    fn get<R: Resource>(self, item: &str) -> Self;
    /// PUT and PATCH of one.
    fn update<R: Resource>(self, item: &str) -> Self;
    /// POST to one.
    fn create_or_update<R: Resource>(self, item: &str) -> Self;
    /// DELETE of one, with the status that its answer has.
    fn delete<R: Resource>(self, item: &str, status: StatusCode) -> Self;
}

impl ResourceRoutes for Api {
    fn list<R: Resource>(self, path: &str) -> Self {
        let operation = Operation::new(HttpMethod::Get, path, &format!("List {}s", R::KIND)).with_list_query();
        self.described(operation.answers_page::<R::View>(), list::<R>)
    }

    fn create<R: Resource>(self, path: &str) -> Self {
        let operation = Operation::new(HttpMethod::Post, path, &format!("Create {}", R::KIND));
        self.described(operation.takes::<R::Form>().answers::<R::View>(201), create::<R>)
    }

    fn get<R: Resource>(self, item: &str) -> Self {
        let operation = Operation::new(HttpMethod::Get, item, &format!("Read {}", R::KIND));
        self.described(operation.answers::<R::View>(200), get::<R>)
    }

    fn update<R: Resource>(self, item: &str) -> Self {
        let put = Operation::new(HttpMethod::Put, item, &format!("Replace {}", R::KIND));
        let patch = Operation::new(HttpMethod::Patch, item, &format!("Change {}", R::KIND));
        self.described(put.takes::<R::Form>().answers::<R::View>(200), put_one::<R>)
            .described(patch.takes::<Patch<R::Changes>>().answers::<R::View>(200), patch_one::<R>)
    }

    fn create_or_update<R: Resource>(self, item: &str) -> Self {
        let operation = Operation::new(HttpMethod::Post, item, &format!("Create or replace {}", R::KIND));
        self.described(operation.takes::<R::Form>().answers::<R::View>(201), create_or_update::<R>)
    }

    fn delete<R: Resource>(self, item: &str, status: StatusCode) -> Self {
        let operation = Operation::new(HttpMethod::Delete, item, &format!("Delete {}", R::KIND));
        let handler = async move |State(server): State<Arc<Server>>, item: Item| {
            server.delete::<R>(item).await.map(|deleted| (status, Json(deleted)))
        };
        self.described(operation.answers::<Deleted>(status.as_u16()), handler)
    }
}

type Answer<T> = Result<Json<T>, ApiError>;
type Created<T> = Result<(StatusCode, Json<T>), ApiError>;

async fn list<R: Resource>(
    State(server): State<Arc<Server>>,
    Scope(parent): Scope,
    RawQuery(query): RawQuery,
) -> Answer<Page<R::View>> {
    let query = ListQuery::parse(&query.unwrap_or_default())?;
    server.list::<R>(parent, &query).await.map(Json)
}

async fn create<R: Resource>(
    State(server): State<Arc<Server>>,
    Scope(parent): Scope,
    Checked(form): Checked<R::Form>,
) -> Created<R::View> {
    Ok((StatusCode::CREATED, Json(server.create::<R>(parent, form).await?)))
}

async fn get<R: Resource>(State(server): State<Arc<Server>>, item: Item) -> Answer<R::View> {
    server.get::<R>(item).await.map(Json)
}

async fn put_one<R: Resource>(
    State(server): State<Arc<Server>>,
    item: Item,
    Checked(form): Checked<R::Form>,
) -> Answer<R::View> {
    server.put::<R>(item, form).await.map(Json)
}

async fn patch_one<R: Resource>(
    State(server): State<Arc<Server>>,
    item: Item,
    Checked(patch): Checked<Patch<R::Changes>>,
) -> Answer<R::View> {
    server.patch::<R>(item, patch).await.map(Json)
}

async fn create_or_update<R: Resource>(
    State(server): State<Arc<Server>>,
    item: Item,
    Checked(form): Checked<R::Form>,
) -> Created<R::View> {
    Ok((StatusCode::CREATED, Json(server.create_or_update::<R>(item, form).await?)))
}
