//! Times as clients read them.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use handspike_api::Time;
use uuid::Uuid;

/// A moment in microseconds since the Unix epoch, as RFC 3339.
pub(crate) fn rfc3339(micros: i64) -> Time {
    DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The moment at which an id was made, as RFC 3339.
pub(crate) fn of_id(id: Uuid) -> Time {
    let since = id.get_timestamp().map(|timestamp| timestamp.to_unix()).unwrap_or_default();
    let micros = since.0.saturating_mul(1_000_000).saturating_add(u64::from(since.1) / 1000);
    rfc3339(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// This moment, as RFC 3339.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    rfc3339(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc_with_microseconds() {
        assert_eq!(rfc3339(1_772_366_400_123_456), "2026-03-01T12:00:00.123456Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000Z");
    }
}
