//! A span, as far as it is needed here.

/// Something that took its time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) trace: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Milliseconds since the Unix epoch.
    pub(super) started_ms: u64,
    pub(super) ended_ms: u64,
    pub(super) attributes: Vec<(&'static str, Value)>,
    /// What went wrong, if something did.
    pub(super) error: Option<String>,
}

/// Between whom it happens, in OTLP's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Within this program.
    Internal = 1,
    /// With another that was asked.
    Client = 3,
}

/// OTLP's number for a status that is an error.
pub(super) const STATUS_ERROR: u64 = 2;

/// An attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Texts(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// A span to be ended.
#[derive(Debug)]
pub(super) struct Open(Span);

impl Open {
    /// Begins a span below another, or a trace.
    pub(super) fn begin(trace: [u8; 16], parent: Option<[u8; 8]>, name: String, kind: Kind, at_ms: u64) -> Self {
        let (attributes, error) = (Vec::new(), None);
        Self(Span { trace, id: random(), parent, name, kind, started_ms: at_ms, ended_ms: at_ms, attributes, error })
    }

    pub(super) fn id(&self) -> [u8; 8] {
        self.0.id
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.attributes.push((name, value.into()));
    }

    pub(super) fn fail(&mut self, kind: &str, error: &str) {
        self.set("error.type", kind);
        // A few words; the rest stands in the events.
        self.0.error = Some(error.chars().take(500).collect());
    }

    pub(super) fn end(mut self, at_ms: u64) -> Span {
        self.0.ended_ms = at_ms.max(self.0.started_ms);
        self.0
    }
}

/// Random bytes, not all zero. Where the system has none, ids are no secret and the time will do.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() || bytes == [0; N] {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        for (byte, source) in bytes.iter_mut().zip(now.as_nanos().to_le_bytes().iter().cycle()) {
            *byte = source | 1;
        }
    }
    bytes
}
