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
    rfc3339(now_micros())
}

/// How long it is until a moment; nothing where that is over, or can't be read.
pub(crate) fn until(at: &Time) -> Duration {
    micros_between(now_micros(), micros(at))
}

/// How long it is from one moment to another.
pub(crate) fn between(from: &Time, to: &Time) -> Duration {
    micros_between(micros(from), micros(to))
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn micros(at: &Time) -> i64 {
    DateTime::parse_from_rfc3339(at).map_or(0, |at| at.timestamp_micros())
}

fn micros_between(from: i64, to: i64) -> Duration {
    Duration::from_micros(u64::try_from(to.saturating_sub(from)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc_with_microseconds() {
        assert_eq!(rfc3339(1_772_366_400_123_456), "2026-03-01T12:00:00.123456Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_while_is_never_less_than_nothing() {
        let (early, late) = (rfc3339(1_000_000), rfc3339(3_500_000));
        assert_eq!((between(&early, &late), between(&late, &early)), (Duration::from_millis(2500), Duration::ZERO));
        assert_eq!((until(&late), until(&"soon".to_owned())), (Duration::ZERO, Duration::ZERO));
    }
}
