//! Tools of the sandbox as their definitions have them: under their own names, in their versions, on a screen of their
//! size. One bench has each tool once; two shells of different versions stand on two benches in the same sandbox, and
//! their calls keep their order all the same.

use async_trait::async_trait;
use handspike_api::{ToolDefinition, ToolSpec};
use handspike_core::{CallContext, Executor, Fault, Lane, SandboxSource, SandboxWishes};
use handspike_tools::SandboxTools;
use handspike_types::{
    BashSettings, BashVersion, ComputerSettings, ComputerVersion, EditorSettings, EditorVersion, Fit, ToolCall,
    ToolOutput, ToolSettings, spec::SandboxTool,
};

/// A tool of the sandbox, as defined.
#[derive(Clone, PartialEq)]
pub(super) enum Defined {
    Bash(BashVersion),
    Editor { version: EditorVersion, root: Option<String> },
    Computer { version: ComputerVersion, width: u64, height: u64, display: u64 },
}

/// The tool of the sandbox that a definition is for, if it is for one.
pub(super) fn sandbox_tool(spec: &ToolSpec) -> Option<Defined> {
    macro_rules! computer {
        ($definition:ident, $version:ident) => {
            Defined::Computer {
                version: ComputerVersion::$version,
                width: $definition.display_width_px,
                height: $definition.display_height_px,
                display: $definition.display_number,
            }
        };
    }
    macro_rules! editor {
        ($definition:ident, $version:ident) => {
            Defined::Editor { version: EditorVersion::$version, root: $definition.root.clone() }
        };
    }
    Some(match spec {
        ToolSpec::Function { .. }
        | ToolSpec::Integration { .. }
        | ToolSpec::System { .. }
        | ToolSpec::ApiCall { .. } => {
            return None;
        }
        ToolSpec::Bash20241022 { .. } => Defined::Bash(BashVersion::V20241022),
        ToolSpec::Bash20250124 { .. } => Defined::Bash(BashVersion::V20250124),
        ToolSpec::TextEditor20241022 { text_editor_20241022: tool } => editor!(tool, V20241022),
        ToolSpec::TextEditor20250124 { text_editor_20250124: tool } => editor!(tool, V20250124),
        ToolSpec::TextEditor20250429 { text_editor_20250429: tool } => editor!(tool, V20250429),
        ToolSpec::TextEditor20250728 { text_editor_20250728: tool } => editor!(tool, V20250728),
        ToolSpec::Computer20241022 { computer_20241022: tool } => computer!(tool, V20241022),
        ToolSpec::Computer20250124 { computer_20250124: tool } => computer!(tool, V20250124),
        ToolSpec::Computer20251124 { computer_20251124: tool } => computer!(tool, V20251124),
    })
}

/// What the definitions ask of the session's sandbox: the screen of the first that has one.
pub(crate) fn wishes(definitions: &[ToolDefinition]) -> SandboxWishes {
    let computer = definitions.iter().find_map(|definition| match sandbox_tool(&definition.spec)? {
        Defined::Computer { width, height, display, .. } => {
            let pixels = |length: u64| u32::try_from(length).unwrap_or(u32::MAX);
            let display = u32::try_from(display).ok();
            Some(SandboxWishes { screen: Some((pixels(width), pixels(height))), display })
        }
        Defined::Bash(_) | Defined::Editor { .. } => None,
    });
    computer.unwrap_or_default()
}

/// Tools of one version each, with the names that they are offered under.
#[derive(Default)]
pub(super) struct Bench {
    places: Vec<Place>,
}

struct Place {
    tool: Defined,
    name: String,
    description: Option<String>,
}

impl Bench {
    /// Puts a tool on the first bench that has none of its kind.
    pub(super) fn place(benches: &mut Vec<Self>, definition: &ToolDefinition, tool: Defined) {
        let (name, description) = (definition.name.clone(), definition.description.clone());
        let is_free = |bench: &&mut Self| bench.places.iter().all(|place| place.tool.kind() != tool.kind());
        let place = Place { tool: tool.clone(), name, description };
        match benches.iter_mut().find(is_free) {
            Some(bench) => bench.places.push(place),
            None => benches.push(Self { places: vec![place] }),
        }
    }

    /// The tools in a sandbox.
    pub(super) fn into_executor(self, source: Box<dyn SandboxSource>) -> BenchTools {
        let kinds: Vec<SandboxTool> = self.places.iter().map(|place| place.tool.kind()).collect();
        let mut settings = ToolSettings::default();
        for place in &self.places {
            place.tool.apply(&mut settings);
        }
        let renamed = self.places.into_iter().map(|place| Renamed {
            usual: place.tool.kind().specs(&settings).remove(0).name,
            screen: place.tool.screen(),
            name: place.name,
            description: place.description,
        });
        let renamed = renamed.collect();
        BenchTools { tools: SandboxTools::new(source, &kinds, settings), renamed }
    }
}

impl Defined {
    fn kind(&self) -> SandboxTool {
        match self {
            Self::Bash(_) => SandboxTool::Bash,
            Self::Editor { .. } => SandboxTool::Editor,
            Self::Computer { .. } => SandboxTool::Computer,
        }
    }

    fn screen(&self) -> Option<(u64, u64)> {
        match self {
            Self::Bash(_) | Self::Editor { .. } => None,
            Self::Computer { width, height, .. } => Some((*width, *height)),
        }
    }

    fn apply(&self, settings: &mut ToolSettings) {
        match self {
            Self::Bash(version) => settings.bash = BashSettings { version: *version, ..BashSettings::default() },
            Self::Editor { version, root } => {
                let roots = root.iter().map(Into::into).collect();
                settings.editor = EditorSettings { version: *version, roots, ..EditorSettings::default() };
            }
            // The client has said how large the screen is, so coordinates are those of the screen.
            Self::Computer { version, .. } => {
                let fit = Fit::Native;
                settings.computer = ComputerSettings { version: *version, fit, ..ComputerSettings::default() };
            }
        }
    }
}

/// The tools of a bench, under the names of their definitions.
pub(super) struct BenchTools {
    tools: SandboxTools,
    renamed: Vec<Renamed>,
}

struct Renamed {
    usual: String,
    name: String,
    description: Option<String>,
    screen: Option<(u64, u64)>,
}

impl BenchTools {
    /// The call as the sandbox knows it.
    fn usual(&self, call: &ToolCall) -> ToolCall {
        let renamed = self.renamed.iter().find(|renamed| renamed.name == call.name);
        let name = renamed.map_or(&call.name, |renamed| &renamed.usual).clone();
        ToolCall { name, ..call.clone() }
    }
}

#[async_trait]
impl Executor for BenchTools {
    fn specs(&self) -> Vec<handspike_types::ToolSpec> {
        let mut specs = self.tools.specs();
        for spec in &mut specs {
            let Some(renamed) = self.renamed.iter().find(|renamed| renamed.usual == spec.name) else { continue };
            spec.name.clone_from(&renamed.name);
            if let Some((width, height)) = renamed.screen {
                spec.description.push_str(&format!(" The screen has {width}x{height} pixels."));
            }
            if let Some(description) = renamed.description.as_ref().filter(|text| !text.trim().is_empty()) {
                spec.description = format!("{description}\n\n{}", spec.description);
            }
        }
        specs
    }

    fn lane(&self, call: &ToolCall) -> Lane {
        self.tools.lane(&self.usual(call))
    }

    fn after_failure(&self, call: &ToolCall) -> Option<ToolOutput> {
        self.tools.after_failure(&self.usual(call))
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        self.tools.execute(&self.usual(call), context).await
    }

    async fn close(&self) -> Result<(), Fault> {
        self.tools.close().await
    }
}
