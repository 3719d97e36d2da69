//! A measure and what it stands beside, and the table of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// One line of the result.
#[derive(Debug, Serialize)]
pub(crate) struct Measure {
    /// What was measured.
    pub(crate) name: &'static str,
    /// The median.
    pub(crate) median: f64,
    /// Its unit, and that of the floor.
    pub(crate) unit: &'static str,
    /// What it stands beside.
    pub(crate) beside: &'static str,
    /// The median, or the bound, of that.
    pub(crate) beside_median: f64,
    /// The measure divided by what it stands beside.
    pub(crate) ratio: f64,
    /// The goal for the ratio, in words.
    pub(crate) goal: String,
    /// Whether it is met.
    pub(crate) met: bool,
}

impl Measure {
    /// A measure whose ratio is to be at most `limit`.
    pub(crate) fn at_most(
        name: &'static str,
        unit: &'static str,
        median: f64,
        beside: &'static str,
        beside_median: f64,
        limit: f64,
    ) -> Self {
        let ratio = median / beside_median;
        let goal =
            if limit < 0.1 { format!("at least {:.0}x as fast", 1.0 / limit) } else { format!("at most {limit}x") };
        Self { name, median, unit, beside, beside_median, ratio, goal, met: ratio <= limit }
    }
}

/// The median of some durations, in milliseconds.
pub(crate) fn median_millis(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// The duration of one piece of work, and its result.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let result = work.await;
    (start.elapsed(), result)
}

/// Prints the result for people, as a Markdown table.
pub(crate) fn print_table(measures: &[Measure]) {
    println!("| measure | median | beside | its median | ratio | goal | met |");
    println!("|---|---:|---|---:|---:|---|---|");
    for measure in measures {
        let Measure { name, median, unit, beside, beside_median, ratio, goal, met } = measure;
        let met = if *met { "yes" } else { "NO" };
        println!(
            "| {name} | {median:.3} {unit} | {beside} | {beside_median:.3} {unit} | {ratio:.3} | {goal} | {met} |"
        );
    }
}
