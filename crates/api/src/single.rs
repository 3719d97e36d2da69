//! Fields that can have one value only.

/// Declares a type for a text that is always the same, as the `type` that tells a shape from its siblings. Its schema is
/// written out, because the derive does not see through a macro's literal.
macro_rules! single {
    ($(#[$docs:meta])* $name:ident = $wire:literal) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            /// The one value.
            #[default]
            #[serde(rename = $wire)]
            It,
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$wire]))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use single;
