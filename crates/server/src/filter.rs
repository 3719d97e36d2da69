//! Lists by what their query says. Filters are matched here and not by the store, because one of them stands for several
//! values (`5` for the text and for the number) and looks into lists: whoever filters has all records of the kind read.

use handspike_api::{self as api, ListQuery};
use handspike_store::{Direction, Kind, List, Listed, PAGE_LIMIT, SortBy, Store, StoreError};
use uuid::Uuid;

/// A page of the records of a kind.
pub(crate) async fn listed(
    store: &Store,
    kind: Kind,
    parent: Option<Uuid>,
    query: &ListQuery,
) -> Result<Listed, StoreError> {
    let list = List {
        kind,
        parent,
        limit: query.limit,
        offset: query.offset,
        sort_by: match query.sort_by {
            api::SortBy::CreatedAt => SortBy::CreatedAt,
            api::SortBy::UpdatedAt => SortBy::UpdatedAt,
        },
        direction: match query.direction {
            api::Direction::Asc => Direction::Ascending,
            api::Direction::Desc => Direction::Descending,
        },
        metadata: Vec::new(),
    };
    if query.filters.is_empty() { store.list(&list).await } else { filtered(store, list, query).await }
}

async fn filtered(store: &Store, list: List, query: &ListQuery) -> Result<Listed, StoreError> {
    let mut found = Listed { items: Vec::new(), total: 0 };
    let window = query.offset..query.offset.saturating_add(u64::from(query.limit));
    let mut all = List { limit: PAGE_LIMIT, offset: 0, ..list };
    loop {
        let page = store.list(&all).await?;
        all.offset += page.items.len() as u64;
        let is_last = page.items.is_empty() || all.offset >= page.total;
        for record in page.items {
            if query.filters.iter().all(|filter| filter.matches(&record.metadata)) {
                if window.contains(&found.total) {
                    found.items.push(record);
                }
                found.total += 1;
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}
