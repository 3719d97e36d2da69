//! Sandboxes as Docker containers, and the images they start from; and the user's own machine, where there is none.
//!
//! [`Engine`] is the connection to Docker; [`Images`] builds what sandboxes start from; [`DockerSource`] makes a
//! session's sandbox: a container, locked down, of an image that the guest binary was put into (`ready_image`), with the
//! guest as PID 1 ([`container`]), spoken to over one exec stream that carries MCP ([`connection`]). Who owns a container is written on it ([`owner`]), so that
//! what a crashed owner left behind can be found and removed ([`reap`]) without touching what others still use.
//! Files go in and out through the guest, too (`files`).
//!
//! [`HostSource`] runs the same tools in this process, with nothing around them.
//!
//! The guest is taken for hostile: what it says is bounded, parsed with care and passed on as data only.

mod answer;
pub mod connection;
pub mod container;
mod engine;
pub mod exec;
mod files;
mod guest_binary;
mod guest_stream;
mod host;
mod images;
mod outline;
pub mod owner;
mod permission;
mod picture;
mod post_mortem;
mod ready_image;
pub mod reap;
mod sandbox;
mod spec;

pub use engine::{Engine, EngineError};
pub use guest_binary::{GuestBinary, GuestMissing};
pub use host::{HostError, HostSource};
pub use images::{BuildError, BuildOptions, BuiltIn, Images};
pub use sandbox::{DockerSandbox, DockerSource, SandboxError};
pub use spec::{Mount, Network, SandboxSpec, Screen, ServerClaim, SpecError};
