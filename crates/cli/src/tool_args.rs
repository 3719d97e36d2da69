//! How tools behave: the flags that `run` and `mcp` have in common, and how they become settings.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use handspike_types::{Fit, Settle, ToolSettings, ToolVersions, Unchanged, bash, spec::SandboxTool};

use crate::units;

/// How the tools behave.
#[derive(Args)]
pub(crate) struct ToolArgs {
    /// Offer the tools as they were published at this date: 20241022, 20250124, 20250429, 20250728, 20251124 or
    /// 20260801.  [default: 20250124; in `run` with the computer of 20251124]
    #[arg(long, value_name = "DATE")]
    tools_version: Option<ToolVersions>,

    /// How long a command may take where its call does not say: seconds, or a time such as 10m, up to 24h.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = parse_command_timeout)]
    command_timeout: Duration,

    /// Let the editor see and change only what is below this folder of the sandbox; may be repeated.
    #[arg(long, value_name = "PATH", value_parser = absolute_path)]
    editor_root: Vec<PathBuf>,

    /// Characters of a file that one view shows at most; 100 to 1000000.
    #[arg(long, value_name = "N", default_value_t = 16_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    max_characters: u32,

    /// How many milliseconds the screen is watched after an action: for a first change, until it is quiet, in all.
    #[arg(long, value_name = "FIRST,QUIET,ALL", default_value = "300,100,2000", value_parser = parse_settle)]
    settle: Settle,

    /// How large the pictures of the screen are, and so in which pixels coordinates are: `native` as large as the
    /// screen; `targets` 1024x768, 1280x800 or 1366x768 where the screen is larger and has that shape; `standard` or
    /// `high` as large as most or as newer models see without a loss; or EDGE,PATCHES for a longer side of so many
    /// pixels and so many patches of 28x28 at most.  [default: targets up to tools of 20250124, then standard]
    #[arg(long, value_name = "SIZE", value_parser = parse_fit)]
    fit: Option<Fit>,

    /// After an action that changed nothing on the screen, say so instead of sending the same picture again.
    #[arg(long)]
    omit_unchanged: bool,
}

/// Which tools are offered, and as what.
pub(crate) struct ChosenTools {
    pub(crate) tools: Vec<SandboxTool>,
    pub(crate) settings: ToolSettings,
}

impl ToolArgs {
    /// The tools that were chosen, each once, in these versions unless others are asked for.
    pub(crate) fn choose(&self, tools: &[SandboxTool], versions: ToolVersions) -> ChosenTools {
        let mut chosen = Vec::new();
        for tool in tools {
            if !chosen.contains(tool) {
                chosen.push(*tool);
            }
        }
        let mut settings = ToolSettings::of(self.tools_version.unwrap_or(versions));
        settings.bash.timeout_ms = u64::try_from(self.command_timeout.as_millis()).unwrap_or(u64::MAX);
        settings.computer.fit = self.fit.unwrap_or(settings.computer.fit);
        settings.editor.roots.clone_from(&self.editor_root);
        settings.editor.max_characters = self.max_characters as usize;
        settings.computer.settle = self.settle;
        if self.omit_unchanged {
            settings.computer.unchanged = Unchanged::Told;
        }
        ChosenTools { tools: chosen, settings }
    }
}

fn absolute_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(format!("`{text}` is not absolute; did you mean `/{text}`?")) }
}

fn parse_command_timeout(text: &str) -> Result<Duration, String> {
    let time = units::parse_duration(text)?;
    if time <= bash::MAX_TIMEOUT {
        Ok(time)
    } else {
        Err(format!("`{text}` is {} s; a command may take {} s at most", time.as_secs(), bash::MAX_TIMEOUT.as_secs()))
    }
}

fn parse_fit(text: &str) -> Result<Fit, String> {
    let within = |text: &str, most: u32| text.trim().parse::<u32>().ok().filter(|number| (16..=most).contains(number));
    match text {
        "native" => Ok(Fit::Native),
        "targets" => Ok(Fit::Targets),
        "standard" => Ok(Fit::STANDARD),
        "high" => Ok(Fit::HIGH),
        other => other
            .split_once(',')
            .and_then(|(edge, patches)| {
                Some(Fit::Budget { long_edge: within(edge, 8192)?, patches: within(patches, 100_000)? })
            })
            .ok_or_else(|| {
                format!(
                    "`{text}` is no size of pictures; write native, targets, standard, high or for example 1568,1568"
                )
            }),
    }
}

fn parse_settle(text: &str) -> Result<Settle, String> {
    const MOST: u64 = 60_000;
    let wrong = || {
        format!("`{text}` is not of the form FIRST,QUIET,ALL, in milliseconds up to {MOST}; for example 300,100,2000")
    };
    let numbers: Result<Vec<u64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    match numbers.map_err(|_| wrong())?.as_slice() {
        &[first_change_ms, quiet_ms, limit_ms]
            if [first_change_ms, quiet_ms, limit_ms].iter().all(|ms| *ms <= MOST) =>
        {
            Ok(Settle { first_change_ms, quiet_ms, limit_ms })
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use handspike_types::ComputerVersion;

    use super::*;

    #[test]
    fn settling_is_three_times_in_milliseconds() {
        assert_eq!(parse_settle("0, 50,1000"), Ok(Settle { first_change_ms: 0, quiet_ms: 50, limit_ms: 1000 }));
        for wrong in ["300", "1,2,3,4", "1,2,x", "1,2,60001"] {
            assert!(parse_settle(wrong).expect_err("no times").contains("FIRST,QUIET,ALL"));
        }
    }

    #[test]
    fn pictures_have_a_named_size_or_a_budget() {
        assert_eq!(parse_fit("native"), Ok(Fit::Native));
        assert_eq!(parse_fit("1568,1568"), Ok(Fit::STANDARD));
        for wrong in ["", "large", "1568", "1568,", "0,100", "100,0", "9000,100", "-1,-1"] {
            assert!(parse_fit(wrong).expect_err("no size").contains("native"), "{wrong}");
        }
    }

    #[test]
    fn a_command_s_time_is_seconds_or_has_a_unit_and_an_end() {
        assert_eq!(parse_command_timeout("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_command_timeout("10m"), Ok(Duration::from_secs(600)));
        assert!(parse_command_timeout("25h").expect_err("too long").contains("86400 s at most"));
    }

    #[test]
    fn what_is_asked_for_goes_into_the_settings() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: ToolArgs,
        }
        let chosen = |line: &[&str]| {
            let line = <Line as clap::Parser>::try_parse_from([&["x"], line].concat()).expect("it parses");
            line.args.choose(&[SandboxTool::Bash, SandboxTool::Bash], ToolVersions::SCHEMAS)
        };
        let usual = chosen(&[]);
        assert_eq!((usual.settings, usual.tools.len()), (ToolSettings::default(), 1));
        let newest = chosen(&["--tools-version", "20260801", "--command-timeout", "5", "--fit", "native"]).settings;
        assert_eq!(newest.computer.version, ComputerVersion::V20260801);
        assert_eq!((newest.bash.timeout(), newest.computer.fit), (Duration::from_secs(5), Fit::Native));
    }

    #[test]
    fn a_root_of_the_editor_is_absolute() {
        assert!(absolute_path("workspace").expect_err("relative").contains("`/workspace`"));
    }
}
