//! Users.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Metadata, Patch, Time, given::null_as_default};

/// What a user is created from (POST) or reset to (PUT).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserForm {
    /// The user's name; it begins with no digit.
    #[serde(default)]
    #[schema(
        max_length = 120,
        pattern = r"^([\p{L}\p{Nl}\p{Pattern_Syntax}\p{Pattern_White_Space}]+[\p{ID_Start}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\p{Pattern_Syntax}\p{Pattern_White_Space}]*)?$"
    )]
    pub name: String,
    /// Who the user is.
    #[serde(default)]
    #[schema(max_length = 16000)]
    pub about: String,
    /// The canonical name of the user's project; the project `default` where none is given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = r"^[a-zA-Z][a-zA-Z0-9_]*$")]
    pub project: Option<String>,
    /// What the client keeps with the user.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata: Metadata,
}

/// Any of a user's fields (PATCH).
pub type UserPatch = Patch<UserForm>;

/// A user as read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct User {
    /// The user's id.
    pub id: Uuid,
    /// When the user was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When the user was changed last.
    #[schema(format = DateTime)]
    pub updated_at: Time,
    /// All else.
    #[serde(flatten)]
    pub form: UserForm,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::read_value;

    #[test]
    fn an_empty_object_is_a_user() {
        let form: UserForm = read_value(json!({})).expect("fits");
        assert_eq!(
            serde_json::to_value(&form).expect("JSON"),
            json!({"name": "", "about": "", "project": null, "metadata": {}})
        );
        read_value::<UserForm>(serde_json::to_value(form).expect("JSON")).expect("what is kept fits again");
    }
}
