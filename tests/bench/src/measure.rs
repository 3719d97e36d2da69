//! A measure and what it stands beside, and the table of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// One line of the result.
#[derive(Debug, Serialize)]
pub(crate) struct Measure {
    /// What was measured.
    pub(crate) name: String,
    /// The median.
    pub(crate) median: f64,
    /// Its unit, and that of the floor.
    pub(crate) unit: &'static str,
    /// What it stands beside.
    pub(crate) beside: String,
    /// The median, or the bound, of that.
    pub(crate) beside_median: f64,
    /// The measure divided by what it stands beside.
    pub(crate) ratio: f64,
    /// The goal in words, where there is one.
    pub(crate) goal: Option<String>,
    /// Whether it is met.
    pub(crate) met: Option<bool>,
}

impl Measure {
    /// A measure that stands beside another, with no goal.
    pub(crate) fn beside(
        name: impl Into<String>,
        unit: &'static str,
        median: f64,
        beside: impl Into<String>,
        beside_median: f64,
    ) -> Self {
        let ratio = median / beside_median;
        Self { name: name.into(), median, unit, beside: beside.into(), beside_median, ratio, goal: None, met: None }
    }

    /// A measure that is to stay within a bound.
    pub(crate) fn within(name: impl Into<String>, unit: &'static str, median: f64, bound: f64) -> Self {
        Self::beside(name, unit, median, "bound", bound).at_most(1.0)
    }

    /// The same, with the goal that the ratio is at most `limit`.
    pub(crate) fn at_most(mut self, limit: f64) -> Self {
        self.met = Some(self.ratio <= limit);
        self.goal = Some(if limit < 0.1 {
            format!("at least {:.0}x as fast", 1.0 / limit)
        } else {
            format!("at most {limit}x")
        });
        self
    }

    /// The same, with the goal that there is nothing of it.
    pub(crate) fn none(mut self) -> Self {
        self.met = Some(self.median == 0.0);
        self.goal = Some("none".to_owned());
        self
    }
}

/// The median of some durations, in milliseconds.
pub(crate) fn median_millis(times: Vec<Duration>) -> f64 {
    median(times.into_iter().map(millis).collect())
}

/// The median of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A duration in milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The duration of one piece of work that succeeds, and its result.
pub(crate) async fn timed<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<(Duration, T), E> {
    let start = Instant::now();
    let result = work.await?;
    Ok((start.elapsed(), result))
}

/// Prints the result for people, as a Markdown table.
pub(crate) fn print_table(measures: &[Measure]) {
    println!("| measure | median | beside | its median | ratio | goal | met |");
    println!("|---|---:|---|---:|---:|---|---|");
    for measure in measures {
        let Measure { name, median, unit, beside, beside_median, ratio, goal, met } = measure;
        let goal = goal.as_deref().unwrap_or("");
        let met = met.map_or("", |met| if met { "yes" } else { "NO" });
        let (median, beside_median, ratio) = (figure(*median), figure(*beside_median), figure(*ratio));
        println!("| {name} | {median} {unit} | {beside} | {beside_median} {unit} | {ratio} | {goal} | {met} |");
    }
}

/// Three digits that mean something, and no more than that.
fn figure(number: f64) -> String {
    let decimals = match number {
        number if number >= 100.0 || number == 0.0 => 0,
        number if number >= 10.0 => 1,
        number if number >= 1.0 => 2,
        number if number >= 0.1 => 3,
        _ => 4,
    };
    format!("{number:.decimals$}")
}
