//! Lists of records, in pages.

use serde_json::Value;
use sqlx::{AssertSqlSafe, any::AnyArguments, query::Query};
use uuid::Uuid;

use crate::{Kind, PAGE_LIMIT, Record, Store, StoreError, metadata::wanted, record::from_row, row::count};

/// Which records to list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Their kind.
    pub kind: Kind,
    /// Those that belong to this record; none for all of the kind.
    pub parent: Option<Uuid>,
    /// How many at most; no more than [`PAGE_LIMIT`] come.
    pub limit: u32,
    /// How many to pass over.
    pub offset: u64,
    /// What they are in the order of.
    pub sort_by: SortBy,
    /// From where.
    pub direction: Direction,
    /// Dotted paths into the metadata, and what must be there: all of it, compared as JSON values.
    pub metadata: Vec<(String, Value)>,
}

impl List {
    /// The newest hundred records of a kind.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            parent: None,
            limit: 100,
            offset: 0,
            sort_by: SortBy::CreatedAt,
            direction: Direction::Descending,
            metadata: Vec::new(),
        }
    }
}

/// The order of a list. Records of the same microsecond are in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// By the time of their making.
    CreatedAt,
    /// By the time of their last change.
    UpdatedAt,
}

/// From which end a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The oldest first.
    Ascending,
    /// The newest first.
    Descending,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The records of this page.
    pub items: Vec<Record>,
    /// How many there are on all pages.
    pub total: u64,
}

impl Store {
    /// Lists records. A parent that is not there has no records.
    pub async fn list(&self, list: &List) -> Result<Listed, StoreError> {
        let leaves: Vec<_> = list.metadata.iter().flat_map(|(path, value)| wanted(path, value)).collect();
        let mut which = String::from("FROM resources r WHERE r.kind = $1");
        let mut bound = vec![list.kind.as_str().to_owned()];
        if let Some(parent) = list.parent {
            which.push_str(" AND r.parent = $2");
            bound.push(parent.to_string());
        }
        for (path, value) in leaves {
            let at = bound.len() + 1;
            which.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM metadata_leaves m WHERE m.resource = r.id AND m.path = ${at} AND m.value = ${})",
                at + 1,
            ));
            bound.extend([path, value]);
        }
        let column = match list.sort_by {
            SortBy::CreatedAt => "created_at",
            SortBy::UpdatedAt => "updated_at",
        };
        let direction = match list.direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        let at = bound.len() + 1;
        // Nothing of a caller's is in the text, only the numbers of what is bound.
        let page = format!(
            "SELECT r.* {which} ORDER BY r.{column} {direction}, r.id {direction} LIMIT ${at} OFFSET ${}",
            at + 1
        );
        let rows = bind(sqlx::query(AssertSqlSafe(page)), &bound)
            .bind(i64::from(list.limit.min(PAGE_LIMIT)))
            .bind(count(list.offset))
            .fetch_all(&self.read)
            .await?;
        let items: Vec<_> = rows.iter().map(|row| from_row(list.kind, row)).collect::<Result<_, _>>()?;
        let total = bind(sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) AS total {which}"))), &bound)
            .fetch_one(&self.read)
            .await?;
        let total = crate::row::Columns::new("resources", &total).count("total")?;
        Ok(Listed { items, total })
    }
}

fn bind<'q>(query: Query<'q, sqlx::Any, AnyArguments>, values: &[String]) -> Query<'q, sqlx::Any, AnyArguments> {
    values.iter().fold(query, |query, value| query.bind(value.clone()))
}
