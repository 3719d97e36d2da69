use std::{collections::BTreeMap, path::Path};

use super::*;
use crate::config::{Layer, layer::Place, show::show};

fn said(pairs: &[(Key, &[&str])]) -> Layers {
    Layers::new([layer(pairs, |key| Place::Variable(key.about().variable))])
}

fn layer(pairs: &[(Key, &[&str])], place: fn(Key) -> Place) -> Layer {
    let given = |(key, texts): &(Key, &[&str])| {
        (*key, Given { texts: texts.iter().map(|&text| text.to_owned()).collect(), place: place(*key) })
    };
    pairs.iter().map(given).collect()
}

fn settings(pairs: &[(Key, &[&str])]) -> Settings {
    Settings::read(&said(pairs)).expect("settings")
}

fn mistake(key: Key, text: &str) -> String {
    let failure = Settings::read(&said(&[(key, &[text])])).expect_err("a mistake");
    format!("{failure:?}")
}

#[test]
fn the_last_layer_that_says_something_is_the_one() {
    let file = layer(&[(Key::Listen, &["1"]), (Key::Hosts, &["a", "b"]), (Key::MaxSteps, &["3"])], |_| Place::File {
        file: "a.toml".into(),
        line: 1,
        column: 1,
    });
    let environment =
        layer(&[(Key::Listen, &["2"]), (Key::Hosts, &["c"])], |key| Place::Variable(key.about().variable));
    let flags = layer(&[(Key::Listen, &["3"])], |_| Place::Flag("listen"));
    let settings = Settings::read(&Layers::new([file, environment, flags])).expect("settings");
    assert_eq!((settings.listen.port(), settings.limits.steps), (3, 3));
    assert_eq!(settings.hosts, ["c"]);
}

#[test]
fn nothing_said_is_a_server_on_the_loopback_for_anybody_with_the_key() {
    let settings = settings(&[]);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert!(settings.api_key.is_none() && settings.auto_run && settings.traces.endpoint.is_empty());
    assert!(matches!(&settings.store.location, Location::Sqlite { file } if file.ends_with("handspike/server.db")));
    assert_eq!(settings.limits, Limits::default());
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let pairs: &[(Key, &[&str])] =
        &[(Key::Listen, &["nowhere"]), (Key::Models, &["openai:a", "gpt"]), (Key::Memory, &["1k"])];
    let text = format!("{:?}", Settings::read(&said(pairs)).expect_err("three"));
    for words in ["HANDSPIKE_LISTEN: `listen` cannot be used", "HANDSPIKE_MODELS: `models.names`", "HANDSPIKE_MEMORY: "]
    {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn values_outside_their_range_are_refused() {
    for (key, wrong) in [
        (Key::Listen, "127.0.0.1"),
        (Key::Access, "short"),
        (Key::Hosts, "http://box"),
        (Key::Hosts, "box:80"),
        (Key::Origins, "box"),
        (Key::Database, "mysql://box/a"),
        (Key::AutoRun, "yes"),
        (Key::StopAfter, "0"),
        (Key::BaseUrl, " "),
        (Key::Windows, "openai:a"),
        (Key::Windows, "openai:a=0"),
        (Key::Windows, "a=10"),
        (Key::Sandbox, "host"),
        (Key::Network, "all"),
        (Key::Cpus, "0"),
        (Key::Running, "0"),
        (Key::Running, "10001"),
        (Key::TimeToLive, "31d"),
        (Key::MaxSteps, "0"),
        (Key::MaxSteps, "4294967296"),
        (Key::MaxTokens, "-1"),
        (Key::LogFormat, "xml"),
        (Key::LogLevel, "handspike=loud"),
        (Key::TraceEndpoint, "box:4318"),
        (Key::TraceEndpoint, "http://user@box"),
        (Key::TraceProtocol, "grpc"),
        (Key::TraceHeaders, "authorization"),
        (Key::TraceContent, "perhaps"),
    ] {
        assert!(mistake(key, wrong).contains(&format!("`{}` cannot be used", key.about().path)), "{key:?} {wrong}");
    }
}

#[test]
fn a_mistaken_secret_is_not_repeated() {
    for (key, secret) in [(Key::Access, "hunter2"), (Key::TraceHeaders, "hunter2"), (Key::TraceHeaders, "a=hunter2%")] {
        let text = mistake(key, secret);
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn relative_paths_start_at_their_file() {
    let file =
        layer(&[(Key::Database, &["data/a.db"])], |_| Place::File { file: "/etc/x/a.toml".into(), line: 1, column: 1 });
    let store = StoreSettings::read(&Layers::new([file])).expect("a store");
    assert_eq!(store.location, Location::file("/etc/x/data/a.db"));
    let store = StoreSettings::read(&said(&[(Key::Database, &["data/a.db"])])).expect("a store");
    assert_eq!(store.location, Location::file("data/a.db"));
}

#[test]
fn blobs_are_postgresqls_only() {
    let url = "postgres://u:p@h/d";
    let store = StoreSettings::read(&said(&[(Key::Database, &[url]), (Key::Blobs, &["/b"])])).expect("a store");
    assert_eq!(store.location, Location::Postgres { url: url.to_owned(), blobs: "/b".into() });
    assert_eq!(store.location.blobs(), Path::new("/b"));
    assert!(mistake(Key::Blobs, "/b").contains("hint: leave it out"));
}

#[test]
fn windows_and_headers_are_pairs() {
    let settings = settings(&[
        (Key::Windows, &["openai:a=10", "openai:b=c=20"]),
        (Key::TraceHeaders, &["Authorization=Basic%20YTpi, x-scope=1"]),
    ]);
    let windows = BTreeMap::from([("openai:a".to_owned(), 10), ("openai:b=c".to_owned(), 20)]);
    assert_eq!(settings.models.windows, windows);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(settings.traces.headers, [pair("authorization", "Basic YTpi"), pair("x-scope", "1")]);
}

#[test]
fn what_is_shown_is_a_configuration_of_its_own() {
    let pairs: &[(Key, &[&str])] = &[
        (Key::Listen, &["0.0.0.0:80"]),
        (Key::Access, &["0123456789abcdef"]),
        (Key::Hosts, &["box.example"]),
        (Key::Origins, &["https://app.example.com"]),
        (Key::Database, &["/a \"b\".db"]),
        (Key::Models, &["openai:a"]),
        (Key::ModelAccess, &["sk-secret"]),
        (Key::Windows, &["openai:a=10"]),
        (Key::Memory, &["1536m"]),
        (Key::Cpus, &["0.5"]),
        (Key::Idle, &["90s"]),
        (Key::TraceEndpoint, &["http://127.0.0.1:4318/"]),
        (Key::TraceHeaders, &["a=secret"]),
    ];
    let settings = settings(pairs);
    let shown = show(&settings, &said(pairs));
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("secret"), "{shown}");
    assert!(shown.contains("api_key = \"***\"") && shown.contains("# HANDSPIKE_API_KEY\n"), "{shown}");
    // Without the secrets, which nobody can get back, it says the same.
    let file = tempfile::NamedTempFile::new().expect("a file");
    let lines: Vec<&str> = shown.lines().filter(|line| !line.contains("***")).collect();
    std::fs::write(file.path(), lines.join("\n")).expect("written");
    let layer = crate::config::file::read(file.path()).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    let again = Settings::read(&Layers::new([layer])).expect("settings");
    for key in Key::ALL.iter().filter(|key| !key.is_secret()) {
        assert_eq!(again.texts(*key), settings.texts(*key), "{key:?}");
    }
    assert_eq!(again.texts(Key::Memory).expect("memory"), ["1536m"]);
    assert_eq!(again.texts(Key::Idle).expect("a time"), ["90s"]);
}

#[test]
fn a_databases_password_is_not_shown() {
    for (url, shown) in [
        ("postgres://u:hunter2@h:5432/d", "postgres://u:***@h:5432/d"),
        ("postgres://u@h/d?sslmode=require", "postgres://u@h/d?sslmode=require"),
        ("postgres://h/d?user=u&password=hunter2", "postgres://h/d?user=u&password=***"),
        ("postgres://u:hun@ter2@h/d", "postgres://u:***@h/d"),
    ] {
        assert_eq!(without_password(url), shown);
    }
}
