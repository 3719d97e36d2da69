//! The shapes of the sessions API and their check.
//!
//! A request's body is a struct here, in a file of its own. The ranges of its fields are written once, as attributes of
//! its OpenAPI schema; [`check::read`] holds a body against that schema, makes lax values exact (`"5"` for 5) and then
//! reads it. Answers are structs too; what they leave unset is written as null.
//!
//! What a client posts is kept as posted where a history must give it back ([`Posted`]); what a client left out and what
//! it set to null are told apart where that matters ([`Given`]). Times are RFC 3339 texts in UTC ([`Time`]). There is no
//! HTTP here, no SQL, and nothing that waits.

mod agent;
mod call;
mod chat_input;
mod chat_response;
pub mod check;
mod content;
mod deleted;
mod doc;
mod doc_reference;
mod doc_search;
mod error_body;
mod event;
mod given;
mod history;
mod job;
mod limits;
mod list_query;
mod log_probs;
mod message;
mod metadata_filter;
mod page;
mod patch;
mod policy;
mod posted;
mod recall;
mod render;
mod response_format;
mod session;
mod session_error;
mod settings;
mod single;
mod tool;
mod tool_choice;
mod user;

pub use agent::{Agent, AgentForm, AgentPatch};
pub use call::{
    BashCall, CallType, ChosenCall, ComputerCall, ComputerVerb, EditorCall, EditorVerb, FunctionCall, NestedCall,
    StoredCall,
};
pub use chat_input::ChatInput;
pub use chat_response::{
    CallDelta, ChatResponse, Choice, ChunkChatResponse, ChunkChoice, Delta, FinishReason, FunctionDelta, StopDetails,
    StopLimit, Usage, Warning,
};
pub use content::{
    Content, ImageDetail, ImagePart, ImageSource, ImageUrl, ImageUrlPart, ImageUrlTag, Part, TextPart,
    ToolResultContent, ToolResultPart,
};
pub use deleted::Deleted;
pub use doc::{Doc, DocForm, DocsToDelete};
pub use doc_reference::{DocOwner, DocReference, OwnerRole, Snippet};
pub use doc_search::{DocSearch, DocsFound, HybridSearch, TextSearch, VectorSearch};
pub use error_body::{ErrorBody, ErrorInfo};
pub use event::SessionEvent;
pub use given::{Given, Metadata, Time};
pub use history::{Entry, EntrySource, History, Relation};
pub use job::{JobState, JobStatus};
pub use limits::Limits;
pub use list_query::{Direction, ListError, ListQuery, SortBy};
pub use log_probs::{LogProbs, TokenLogProb, TopLogProb};
pub use message::{Message, MessageOut, Role};
pub use metadata_filter::MetadataFilter;
pub use page::Page;
pub use patch::{Patch, merge_patch};
pub use policy::{Approval, ApprovalForm, ApprovalState, Policy, PolicyRule, Verdict};
pub use posted::Posted;
pub use recall::{HybridRecall, RecallOptions, TextRecall, VectorRecall};
pub use render::RenderResponse;
pub use response_format::{ResponseFormat, SchemaFormat, SimpleFormat, SimpleFormatType};
pub use session::{ContextOverflow, NewSession, Participants, Session, SessionForm, SessionKind, SessionPatch};
pub use session_error::SessionError;
pub use settings::ChatSettings;
pub use tool::*;
pub use tool_choice::{Automatic, NamedTool, ToolChoice};
pub use user::{User, UserForm, UserPatch};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
