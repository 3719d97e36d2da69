//! Routes and their descriptions, added together. A description is made of the types that the handler takes and gives, so
//! generic handlers have one as well as others.

use std::sync::Arc;

use axum::{handler::Handler, routing::MethodRouter};
use handspike_api::{ErrorBody, Page};
use utoipa::{
    PartialSchema as _, ToSchema,
    openapi::{
        Components, Content, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
        ResponseBuilder, Schema, SecurityRequirement,
        path::{OperationBuilder, ParameterBuilder, ParameterIn, ParameterStyle},
        request_body::RequestBodyBuilder,
        schema::{KnownFormat, SchemaFormat, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{PathItemExt as _, router::OpenApiRouter};

use crate::server::Server;

/// The parameter that is all the rest of a path, slashes included.
const REST_OF_PATH: &str = "{path}";

/// Routes with their descriptions.
pub(crate) type Api = OpenApiRouter<Arc<Server>>;

/// Routes that take their description with them.
pub(crate) trait Described {
    /// Adds a route.
    fn described<H: Handler<T, Arc<Server>>, T: 'static>(self, operation: Operation, handler: H) -> Self;
}

impl Described for Api {
    fn described<H: Handler<T, Arc<Server>>, T: 'static>(mut self, operation: Operation, handler: H) -> Self {
        let Operation { method, path, description, schemas } = operation;
        // A description has no word for a parameter with slashes in it.
        let pattern = path.replace(REST_OF_PATH, "{*path}");
        let route = MethodRouter::new().on(method.to_method_filter(), handler);
        let document = self.get_openapi_mut();
        document.paths.add_path_operation(path, vec![method], description.build());
        document.components.get_or_insert_default().schemas.extend(schemas);
        self.route(&pattern, route)
    }
}

/// The description of a method of a path.
pub(crate) struct Operation {
    method: HttpMethod,
    path: String,
    description: OperationBuilder,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Operation {
    /// A method of a path, whose parameters are ids but for the rest of it, in words. Any of its answers may be an error.
    pub(crate) fn new(method: HttpMethod, path: &str, summary: &str) -> Self {
        let tag = path.split('/').nth(1).unwrap_or_default();
        let mut description = OperationBuilder::new()
            .summary(Some(summary))
            .operation_id(Some(summary.to_lowercase().replace(' ', "_")))
            .tag(tag);
        for segment in path.split('/') {
            if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                let text = ObjectBuilder::new().schema_type(Type::String);
                let (schema, words) = match segment {
                    REST_OF_PATH => (text.min_length(Some(1)), Some("The rest of the path, slashes included.")),
                    _ => (text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))), None),
                };
                let param = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).description(words);
                description = description.parameter(param.required(Required::True).schema(Some(schema)));
            }
        }
        let operation = Self { method, path: path.to_owned(), description, schemas: Vec::new() };
        operation.answers_with::<ErrorBody>("default", "An error")
    }

    /// The same among the operations of another group than the path's.
    pub(crate) fn tagged(mut self, tag: &str) -> Self {
        self.description = self.description.tags(Some([tag]));
        self
    }

    /// A body in JSON.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        let body = RequestBodyBuilder::new().content("application/json", self.content::<T>());
        self.description = self.description.request_body(Some(body.required(Some(Required::True)).build()));
        self
    }

    /// An answer in JSON that is no error.
    pub(crate) fn answers<T: ToSchema>(self, status: u16) -> Self {
        self.answers_with::<T>(&status.to_string(), "Done")
    }

    /// A body of any bytes.
    pub(crate) fn takes_bytes(mut self) -> Self {
        let body = RequestBodyBuilder::new().content("application/octet-stream", bytes());
        self.description = self.description.request_body(Some(body.required(Some(Required::True)).build()));
        self
    }

    /// An answer that is no JSON.
    pub(crate) fn answers_bytes(mut self, media_type: &str) -> Self {
        let response = ResponseBuilder::new().description("Done").content(media_type, bytes());
        self.description = self.description.response("200", response);
        self
    }

    /// An answer that is a stream of events, each of them such JSON.
    pub(crate) fn streams<T: ToSchema>(mut self) -> Self {
        let content = self.content::<T>();
        let response = ResponseBuilder::new().description("A stream of events").content("text/event-stream", content);
        self.description = self.description.response("200", response);
        self
    }

    /// An answer in JSON, or a stream of events, as the request asks.
    pub(crate) fn answers_or_streams<A: ToSchema, S: ToSchema>(mut self) -> Self {
        let (whole, piece) = (self.content::<A>(), self.content::<S>());
        let response = ResponseBuilder::new().description("Done").content("application/json", whole);
        self.description = self.description.response("200", response.content("text/event-stream", piece));
        self
    }

    /// Errors in a shape of their own.
    pub(crate) fn fails_with<T: ToSchema>(self) -> Self {
        self.answers_with::<T>("default", "An error")
    }

    /// An answer with a page of a list. Pages of different things have one name, so their schema stands where it is used.
    pub(crate) fn answers_page<T: ToSchema>(mut self) -> Self {
        self.content::<T>();
        let content = Content::new(Some(Page::<T>::schema()));
        let response = ResponseBuilder::new().description("Done").content("application/json", content);
        self.description = self.description.response("200", response);
        self
    }

    /// A parameter of the query that may be left out.
    pub(crate) fn with_query(mut self, name: &str, schema: impl Into<RefOr<Schema>>, words: &str) -> Self {
        let param = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(words));
        self.description = self.description.parameter(param.schema(Some(schema)));
        self
    }

    /// The parameters of a list.
    pub(crate) fn with_list_query(self) -> Self {
        let number = |least: f64| ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
        let word = |words: [&'static str; 2]| ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
        let mut listed = self
            .with_query("limit", number(1.0).maximum(Some(100.0)).default(Some(100.into())), "How many at most.")
            .with_query("offset", number(0.0).default(Some(0.into())), "How many are passed over.")
            .with_query("sort_by", word(["created_at", "updated_at"]), "By what they are sorted; created_at.")
            .with_query("direction", word(["asc", "desc"]), "In which order; desc.");
        let filter = ParameterBuilder::new().name("metadata_filter").parameter_in(ParameterIn::Query);
        let words = "What all of them have in their metadata: `metadata_filter.a.b=c`, or one JSON object.";
        let filter = filter.description(Some(words)).style(Some(ParameterStyle::DeepObject));
        listed.description = listed.description.parameter(filter.schema(Some(ObjectBuilder::new())));
        listed
    }

    fn answers_with<T: ToSchema>(mut self, status: &str, words: &str) -> Self {
        let response = ResponseBuilder::new().description(words).content("application/json", self.content::<T>());
        self.description = self.description.response(status, response);
        self
    }

    /// What names a type's schema, which is added to those of the document with all that it holds.
    fn content<T: ToSchema>(&mut self) -> Content {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Content::new(Some(Ref::from_schema_name(T::name())))
    }
}

fn bytes() -> Content {
    let bytes = ObjectBuilder::new().schema_type(Type::String);
    Content::new(Some(bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))))
}

/// The document without its paths.
pub(crate) fn document() -> OpenApi {
    let info = InfoBuilder::new().title("Handspike").version(env!("CARGO_PKG_VERSION")).build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let mut components = Components::new();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Auth-Key"))));
    let either = ["bearer", "key"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, []));
    OpenApiBuilder::new().info(info).components(Some(components)).security(Some(either)).build()
}
