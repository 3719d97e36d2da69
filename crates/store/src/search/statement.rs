//! What the two databases are asked in their own words: one of the exceptions to what they share.

use sqlx::{AssertSqlSafe, any::AnyRow};
use uuid::Uuid;

use super::wanted::Wanted;
use crate::{Store, StoreError, metadata::wanted as wanted_leaves, open::Database, row::Columns};

/// Words of the vocabulary that are looked at for those that are spelt like one word.
const VOCABULARY: u32 = 2000;

/// Pieces whose vocabulary is looked at, on PostgreSQL, which has none of its own.
const SPOKEN: u32 = 1000;

/// A piece that has some of what is wanted.
pub(super) struct Candidate {
    pub(super) doc: Uuid,
    pub(super) owner: Uuid,
    pub(super) position: u64,
    pub(super) title: String,
    pub(super) content: String,
    pub(super) metadata: serde_json::Map<String, serde_json::Value>,
}

/// What stands for an owner among the words of a piece, so that the index itself looks at the owners' pieces only.
pub(super) fn scope(owner: Uuid) -> String {
    format!("owner{}", owner.simple())
}

impl Store {
    /// The likeliest pieces of some owners' documents.
    pub(super) async fn candidates(
        &self,
        owners: &[Uuid],
        wanted: &[Wanted],
        metadata: &[(String, serde_json::Value)],
        limit: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let (from, is_match, rank) = match self.database {
            Database::Sqlite => ("doc_index JOIN doc_chunks c ON c.id = doc_index.rowid", "doc_index MATCH $1", "rank"),
            Database::Postgres => (
                "doc_chunks c",
                "c.word_index @@ CAST($1 AS TSQUERY)",
                "ts_rank(c.word_index, CAST($1 AS TSQUERY)) DESC",
            ),
        };
        let mut text = format!(
            "SELECT c.doc AS doc, c.owner AS owner, c.position AS position, c.title AS title, c.content AS content, \
             r.metadata AS metadata FROM {from} JOIN resources r ON r.id = c.doc WHERE {is_match}"
        );
        let mut bound = vec![self.expression(owners, wanted)];
        for (path, value) in metadata.iter().flat_map(|(path, value)| wanted_leaves(path, value)) {
            let at = bound.len() + 1;
            text.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM metadata_leaves m WHERE m.resource = r.id AND m.path = ${at} AND m.value = ${})",
                at + 1,
            ));
            bound.extend([path, value]);
        }
        text.push_str(&format!(" ORDER BY {rank}, c.id LIMIT ${}", bound.len() + 1));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in bound {
            query = query.bind(value);
        }
        let mut transaction = self.read.begin().await?;
        if self.database == Database::Postgres {
            // Such an index is read by this kind of scan only, which is otherwise off.
            sqlx::query("SET LOCAL enable_bitmapscan = on").execute(&mut *transaction).await?;
        }
        let rows = query.bind(i64::from(limit)).fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        rows.iter().map(candidate).collect()
    }

    /// Words that begin like one of the wanted ones and are about as long; some of them, where there are very many.
    pub(super) async fn vocabulary(&self, owners: &[Uuid], wanted: &[&Wanted]) -> Result<Vec<String>, StoreError> {
        let (column, from) = match self.database {
            Database::Sqlite => ("term", "doc_words".to_owned()),
            Database::Postgres => {
                let owners: Vec<String> = owners.iter().map(|owner| format!("''{owner}''")).collect();
                let of = format!("owner IN ({}) ORDER BY id DESC LIMIT {SPOKEN}", owners.join(", "));
                ("word", format!("ts_stat('SELECT word_index FROM doc_chunks WHERE {of}')"))
            }
        };
        let mut bound = Vec::new();
        let mut parts = Vec::new();
        for word in wanted {
            let Some(first) = word.text.chars().next() else { continue };
            let (length, at) = (word.text.chars().count(), 2 * parts.len() + 1);
            // A range, as SQLite's table of words is in their order.
            bound.extend([first.to_string(), format!("{first}{}", char::MAX)]);
            parts.push(format!(
                "SELECT word FROM (SELECT {column} AS word FROM {from} WHERE {column} >= ${at} AND {column} < ${} \
                 AND length({column}) BETWEEN {} AND {} LIMIT {VOCABULARY}) w{at}",
                at + 1,
                length / 2,
                length * 2,
            ));
        }
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        // Nothing of a caller's is in the text but ids.
        let mut query = sqlx::query(AssertSqlSafe(parts.join(" UNION ")));
        for value in bound {
            query = query.bind(value);
        }
        let rows = query.fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(Columns::new("doc_chunks", row).text("word")?.to_owned())).collect()
    }

    /// Whether some owners have any documents.
    pub async fn has_docs(&self, owners: &[Uuid]) -> Result<bool, StoreError> {
        let places: Vec<String> = (1..=owners.len()).map(|place| format!("${place}")).collect();
        let text = format!("SELECT id FROM doc_chunks WHERE owner IN ({}) LIMIT 1", places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for owner in owners {
            query = query.bind(owner.to_string());
        }
        Ok(query.fetch_optional(&self.read).await?.is_some())
    }

    /// Any of the words, in a piece of any of the owners. Words have letters and digits only, so none is an operator.
    fn expression(&self, owners: &[Uuid], wanted: &[Wanted]) -> String {
        let (or, and, prefix) = match self.database {
            Database::Sqlite => (" OR ", " AND ", " *"),
            Database::Postgres => (" | ", " & ", ":*"),
        };
        let quote = match self.database {
            Database::Sqlite => '"',
            Database::Postgres => '\'',
        };
        let owners: Vec<String> = owners.iter().map(|owner| format!("{quote}{}{quote}", scope(*owner))).collect();
        let words: Vec<String> = wanted
            .iter()
            .flat_map(|word| {
                let stem = word.stem.as_ref().map(|stem| format!("{quote}{stem}{quote}{prefix}"));
                [Some(format!("{quote}{}{quote}", word.text)), stem]
            })
            .flatten()
            .collect();
        format!("({}){and}({})", owners.join(or), words.join(or))
    }
}

fn candidate(row: &AnyRow) -> Result<Candidate, StoreError> {
    let columns = Columns::new("doc_chunks", row);
    Ok(Candidate {
        doc: columns.uuid("doc")?,
        owner: columns.uuid("owner")?,
        position: columns.count("position")?,
        title: columns.text("title")?.to_owned(),
        content: columns.text("content")?.to_owned(),
        metadata: columns.json("metadata")?,
    })
}
