//! How tools behave: the flags that `run` and `mcp` have in common, and how they become settings.

use std::path::PathBuf;

use clap::Args;
use handspike_types::{Settle, ToolSettings, ToolVersions, Unchanged, spec::SandboxTool};

/// How the tools behave.
#[derive(Args)]
pub(crate) struct ToolArgs {
    /// Let the editor see and change only what is below this folder of the sandbox; may be repeated.
    #[arg(long, value_name = "PATH", value_parser = absolute_path)]
    editor_root: Vec<PathBuf>,

    /// Characters of a file that one view shows at most.
    #[arg(long, value_name = "N", default_value_t = 16_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    max_characters: u32,

    /// How many milliseconds the screen is watched after an action: for a first change, until it is quiet, in all.
    #[arg(long, value_name = "FIRST,QUIET,ALL", default_value = "300,100,2000", value_parser = parse_settle)]
    settle: Settle,

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
    /// The tools that were chosen, each once, in some versions.
    pub(crate) fn choose(&self, tools: &[SandboxTool], versions: ToolVersions) -> ChosenTools {
        let mut chosen = Vec::new();
        for tool in tools {
            if !chosen.contains(tool) {
                chosen.push(*tool);
            }
        }
        let mut settings = ToolSettings::of(versions);
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
    use super::*;

    #[test]
    fn settling_is_three_times_in_milliseconds() {
        assert_eq!(parse_settle("0, 50,1000"), Ok(Settle { first_change_ms: 0, quiet_ms: 50, limit_ms: 1000 }));
        for wrong in ["300", "1,2,3,4", "1,2,x", "1,2,60001"] {
            assert!(parse_settle(wrong).expect_err("no times").contains("FIRST,QUIET,ALL"));
        }
    }

    #[test]
    fn a_root_of_the_editor_is_absolute() {
        assert!(absolute_path("workspace").expect_err("relative").contains("`/workspace`"));
    }
}
