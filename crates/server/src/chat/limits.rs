//! What a turn may use: the request's limits, where it has none the session's, and then the server's.

use std::time::Duration;

use handspike_api::{Limits, StopDetails, StopLimit, Warning};
use handspike_types::Limit;

/// The longest time that is counted: a year. A longer one is none.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long a call may take to come to its end when its turn is cancelled, which is to end within a second.
const CANCEL_GRACE: Duration = Duration::from_millis(600);

/// The limits in force.
pub(super) fn in_force(request: Option<Limits>, session: Option<Limits>, server: Limits) -> (Limits, Option<Warning>) {
    let limits = request.unwrap_or_default().or(session.unwrap_or_default()).or(server);
    let warning = limits.max_cost.map(|_| {
        let message = "not in force: what the model costs is not known".to_owned();
        Warning { field: "limits.max_cost".to_owned(), message }
    });
    (limits, warning)
}

/// The limits as the loop has them. What is unset has no limit.
pub(super) fn of_loop(limits: &Limits) -> handspike_core::Limits {
    let seconds = limits.max_seconds.map(Duration::try_from_secs_f64);
    handspike_core::Limits {
        steps: limits.max_steps.map_or(u32::MAX, |steps| u32::try_from(steps).unwrap_or(u32::MAX)),
        wall_time: seconds.and_then(Result::ok).unwrap_or(LONGEST).min(LONGEST),
        tokens: limits.max_tokens,
        cancel_grace: CANCEL_GRACE,
    }
}

/// What a client is told of the limit that ended a turn; nothing of one that the model's answer itself has met.
pub(super) fn stop_details(limits: &Limits, reached: Limit) -> Option<StopDetails> {
    let (limit, value) = match reached {
        Limit::Steps => (StopLimit::MaxSteps, limits.max_steps.map(|steps| steps as f64)),
        Limit::WallTime => (StopLimit::MaxSeconds, limits.max_seconds),
        Limit::Tokens => (StopLimit::MaxTokens, limits.max_tokens.map(|tokens| tokens as f64)),
        Limit::Output => return None,
    };
    Some(StopDetails { limit, value })
}

/// What a client is told of a turn that was cancelled.
pub(super) fn cancelled() -> StopDetails {
    StopDetails { limit: StopLimit::Cancelled, value: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_the_nearest_ones_that_sets_it() {
        let server = Limits { max_steps: Some(50), max_seconds: Some(1800.0), ..Limits::default() };
        let session = Limits { max_steps: Some(5), max_tokens: Some(100), ..Limits::default() };
        let request = Limits { max_steps: Some(2), ..Limits::default() };
        let (limits, warning) = in_force(Some(request), Some(session), server);
        assert_eq!((limits.max_steps, limits.max_tokens, limits.max_seconds), (Some(2), Some(100), Some(1800.0)));
        assert_eq!(warning, None);
        let of_loop = of_loop(&limits);
        assert_eq!((of_loop.steps, of_loop.tokens, of_loop.wall_time), (2, Some(100), Duration::from_secs(1800)));
    }

    #[test]
    fn limits_that_can_not_be_counted_are_none_and_a_cost_is_told() {
        let limits =
            Limits { max_steps: Some(u64::MAX), max_seconds: Some(1e300), max_cost: Some(1.0), max_tokens: None };
        let (limits, warning) = in_force(Some(limits), None, Limits::default());
        assert_eq!(warning.map(|warning| warning.field).as_deref(), Some("limits.max_cost"));
        let of_loop = of_loop(&limits);
        assert_eq!((of_loop.steps, of_loop.wall_time), (u32::MAX, LONGEST));
    }
}
