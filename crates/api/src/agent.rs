//! Agents.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Metadata, Patch, Time, given::null_as_default};

/// What an agent is created from (POST) or reset to (PUT).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentForm {
    /// The agent's name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// A name for programs, unique; one is made of the name where none is given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = r"^[a-zA-Z][a-zA-Z0-9_]*$")]
    pub canonical_name: Option<String>,
    /// The canonical name of its project; the project `default` where none is given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = r"^[a-zA-Z][a-zA-Z0-9_]*$")]
    pub project: Option<String>,
    /// What the agent is.
    #[serde(default)]
    #[schema(max_length = 16000)]
    pub about: String,
    /// The model that it uses; empty for the server's default.
    #[serde(default)]
    pub model: String,
    /// What it is to do, a text or a list of texts; kept as a list.
    #[serde(default, deserialize_with = "one_or_several")]
    #[schema(value_type = Texts)]
    pub instructions: Vec<String>,
    /// Settings of a chat that stand where a request does not say otherwise.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub default_settings: Map<String, Value>,
    /// The system template of sessions that have none of their own; the built-in one where none is given.
    #[serde(default)]
    pub default_system_template: Option<String>,
    /// What the client keeps with it.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata: Metadata,
}

/// Any of an agent's fields (PATCH).
pub type AgentPatch = Patch<AgentForm>;

/// An agent as it is read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Agent {
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
    pub form: AgentForm,
}

/// A text or several.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::Several(texts) => texts,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{check::read_value, merge_patch};

    #[test]
    fn a_name_is_enough_and_the_rest_is_usual() {
        let form: AgentForm = read_value(json!({"name": "Ada", "nobody": "knows this"})).expect("fits");
        let expected = json!({
            "name": "Ada", "canonical_name": null, "project": null, "about": "", "model": "", "instructions": [],
            "default_settings": {}, "default_system_template": null, "metadata": {},
        });
        assert_eq!(serde_json::to_value(form).expect("JSON"), expected);
    }

    #[test]
    fn instructions_are_a_text_or_a_list_and_kept_as_a_list() {
        for (posted, kept) in [(json!("Be kind."), vec!["Be kind."]), (json!(["a", "b"]), vec!["a", "b"])] {
            let form: AgentForm = read_value(json!({"name": "Ada", "instructions": posted})).expect("fits");
            assert_eq!(form.instructions, kept);
        }
    }

    #[test]
    fn an_agent_is_read_as_one_object() {
        let form: AgentForm = read_value(json!({"name": "Ada"})).expect("fits");
        let time = "2026-03-01T12:00:00Z".to_owned();
        let agent = Agent { id: Uuid::nil(), created_at: time.clone(), updated_at: time, form };
        let json = serde_json::to_value(agent).expect("JSON");
        assert_eq!((&json["id"], &json["name"]), (&json!(Uuid::nil()), &json!("Ada")));
    }

    #[test]
    fn a_patch_needs_nothing_is_checked_and_keeps_what_is_known() {
        let patch: AgentPatch = read_value(json!({"about": "new", "nobody": 1})).expect("fits");
        assert_eq!(patch.clone().into_json(), json!({"about": "new"}));
        let form: AgentForm = read_value(json!({"name": "Ada", "metadata": {"x": 1}})).expect("fits");
        let merged = merge_patch(serde_json::to_value(form).expect("JSON"), patch.into_json());
        let merged: AgentForm = read_value(merged).expect("fits again");
        assert_eq!((merged.name.as_str(), merged.about.as_str()), ("Ada", "new"));
        let invalid = read_value::<AgentPatch>(json!({"name": "", "about": 5})).expect_err("both are wrong");
        assert_eq!(invalid.details.len(), 2);
    }

    #[test]
    fn a_patch_has_a_schema_of_its_own_name() {
        assert_eq!(AgentPatch::name(), "AgentPatch");
    }
}
