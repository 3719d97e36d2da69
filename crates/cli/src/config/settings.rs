//! The configuration as values. Each key is read here and nowhere else.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use handspike_core::Limits;
use handspike_runtime::{ModelKey, ModelOffer, check_model_name};
use handspike_sandbox::Network;
use handspike_store::Location;
use handspike_telemetry::{Protocol, TraceConfig};
use handspike_types::with_causes;
use handspike_web::{ApiKey, Origin};
use tracing_subscriber::EnvFilter;

use super::{
    keys::Key,
    layer::{Given, Layers},
};
use crate::{address::parse_address, exit::Failure, state_folder::state_folder, units};

/// What a server is told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The clients' key, where one is given.
    pub(crate) api_key: Option<ApiKey>,
    /// Names of the server beside the loopback's.
    pub(crate) hosts: Vec<String>,
    /// Web pages that may use it.
    pub(crate) origins: Vec<Origin>,
    /// Where everything is kept.
    pub(crate) store: StoreSettings,
    /// Whether tools run where nobody says.
    pub(crate) auto_run: bool,
    /// How long the end may take.
    pub(crate) stop_after: Duration,
    /// The models.
    pub(crate) models: ModelOffer,
    /// Where tools run; none where they don't.
    pub(crate) sandbox: SandboxSettings,
    /// What a turn may use up.
    pub(crate) limits: Limits,
    /// The form of the log.
    pub(crate) log_format: LogFormat,
    /// What is logged.
    pub(crate) log_level: String,
    /// Where traces go, and what they hold. They go nowhere where the endpoint is empty.
    pub(crate) traces: TraceConfig,
}

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreSettings {
    /// The database, and its folder of blobs.
    pub(crate) location: Location,
}

/// Where tools run, and what they may use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SandboxSettings {
    /// Whether there are any.
    pub(crate) kind: SandboxKind,
    /// Their image.
    pub(crate) image: String,
    /// What they can reach.
    pub(crate) network: Network,
    /// Memory in bytes.
    pub(crate) memory: u64,
    /// Processors, where it is said how many.
    pub(crate) cpus: Option<f64>,
    /// How many run at once.
    pub(crate) running: usize,
    /// How long one waits for a place among them.
    pub(crate) wait: Duration,
    /// How long an unused one goes on running.
    pub(crate) idle: Duration,
    /// How long an unused one is kept.
    pub(crate) time_to_live: Duration,
    /// How many bytes a file may have that clients put in or take out.
    pub(crate) file_size: u64,
}

/// Whether there are sandboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SandboxKind {
    Docker,
    None,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

const KINDS: [(&str, SandboxKind); 2] = [("docker", SandboxKind::Docker), ("none", SandboxKind::None)];
const NETWORKS: [(&str, Network); 2] = [("none", Network::None), ("bridge", Network::Bridge)];
const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
const PROTOCOLS: [(&str, Protocol); 2] = [("http/protobuf", Protocol::Protobuf), ("http/json", Protocol::Json)];
const SWITCH: [(&str, bool); 2] = [("true", true), ("false", false)];
/// The conventions have had several words for it; here it is yes or no.
const CAPTURE: [(&str, bool); 6] = [
    ("true", true),
    ("false", false),
    ("span_only", true),
    ("span_and_event", true),
    ("event_only", false),
    ("no_content", false),
];

impl Settings {
    /// Reads all keys, and tells all mistakes.
    pub(crate) fn read(layers: &Layers) -> Result<Self, Failure> {
        let mut reader = Reader { layers, mistakes: Vec::new() };
        let settings = reader.settings();
        match reader.mistakes.as_slice() {
            [] => Ok(settings),
            [mistake] => Err(Failure::usage(mistake.clone())),
            mistakes => Err(Failure::usage(mistakes.join("\nerror: "))),
        }
    }

    /// The value of a key as it would be written, none where there is none. Secrets are not shown.
    pub(crate) fn texts(&self, key: Key) -> Option<Vec<String>> {
        let one = |text: String| Some(vec![text]);
        let time = |time: Duration| one(units::write_duration(time));
        let (models, sandbox, limits, traces) = (&self.models, &self.sandbox, &self.limits, &self.traces);
        match key {
            Key::Listen => one(self.listen.to_string()),
            Key::Access => self.api_key.as_ref().map(|_| vec![HIDDEN.to_owned()]),
            Key::Hosts => Some(self.hosts.clone()),
            Key::Origins => Some(self.origins.iter().map(Origin::to_string).collect()),
            Key::Database => one(match &self.store.location {
                Location::Sqlite { file } => file.display().to_string(),
                Location::Postgres { url, .. } => without_password(url),
            }),
            Key::Blobs => match &self.store.location {
                Location::Sqlite { .. } => None,
                Location::Postgres { blobs, .. } => one(blobs.display().to_string()),
            },
            Key::AutoRun => one(self.auto_run.to_string()),
            Key::StopAfter => time(self.stop_after),
            Key::Models => Some(models.names.clone()),
            Key::BaseUrl => models.base_url.clone().map(|url| vec![url]),
            Key::ModelAccess => models.api_key.as_ref().map(|_| vec![HIDDEN.to_owned()]),
            Key::Windows => Some(models.windows.iter().map(|(name, tokens)| format!("{name}={tokens}")).collect()),
            Key::Sandbox => one(word_of(&KINDS, sandbox.kind)),
            Key::Image => one(sandbox.image.clone()),
            Key::Network => one(word_of(&NETWORKS, sandbox.network)),
            Key::Memory => one(units::write_bytes(sandbox.memory)),
            Key::Cpus => sandbox.cpus.map(|cpus| vec![cpus.to_string()]),
            Key::Running => one(sandbox.running.to_string()),
            Key::Wait => time(sandbox.wait),
            Key::Idle => time(sandbox.idle),
            Key::TimeToLive => time(sandbox.time_to_live),
            Key::FileSize => one(units::write_bytes(sandbox.file_size)),
            Key::MaxSteps => one(limits.steps.to_string()),
            Key::MaxTime => time(limits.wall_time),
            Key::MaxTokens => limits.tokens.map(|tokens| vec![tokens.to_string()]),
            Key::LogFormat => one(word_of(&FORMATS, self.log_format)),
            Key::LogLevel => one(self.log_level.clone()),
            Key::TraceEndpoint => (!traces.endpoint.is_empty()).then(|| vec![traces.endpoint.clone()]),
            Key::TraceProtocol => one(word_of(&PROTOCOLS, traces.protocol)),
            Key::TraceHeaders => (!traces.headers.is_empty()).then(|| vec![HIDDEN.to_owned()]),
            Key::TraceContent => one(traces.content.to_string()),
            Key::ServiceName => one(traces.service_name.clone()),
        }
    }
}

impl StoreSettings {
    /// Reads where the store is, and nothing else.
    pub(crate) fn read(layers: &Layers) -> Result<Self, Failure> {
        let mut reader = Reader { layers, mistakes: Vec::new() };
        let store = reader.store();
        if reader.mistakes.is_empty() { Ok(store) } else { Err(Failure::usage(reader.mistakes.join("\nerror: "))) }
    }
}

/// What stands in a secret's place.
const HIDDEN: &str = "***";

struct Reader<'a> {
    layers: &'a Layers,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn settings(&mut self) -> Settings {
        Settings {
            listen: self.one(Key::Listen, parse_address).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            api_key: self.one(Key::Access, str::parse),
            hosts: self.many(Key::Hosts, host),
            origins: self.many(Key::Origins, str::parse),
            store: self.store(),
            auto_run: self.one(Key::AutoRun, |text| word(&SWITCH, text)).unwrap_or(true),
            stop_after: self.time(Key::StopAfter, 20),
            models: ModelOffer {
                names: self.many(Key::Models, model),
                base_url: self.one(Key::BaseUrl, text),
                api_key: self.one(Key::ModelAccess, text).map(ModelKey::new),
                windows: self.many(Key::Windows, window).into_iter().collect(),
            },
            sandbox: self.sandbox(),
            limits: self.limits(),
            log_format: self.one(Key::LogFormat, |text| word(&FORMATS, text)).unwrap_or(LogFormat::Text),
            log_level: self.one(Key::LogLevel, filter).unwrap_or_else(|| "handspike=info".to_owned()),
            traces: self.traces(),
        }
    }

    fn store(&mut self) -> StoreSettings {
        let folder = state_folder();
        let given_blobs = self.layers.get(Key::Blobs).cloned();
        let blobs = self.one(Key::Blobs, text).map_or_else(
            || folder.join("server.blobs"),
            |path| given_blobs.as_ref().map_or_else(PathBuf::new, |given| given.place.folder().join(path)),
        );
        let database = self.one(Key::Database, |text| Location::parse(text, &blobs));
        let location = match (database, self.layers.get(Key::Database)) {
            (Some(Location::Sqlite { file }), Some(given)) => Location::file(given.place.folder().join(file)),
            (Some(location), _) => location,
            (None, _) => Location::file(folder.join("server.db")),
        };
        if let (Location::Sqlite { .. }, Some(given)) = (&location, given_blobs) {
            let words = "a SQLite file has its blobs beside it\nhint: leave it out, or give a postgres:// address as `database`";
            self.mistake(Key::Blobs, &given, words);
        }
        StoreSettings { location }
    }

    fn sandbox(&mut self) -> SandboxSettings {
        SandboxSettings {
            kind: self.one(Key::Sandbox, |text| word(&KINDS, text)).unwrap_or(SandboxKind::Docker),
            image: self.one(Key::Image, text).unwrap_or_else(|| "desktop".to_owned()),
            network: self.one(Key::Network, |text| word(&NETWORKS, text)).unwrap_or(Network::None),
            memory: self.one(Key::Memory, units::parse_bytes).unwrap_or(2 << 30),
            cpus: self.one(Key::Cpus, units::parse_cpus),
            running: self.one(Key::Running, |text| number(text, 1, 10_000)).unwrap_or(32) as usize,
            wait: self.time(Key::Wait, 60),
            idle: self.time(Key::Idle, 15 * 60),
            time_to_live: self.time(Key::TimeToLive, 7 * 24 * 3600),
            file_size: self.one(Key::FileSize, units::parse_bytes).unwrap_or(1 << 30),
        }
    }

    fn limits(&mut self) -> Limits {
        let usual = Limits::default();
        let steps = self.one(Key::MaxSteps, |text| number(text, 1, u32::MAX.into()));
        Limits {
            steps: steps.and_then(|steps| u32::try_from(steps).ok()).unwrap_or(usual.steps),
            wall_time: self.one(Key::MaxTime, units::parse_duration).unwrap_or(usual.wall_time),
            tokens: self.one(Key::MaxTokens, |text| number(text, 1, u64::MAX)).or(usual.tokens),
            ..usual
        }
    }

    fn traces(&mut self) -> TraceConfig {
        TraceConfig {
            endpoint: self.one(Key::TraceEndpoint, http_address).unwrap_or_default(),
            protocol: self.one(Key::TraceProtocol, |text| word(&PROTOCOLS, text)).unwrap_or(Protocol::Protobuf),
            headers: self.one(Key::TraceHeaders, headers).unwrap_or_default(),
            content: self.one(Key::TraceContent, |text| word(&CAPTURE, text)).unwrap_or(false),
            service_name: self.one(Key::ServiceName, text).unwrap_or_else(|| "handspike".to_owned()),
        }
    }

    fn time(&mut self, key: Key, usual_seconds: u64) -> Duration {
        self.one(key, units::parse_duration).unwrap_or(Duration::from_secs(usual_seconds))
    }

    /// The value of a key that has one text; none where nothing is said, or nothing that can be read.
    fn one<T, E: fmt::Display>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        self.many(key, parse).pop()
    }

    fn many<T, E: fmt::Display>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let Some(given) = self.layers.get(key).cloned() else { return Vec::new() };
        let mut values = Vec::new();
        for text in &given.texts {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(error) => self.mistake(key, &given, &error.to_string()),
            }
        }
        values
    }

    fn mistake(&mut self, key: Key, given: &Given, words: &str) {
        self.mistakes.push(format!("{}: `{}` cannot be used: {words}", given.place, key.about().path));
    }
}

fn text(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("it is empty"),
        text => Ok(text.to_owned()),
    }
}

fn word<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    found.ok_or_else(|| format!("`{text}` is none of {}", known.join(", ")))
}

/// The first word for a value. Every value has one.
fn word_of<T: PartialEq>(words: &[(&str, T)], value: T) -> String {
    words.iter().find(|(_, other)| *other == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("`{text}` is no whole number from {least} to {most}"))
}

/// A name, without a port: it may be forwarded.
fn host(text: &str) -> Result<String, String> {
    let name = text.trim_start_matches('[').trim_end_matches(']');
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if is_address || is_name {
        Ok(name.to_owned())
    } else {
        Err(format!("`{text}` is no host name; write for example box.example, without scheme and port"))
    }
}

fn model(text: &str) -> Result<String, String> {
    check_model_name(text).map_err(|error| with_causes(&error))?;
    Ok(text.to_owned())
}

fn window(text: &str) -> Result<(String, u64), String> {
    let (name, tokens) =
        text.rsplit_once('=').ok_or_else(|| format!("`{text}` has no `=`; write for example openai:qwen3=40960"))?;
    Ok((model(name)?, number(tokens, 1, u64::from(u32::MAX))?))
}

fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

fn http_address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if rest.contains('@') => Err("it holds a user name\nhint: give the key as a header".to_owned()),
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        Some(_) | None => Err(format!("`{text}` is no http or https address")),
    }
}

/// `name=value,name=value`, each value percent-encoded where it must be. No error repeats a value.
fn headers(text: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or("a header has no `=`")?;
            let name = name.trim();
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if !is_name {
                return Err("a header's name holds a character that cannot be sent".to_owned());
            }
            let value =
                percent_decoded(value.trim()).filter(|value| value.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
            let value = value.ok_or_else(|| format!("the header `{name}` has a value that cannot be sent"))?;
            Ok((name.to_ascii_lowercase(), value))
        })
        .collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = match (first, others) {
            (b'%', [high, low, others @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                others
            }
            (b'%', _) => return None,
            (byte, others) => {
                bytes.push(*byte);
                others
            }
        };
    }
    String::from_utf8(bytes).ok()
}

/// An address as it may be shown.
pub(crate) fn without_password(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let mut shown = match before.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (user, host))) => {
            let user = user.split_once(':').map_or(user.to_owned(), |(user, _)| format!("{user}:{HIDDEN}"));
            format!("{scheme}://{user}@{host}")
        }
        None => before.to_owned(),
    };
    if let Some(query) = query {
        let parameters = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if name.contains("pass") => format!("{name}={HIDDEN}"),
            Some(_) | None => pair.to_owned(),
        });
        shown.push('?');
        shown.push_str(&parameters.collect::<Vec<_>>().join("&"));
    }
    shown
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
