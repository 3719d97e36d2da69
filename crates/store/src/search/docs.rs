//! Storing documents with their pieces, and searching them.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    rank::scores,
    snippet::snippet,
    statement::{Candidate, scope},
    wanted::{Wanted, alike, wanted},
    words::{indexed, words},
};
use crate::{
    Kind, NewRecord, Record, Store, StoreError,
    metadata::wanted as wanted_leaves,
    record::insert,
    row::{Columns, count, plain},
};

/// How many owners a search may have, and documents it may find.
const MOST: u32 = 50;

/// Pieces that are compared for each document that is wanted: several may be of one document.
const CANDIDATES: u32 = 3;

/// A search for documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Whose documents; the first 50.
    pub owners: Vec<Uuid>,
    /// What they should be about.
    pub text: String,
    /// The language of the text, such as `en` or `de-CH`.
    pub lang: String,
    /// Dotted paths into their metadata, and what must be there.
    pub metadata: Vec<(String, Value)>,
    /// How many at most; no more than 50 come.
    pub limit: u32,
    /// How alike the spelling of words must be that stand in for wanted ones, from 0 to 1; none for no such words.
    pub similarity: Option<f64>,
}

/// A document that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its id.
    pub doc: Uuid,
    /// Whose it is.
    pub owner: Uuid,
    /// Its title.
    pub title: String,
    /// Its metadata.
    pub metadata: Map<String, Value>,
    /// Which of its pieces fits best, from 0.
    pub index: u64,
    /// What of the piece fits best: all of it, unless it is long.
    pub snippet: String,
    /// How far it is from what was wanted, between 0 and 1.
    pub distance: f64,
}

impl Store {
    /// Stores a document: a record of the kind that belongs to its owner, and the pieces by which it is found. A document
    /// is never [replaced](Self::replace), as its pieces would not be.
    pub async fn create_doc(&self, record: NewRecord, title: &str, pieces: &[String]) -> Result<Record, StoreError> {
        let owner = record.parent.unwrap_or_default();
        let mut transaction = self.write.begin().await?;
        let record = insert(&mut transaction, NewRecord { kind: Kind::Doc, ..record }).await?;
        for (position, piece) in (0..).zip(pieces) {
            sqlx::query(
                "INSERT INTO doc_chunks (doc, position, owner, title, content, words) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(record.id.to_string())
            .bind(count(position))
            .bind(owner.to_string())
            .bind(plain(title, "a title")?)
            .bind(plain(piece, "a document")?)
            .bind(indexed([title, piece], scope(owner)))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(record)
    }

    /// Deletes those of an owner's documents that have some metadata, or all of them where none is asked for. Gives back
    /// their ids.
    pub async fn delete_docs(&self, owner: Uuid, metadata: &[(String, Value)]) -> Result<Vec<Uuid>, StoreError> {
        let mut text = String::from("DELETE FROM resources WHERE kind = $1 AND parent = $2");
        let mut bound = vec![Kind::Doc.as_str().to_owned(), owner.to_string()];
        for (path, value) in metadata.iter().flat_map(|(path, value)| wanted_leaves(path, value)) {
            let at = bound.len() + 1;
            text.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM metadata_leaves m WHERE m.resource = id AND m.path = ${at} AND m.value = ${})",
                at + 1,
            ));
            bound.extend([path, value]);
        }
        text.push_str(" RETURNING id");
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in bound {
            query = query.bind(value);
        }
        let mut transaction = self.write.begin().await?;
        let rows = query.fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        rows.iter().map(|row| Columns::new("resources", row).uuid("id")).collect()
    }

    /// Searches documents by words, the best first: each document once, with the piece of it that fits best.
    pub async fn search(&self, search: &Search) -> Result<Vec<Found>, StoreError> {
        let limit = search.limit.min(MOST);
        let owners = &search.owners[..search.owners.len().min(MOST as usize)];
        let mut wanted = wanted(&search.text, &search.lang);
        if wanted.is_empty() || owners.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let most = limit * CANDIDATES;
        let mut candidates = self.candidates(owners, &wanted, &search.metadata, most).await?;
        // Where all pieces with any of the words are there, what stands in none of them may be misspelt.
        if let Some(similarity) = search.similarity
            && candidates.len() < most as usize
        {
            let more = self.spelt_alike(owners, &wanted, &candidates, similarity).await?;
            if !more.is_empty() {
                wanted.extend(more);
                candidates = self.candidates(owners, &wanted, &search.metadata, most).await?;
            }
        }
        Ok(best(&wanted, candidates, limit as usize))
    }

    /// Words that are spelt like those that stand nowhere in the pieces.
    async fn spelt_alike(
        &self,
        owners: &[Uuid],
        wanted: &[Wanted],
        pieces: &[Candidate],
        threshold: f64,
    ) -> Result<Vec<Wanted>, StoreError> {
        /// How many words are looked up: a search with more finds something with those that are spelt well.
        const LOOKED_UP: usize = 8;
        /// Letters that a word must have for others to be like it.
        const SHORTEST: usize = 4;
        let said: HashSet<String> = pieces
            .iter()
            .flat_map(|piece| words(&piece.title).into_iter().chain(words(&piece.content)))
            .map(|word| word.text)
            .collect();
        let is_missing = |word: &&Wanted| !said.contains(&word.text) && !said.iter().any(|said| word.is(said));
        let missing: Vec<&Wanted> = wanted
            .iter()
            .rev()
            .filter(|word| word.text.chars().count() >= SHORTEST)
            .filter(is_missing)
            .take(LOOKED_UP)
            .collect();
        if missing.is_empty() || (pieces.is_empty() && !self.has_docs(owners).await?) {
            return Ok(Vec::new());
        }
        let vocabulary = self.vocabulary(owners, &missing).await?;
        Ok(missing.into_iter().flat_map(|word| alike(word, &vocabulary, threshold)).collect())
    }
}

/// Each document once, the best first, with the piece of it that has the most of what is wanted. A title speaks for its
/// document, and for none of its pieces.
fn best(wanted: &[Wanted], candidates: Vec<Candidate>, limit: usize) -> Vec<Found> {
    let texts: Vec<(&str, &str)> =
        candidates.iter().map(|candidate| (candidate.title.as_str(), candidate.content.as_str())).collect();
    let untitled: Vec<(&str, &str)> = texts.iter().map(|(_, content)| ("", *content)).collect();
    let (with_title, without) = (scores(wanted, &texts), scores(wanted, &untitled));
    let mut docs: HashMap<Uuid, (f64, usize)> = HashMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let (score, piece) = docs.entry(candidate.doc).or_insert((0.0, index));
        *score = score.max(with_title[index]);
        let shown = &candidates[*piece];
        let is_better = without[index].total_cmp(&without[*piece]).then(shown.position.cmp(&candidate.position));
        if is_better.is_gt() {
            *piece = index;
        }
    }
    let mut docs: Vec<(f64, usize)> = docs.into_values().collect();
    docs.retain(|(score, _)| *score > 0.0);
    docs.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| candidates[*one].doc.cmp(&candidates[*other].doc)));
    docs.truncate(limit);
    let found = |(score, piece): (f64, usize)| {
        let Candidate { doc, owner, position, title, content, metadata } = &candidates[piece];
        Found {
            doc: *doc,
            owner: *owner,
            title: title.clone(),
            metadata: metadata.clone(),
            index: *position,
            snippet: snippet(wanted, content).to_owned(),
            distance: 1.0 / (1.0 + score),
        }
    };
    docs.into_iter().map(found).collect()
}
