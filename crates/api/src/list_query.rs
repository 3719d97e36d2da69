//! The query of a list: which of its things, in which order.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::{
    MetadataFilter,
    check::{self, Invalid},
};

/// The parameter of filters, and their prefix.
const FILTER: &str = "metadata_filter";

/// Which things of a list are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// How many at most, 1 to 100.
    pub limit: u32,
    /// How many are passed over.
    pub offset: u64,
    /// By what they are sorted.
    pub sort_by: SortBy,
    /// In which order.
    pub direction: Direction,
    /// What all of them have in their metadata.
    pub filters: Vec<MetadataFilter>,
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum SortBy {
    #[default]
    CreatedAt,
    UpdatedAt,
}

/// In which order a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The oldest first.
    Asc,
    /// The newest first.
    #[default]
    Desc,
}

/// What is wrong with a list's query.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ListError {
    /// For an answer 400.
    #[error("Limit must be between 1 and 100")]
    Limit,
    /// For an answer 400.
    #[error("Offset must be >= 0")]
    Offset,
    /// For an answer 422.
    #[error("{0}")]
    Invalid(Invalid),
}

/// The parameters of a list as its documentation names them.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ListParams {
    #[serde(default = "hundred")]
    #[schema(default = hundred)]
    limit: i64,
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    sort_by: SortBy,
    #[serde(default)]
    direction: Direction,
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    metadata_filter: Option<Map<String, Value>>,
}

impl Default for ListQuery {
    fn default() -> Self {
        let (sort_by, direction) = (SortBy::default(), Direction::default());
        Self { limit: 100, offset: 0, sort_by, direction, filters: Vec::new() }
    }
}

impl ListQuery {
    /// Reads the part of a URL behind `?`. Filters are `metadata_filter.KEY=VALUE`, where KEY may be several joined by
    /// dots, or `metadata_filter=` with a JSON object; parameters that are not known are ignored.
    pub fn parse(query: &str) -> Result<Self, ListError> {
        let (mut params, mut filters) = (Map::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.strip_prefix(FILTER) {
                Some("") => {
                    let value = serde_json::from_str(&value).unwrap_or_else(|_| Value::String(value.into_owned()));
                    params.insert(FILTER.to_owned(), value);
                }
                Some(path) if path.starts_with('.') => {
                    let path = path[1..].split('.').map(str::to_owned).collect();
                    filters.push(MetadataFilter { path, text: value.into_owned() });
                }
                Some(_) | None => {
                    params.insert(name.into_owned(), Value::String(value.into_owned()));
                }
            }
        }
        let params: ListParams = check::read_value(Value::Object(params)).map_err(ListError::Invalid)?;
        flatten(&mut Vec::new(), params.metadata_filter.unwrap_or_default(), &mut filters);
        let limit = u32::try_from(params.limit).ok().filter(|limit| (1..=100).contains(limit));
        let limit = limit.ok_or(ListError::Limit)?;
        let offset = u64::try_from(params.offset).map_err(|_| ListError::Offset)?;
        Ok(Self { limit, offset, sort_by: params.sort_by, direction: params.direction, filters })
    }
}

fn hundred() -> i64 {
    100
}

/// The filters that a JSON object stands for.
fn flatten(path: &mut Vec<String>, map: Map<String, Value>, filters: &mut Vec<MetadataFilter>) {
    for (key, value) in map {
        path.push(key);
        match value {
            Value::Object(inner) => flatten(path, inner, filters),
            Value::Array(items) => {
                filters.extend(items.iter().map(|item| MetadataFilter { path: path.clone(), text: text_of(item) }));
            }
            scalar => filters.push(MetadataFilter { path: path.clone(), text: text_of(&scalar) }),
        }
        path.pop();
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::DetailType;

    #[test]
    fn without_parameters_it_is_the_newest_hundred() {
        assert_eq!(ListQuery::parse(""), Ok(ListQuery::default()));
        assert_eq!(ListQuery::parse("connection_pool=x&limit=100"), Ok(ListQuery::default()));
    }

    #[test]
    fn what_is_given_is_read() {
        let filter = |path: &[&str], text: &str| MetadataFilter {
            path: path.iter().copied().map(str::to_owned).collect(),
            text: text.to_owned(),
        };
        let query = "limit=1&offset=7&sort_by=updated_at&direction=asc&metadata_filter.a.b=x%20y&metadata_filter.n=5";
        let expected = ListQuery {
            limit: 1,
            offset: 7,
            sort_by: SortBy::UpdatedAt,
            direction: Direction::Asc,
            filters: vec![filter(&["a", "b"], "x y"), filter(&["n"], "5")],
        };
        assert_eq!(ListQuery::parse(query), Ok(expected));
        let as_json =
            ListQuery::parse("metadata_filter=%7B%22a%22:%7B%22b%22:%22x%22%7D,%22l%22:[1,2]%7D").expect("fits");
        assert_eq!(as_json.filters, [filter(&["a", "b"], "x"), filter(&["l"], "1"), filter(&["l"], "2")]);
    }

    #[test]
    fn limit_and_offset_out_of_range_have_errors_of_their_own() {
        for (query, error) in [
            ("limit=0", ListError::Limit),
            ("limit=101", ListError::Limit),
            ("limit=-1", ListError::Limit),
            ("limit=9999999999", ListError::Limit),
            ("offset=-1", ListError::Offset),
        ] {
            assert_eq!(ListQuery::parse(query), Err(error), "{query}");
        }
        for query in ["limit=1", "limit=100", "offset=0", "offset=99999999999"] {
            ListQuery::parse(query).expect(query);
        }
    }

    #[test]
    fn what_is_no_number_or_no_order_is_told_with_its_place() {
        for (query, kind, loc) in [
            ("limit=ten", DetailType::IntParsing, "limit"),
            ("offset=1.5", DetailType::IntParsing, "offset"),
            ("sort_by=name", DetailType::LiteralError, "sort_by"),
            ("direction=up", DetailType::LiteralError, "direction"),
            ("metadata_filter=x", DetailType::DictType, "metadata_filter"),
        ] {
            let Err(ListError::Invalid(invalid)) = ListQuery::parse(query) else { panic!("{query} is wrong") };
            let told: Vec<_> = invalid.details.iter().map(|detail| (detail.kind, detail.loc.as_str())).collect();
            assert_eq!(told, [(kind, loc)], "{query}");
        }
    }
}
