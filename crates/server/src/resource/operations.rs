//! What can be done with any resource.

use handspike_api::{Deleted, ListQuery, Page, Patch, check, merge_patch};
use handspike_store::{Expected, Record, StoreError};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Resource, Stamp,
    record::{form_of, object_of, record_of},
};
use crate::{error::ApiError, filter, ids::Item, server::Server, time};

/// How often a patch is merged anew because somebody else was faster.
const ATTEMPTS: usize = 20;

impl Server {
    /// A page of the resources of a kind, or of those of a parent.
    pub(crate) async fn list<R: Resource>(
        &self,
        parent: Option<Uuid>,
        query: &ListQuery,
    ) -> Result<Page<R::View>, ApiError> {
        self.check_parent::<R>(parent).await?;
        let listed = filter::listed(&self.store, R::KIND, parent, query).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for record in &listed.items {
            match self.view::<R>(record).await {
                // Deleted in this moment.
                Err(error) if error.is_not_found() => {}
                view => items.push(view?),
            }
        }
        Ok(Page { items, total: listed.total })
    }

    /// Makes a resource.
    pub(crate) async fn create<R: Resource>(
        &self,
        parent: Option<Uuid>,
        mut form: R::Form,
    ) -> Result<R::View, ApiError> {
        self.check_parent::<R>(parent).await?;
        R::prepare(self, &mut form, None).await?;
        let record = self.store.create(record_of::<R>(Uuid::now_v7(), parent, &form)?).await?;
        self.view::<R>(&record).await
    }

    /// Reads a resource.
    pub(crate) async fn get<R: Resource>(&self, item: Item) -> Result<R::View, ApiError> {
        self.view::<R>(&self.record::<R>(item).await?).await
    }

    /// Puts a form in the place of a resource's.
    pub(crate) async fn put<R: Resource>(&self, item: Item, mut form: R::Form) -> Result<R::View, ApiError> {
        let before = form_of::<R>(&self.record::<R>(item).await?)?;
        R::prepare(self, &mut form, Some(&before)).await?;
        let record = self.store.replace(record_of::<R>(item.id, item.parent, &form)?, Expected::Any).await?;
        self.view::<R>(&record).await
    }

    /// Changes what is named. Of two who change the same thing at the same time neither undoes the other's work.
    pub(crate) async fn patch<R: Resource>(&self, item: Item, patch: Patch<R::Changes>) -> Result<R::View, ApiError> {
        let patch = patch.into_json();
        let mut attempts = 1;
        loop {
            let record = self.record::<R>(item).await?;
            let before = form_of::<R>(&record)?;
            let merged = merge_patch(Value::Object(object_of::<R>(&before)?), patch.clone());
            let mut form: R::Form = check::read_value(merged)?;
            R::prepare(self, &mut form, Some(&before)).await?;
            let new = record_of::<R>(item.id, item.parent, &form)?;
            match self.store.replace(new, Expected::UpdatedAt(record.updated_at)).await {
                Err(StoreError::Changed { .. }) if attempts < ATTEMPTS => attempts += 1,
                replaced => return self.view::<R>(&replaced?).await,
            }
        }
    }

    /// Puts a form in the place of a resource's, or makes it under this id.
    pub(crate) async fn create_or_update<R: Resource>(
        &self,
        item: Item,
        mut form: R::Form,
    ) -> Result<R::View, ApiError> {
        let before = match self.store.get(R::KIND, item.id).await {
            Ok(record) => Some(form_of::<R>(&record)?),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        R::prepare(self, &mut form, before.as_ref()).await?;
        let record = self.store.create_or_replace(record_of::<R>(item.id, item.parent, &form)?).await?;
        self.view::<R>(&record).await
    }

    /// Deletes a resource and what belongs to it.
    pub(crate) async fn delete<R: Resource>(&self, item: Item) -> Result<Deleted, ApiError> {
        if R::PARENT.is_some() {
            self.record::<R>(item).await?;
        }
        self.store.delete(R::KIND, item.id).await?;
        Ok(Deleted { id: item.id, deleted_at: time::now(), jobs: Vec::new() })
    }

    /// What a client reads of a record.
    pub(crate) async fn view<R: Resource>(&self, record: &Record) -> Result<R::View, ApiError> {
        R::view(self, Stamp::of(record), form_of::<R>(record)?).await
    }

    /// The record, if it is where the path says.
    async fn record<R: Resource>(&self, Item { parent, id }: Item) -> Result<Record, ApiError> {
        let record = self.store.get(R::KIND, id).await?;
        if record.parent == parent { Ok(record) } else { Err(StoreError::NotFound { kind: R::KIND, id }.into()) }
    }

    async fn check_parent<R: Resource>(&self, parent: Option<Uuid>) -> Result<(), ApiError> {
        if let (Some(kind), Some(id)) = (R::PARENT, parent) {
            self.store.get(kind, id).await?;
        }
        Ok(())
    }
}
