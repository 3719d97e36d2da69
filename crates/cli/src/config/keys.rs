//! What can be configured: the table.

/// How a key is given, and what it means.
#[derive(Debug)]
pub(crate) struct About {
    /// Its name in the file, after its section's name and a dot where it has one.
    pub(crate) path: &'static str,
    /// Its flag, without the dashes; none where a flag would show a secret or is not worth it.
    pub(crate) flag: Option<&'static str>,
    /// Its environment variable.
    pub(crate) variable: &'static str,
    /// What its value is like.
    pub(crate) form: Form,
    /// What holds where nothing is said, in words.
    pub(crate) usual: &'static str,
    /// What it is, in sentences.
    pub(crate) help: &'static str,
}

/// What a value is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text, with what stands for it in help.
    One(&'static str),
    /// Texts: a list in the file, separated by commas in the environment, the flag repeated.
    Many(&'static str),
    /// True or false; the flag, if there is one, says the given one of them and takes no value.
    Switch(&'static str),
    /// A text that is not shown.
    Secret(&'static str),
}

/// Makes the keys and their table of one list.
macro_rules! keys {
    ($($key:ident { $($field:ident: $value:expr),* $(,)? })*) => {
        /// A thing that can be configured.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Key { $($key),* }

        impl Key {
            /// All of them, in the order of the documentation.
            pub(crate) const ALL: &[Self] = &[$(Self::$key),*];

            /// What there is to say about it.
            pub(crate) fn about(self) -> &'static About {
                match self { $(Self::$key => &About { $($field: $value),* }),* }
            }
        }
    };
}

keys! {
    Listen {
        path: "listen", flag: Some("listen"), variable: "HANDSPIKE_LISTEN",
        form: Form::One("ADDRESS:PORT"), usual: "127.0.0.1:8080",
        help: "Where to listen: an address with a port, a name such as localhost with one, or a port of 127.0.0.1. Where other \
               machines can reach it, a key and a host name must be given.",
    }
    Access {
        path: "api_key", flag: Some("api-key"), variable: "HANDSPIKE_API_KEY",
        form: Form::Secret("KEY"), usual: "made at the first start, and kept beside the database",
        help: "The key that clients must give, of 16 or more printable characters. Other users of this machine can see a flag, \
               but not a variable or a file that is yours alone.",
    }
    Hosts {
        path: "hosts", flag: Some("host"), variable: "HANDSPIKE_HOSTS",
        form: Form::Many("HOST"), usual: "only the names of the loopback",
        help: "A name or address by which clients may call the server beside the loopback's.",
    }
    Origins {
        path: "origins", flag: Some("origin"), variable: "HANDSPIKE_ORIGINS",
        form: Form::Many("ORIGIN"), usual: "only those of its own address",
        help: "Web pages that may use the server, such as those of https://app.example.com.",
    }
    Database {
        path: "database", flag: Some("database"), variable: "HANDSPIKE_DATABASE",
        form: Form::One("PATH|URL"), usual: "handspike/server.db below XDG_STATE_HOME",
        help: "Where everything is kept: a SQLite file, or a PostgreSQL database by its postgres:// address.",
    }
    Blobs {
        path: "blobs", flag: Some("blobs"), variable: "HANDSPIKE_BLOBS",
        form: Form::One("FOLDER"), usual: "beside a SQLite file; handspike/server.blobs below XDG_STATE_HOME for PostgreSQL",
        help: "The folder of pictures and other large content of a PostgreSQL database, the same for all its servers.",
    }
    AutoRun {
        path: "auto_run", flag: Some("no-auto-run"), variable: "HANDSPIKE_AUTO_RUN",
        form: Form::Switch("false"), usual: "true",
        help: "Whether tools are run where neither request nor session says; otherwise their calls are given back.",
    }
    StopAfter {
        path: "stop_after", flag: Some("stop-after"), variable: "HANDSPIKE_STOP_AFTER",
        form: Form::One("TIME"), usual: "20s",
        help: "How long running turns may take to come to their end once the server is told to stop. What does not end is gone \
               on with at the next start.",
    }
    Models {
        path: "models.names", flag: Some("model"), variable: "HANDSPIKE_MODELS",
        form: Form::Many("PROVIDER:NAME"), usual: "any `openai:NAME`",
        help: "The models that agents may use, the first of them where an agent names none. `openai:NAME` is any server that \
               speaks Chat Completions.",
    }
    BaseUrl {
        path: "models.base_url", flag: Some("base-url"), variable: "OPENAI_BASE_URL",
        form: Form::One("URL"), usual: "the provider's own",
        help: "Where the models' server is, up to and with /v1.",
    }
    ModelAccess {
        path: "models.api_key", flag: None, variable: "OPENAI_API_KEY",
        form: Form::Secret("KEY"), usual: "none: clients bring their own as X-Custom-Api-Key, where one is needed",
        help: "The key of the models' server.",
    }
    Windows {
        path: "models.windows", flag: Some("model-window"), variable: "HANDSPIKE_MODEL_WINDOWS",
        form: Form::Many("PROVIDER:NAME=TOKENS"), usual: "known for OpenAI's own",
        help: "How many tokens a model's prompt may have.",
    }
    Sandbox {
        path: "sandbox.kind", flag: Some("sandbox"), variable: "HANDSPIKE_SANDBOX",
        form: Form::One("docker|none"), usual: "docker",
        help: "Where the tools of sessions run: `docker` in a locked-down container each, `none` nowhere.",
    }
    Image {
        path: "sandbox.image", flag: Some("image"), variable: "HANDSPIKE_IMAGE",
        form: Form::One("IMAGE"), usual: "desktop",
        help: "The image of sandboxes: `base`, `desktop`, or any image that the engine has.",
    }
    Network {
        path: "sandbox.network", flag: Some("network"), variable: "HANDSPIKE_NETWORK",
        form: Form::One("none|bridge"), usual: "none",
        help: "What sandboxes can reach: `none`, or `bridge`, the engine's network and usually the Internet.",
    }
    Memory {
        path: "sandbox.memory", flag: Some("memory"), variable: "HANDSPIKE_MEMORY",
        form: Form::One("SIZE"), usual: "2g",
        help: "A sandbox's memory, swap included.",
    }
    Cpus {
        path: "sandbox.cpus", flag: Some("cpus"), variable: "HANDSPIKE_CPUS",
        form: Form::One("N"), usual: "2, or what there is",
        help: "A sandbox's processors, such as 0.5.",
    }
    Running {
        path: "sandbox.running", flag: Some("sandboxes"), variable: "HANDSPIKE_SANDBOXES",
        form: Form::One("N"), usual: "32",
        help: "How many sandboxes run at once. Who needs one more waits until another can be stopped.",
    }
    Wait {
        path: "sandbox.wait", flag: Some("sandbox-wait"), variable: "HANDSPIKE_SANDBOX_WAIT",
        form: Form::One("TIME"), usual: "1m",
        help: "How long a call waits for its sandbox where as many run as may.",
    }
    Idle {
        path: "sandbox.idle", flag: Some("sandbox-idle"), variable: "HANDSPIKE_SANDBOX_IDLE",
        form: Form::One("TIME"), usual: "15m",
        help: "How long a sandbox that nobody uses goes on running. It is started again with its files when it is needed.",
    }
    TimeToLive {
        path: "sandbox.time_to_live", flag: Some("sandbox-ttl"), variable: "HANDSPIKE_SANDBOX_TTL",
        form: Form::One("TIME"), usual: "7d",
        help: "How long a sandbox that nobody uses is kept at all.",
    }
    FileSize {
        path: "sandbox.file_size", flag: None, variable: "HANDSPIKE_FILE_SIZE",
        form: Form::One("SIZE"), usual: "1g",
        help: "How large a file may be that clients put into a sandbox or take out of it.",
    }
    MaxSteps {
        path: "limits.steps", flag: Some("max-steps"), variable: "HANDSPIKE_MAX_STEPS",
        form: Form::One("N"), usual: "50",
        help: "How many requests to the model a turn may take.",
    }
    MaxTime {
        path: "limits.time", flag: Some("timeout"), variable: "HANDSPIKE_TIMEOUT",
        form: Form::One("TIME"), usual: "30m",
        help: "How long a turn may take.",
    }
    MaxTokens {
        path: "limits.tokens", flag: Some("max-tokens"), variable: "HANDSPIKE_MAX_TOKENS",
        form: Form::One("N"), usual: "no limit",
        help: "How many tokens a turn may use, in and out.",
    }
    LogFormat {
        path: "log.format", flag: Some("log-format"), variable: "HANDSPIKE_LOG_FORMAT",
        form: Form::One("text|json"), usual: "text",
        help: "How the log on standard error is written: as `text`, or as `json`, an object a line.",
    }
    LogLevel {
        path: "log.level", flag: Some("log"), variable: "HANDSPIKE_LOG",
        form: Form::One("FILTER"), usual: "handspike=info",
        help: "What is logged, such as `warn`, or `handspike=debug`.",
    }
    TraceEndpoint {
        path: "traces.endpoint", flag: Some("otlp-endpoint"), variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
        form: Form::One("URL"), usual: "no traces",
        help: "Where traces go: the address of an OpenTelemetry collector that takes OTLP over HTTP, without /v1/traces.",
    }
    TraceProtocol {
        path: "traces.protocol", flag: None, variable: "OTEL_EXPORTER_OTLP_PROTOCOL",
        form: Form::One("http/protobuf|http/json"), usual: "http/protobuf",
        help: "In which form they go.",
    }
    TraceHeaders {
        path: "traces.headers", flag: None, variable: "OTEL_EXPORTER_OTLP_HEADERS",
        form: Form::Secret("NAME=VALUE,..."), usual: "none",
        help: "Headers that go with them, such as a key.",
    }
    TraceContent {
        path: "traces.content", flag: Some("trace-content"), variable: "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        form: Form::Switch("true"), usual: "false",
        help: "Whether traces hold what was said: messages, and the arguments and results of calls.",
    }
    ServiceName {
        path: "traces.service_name", flag: None, variable: "OTEL_SERVICE_NAME",
        form: Form::One("NAME"), usual: "handspike",
        help: "What the server is called in traces.",
    }
}

impl Key {
    /// The key of this name in a file.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.about().path == path)
    }

    /// Whether its value must not be shown.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self.about().form, Form::Secret(_))
    }
}

/// The known name that a mistyped one is most like, if there is one that is.
pub(crate) fn nearest<'a>(mistyped: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &&str| strsim::jaro_winkler(mistyped, name);
    let best = known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) > 0.8).then_some(best)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_key_is_described() {
        let names = |name: fn(&About) -> Option<&str>| {
            let all: Vec<&str> = Key::ALL.iter().filter_map(|key| name(key.about())).collect();
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
        };
        names(|about| Some(about.path));
        names(|about| Some(about.variable));
        names(|about| about.flag);
        for key in Key::ALL {
            let about = key.about();
            assert!(about.help.ends_with('.') && !about.usual.is_empty(), "{}", about.path);
            assert_eq!(Key::of_path(about.path), Some(*key));
        }
    }

    #[test]
    fn a_mistyped_name_leads_to_the_one_that_was_meant() {
        let known = || Key::ALL.iter().map(|key| key.about().path);
        assert_eq!(nearest("sandbox.memroy", known()), Some("sandbox.memory"));
        assert_eq!(nearest("listne", known()), Some("listen"));
        assert_eq!(nearest("colour", known()), None);
    }

    /// A row of the documentation's table.
    fn row(about: &About) -> String {
        let flag = match (about.flag, about.form) {
            (None, _) => "none".to_owned(),
            (Some(flag), Form::One(what) | Form::Secret(what)) => format!("`--{flag}` {what}"),
            (Some(flag), Form::Many(what)) => format!("`--{flag}` {what}, repeated"),
            (Some(flag), Form::Switch(_)) => format!("`--{flag}`"),
        };
        let cells = [about.path, &flag, about.variable, about.usual, about.help].map(|cell| cell.replace('|', "\\|"));
        let [path, flag, variable, usual, help] = cells;
        format!("| `{path}` | {flag} | `{variable}` | {usual} | {help} |")
    }

    #[test]
    fn the_documentation_has_every_key_as_it_is() {
        let text = include_str!("../../../../docs/serving.md");
        let rows: Vec<String> = Key::ALL.iter().map(|key| row(key.about())).collect();
        assert!(text.contains(&rows.join("\n")), "docs/serving.md lacks this table:\n{}", rows.join("\n"));
    }
}
