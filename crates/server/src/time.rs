//! Times as clients read them.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use handspike_api::Time;
use uuid::Uuid;

/// A moment in microseconds since the Unix epoch, as RFC 3339.
pub(crate) fn rfc3339(micros: i64) -> Time {
    DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The moment at which an id was made, as RFC 3339.
pub(crate) fn of_id(id: Uuid) -> Time {
    after_id(id, Duration::ZERO)
}

/// A while after an id was made.
pub(crate) fn after_id(id: Uuid, while_after: Duration) -> Time {
    let since = id.get_timestamp().map(|timestamp| timestamp.to_unix()).unwrap_or_default();
    let at = Duration::new(since.0, since.1).saturating_add(while_after);
    rfc3339(i64::try_from(at.as_micros()).unwrap_or(i64::MAX))
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
