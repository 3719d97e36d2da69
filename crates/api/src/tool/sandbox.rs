//! Tools of the sandbox, in each of their published versions. All that they need has a default.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::single::single;

/// Declares a tool's definition in one version: its type, its name for the model, and what else it takes.
macro_rules! tool {
    (
        $(#[$docs:meta])* $name:ident, $tag:ident = $wire:literal, $model_name:ident = $model_wire:literal
        { $($own:tt)* }
    ) => {
        single!(
            /// The tool's type.
            $tag = $wire
        );
        single!(
            /// The tool's name for the model.
            $model_name = $model_wire
        );

        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct $name {
            /// The tool's type.
            #[serde(default, rename = "type")]
            pub kind: $tag,
            /// The tool's name for the model.
            #[serde(default)]
            pub name: $model_name,
            $($own)*
        }

        impl Default for $name {
            fn default() -> Self {
                serde_json::from_value(serde_json::json!({})).expect("every field has a default")
            }
        }
    };
}

macro_rules! computer {
    ($(#[$docs:meta])* $name:ident, $tag:ident = $wire:literal, $model_name:ident) => {
        tool! {
            $(#[$docs])* $name, $tag = $wire, $model_name = "computer" {
                /// The screen's width in pixels.
                #[serde(default = "width")]
                #[schema(default = width, minimum = 600)]
                pub display_width_px: u64,
                /// The screen's height in pixels.
                #[serde(default = "height")]
                #[schema(default = height, minimum = 400)]
                pub display_height_px: u64,
                /// The number of the X display.
                #[serde(default = "display")]
                #[schema(default = display, minimum = 1, maximum = 10)]
                pub display_number: u64,
            }
        }
    };
}

macro_rules! editor {
    ($(#[$docs:meta])* $name:ident, $tag:ident = $wire:literal, $model_name:ident = $model_wire:literal) => {
        tool! {
            $(#[$docs])* $name, $tag = $wire, $model_name = $model_wire {
                /// The directory outside of which nothing is read or written; the whole file system where it is unset.
                #[serde(default)]
                #[schema(pattern = "^/")]
                pub root: Option<String>,
            }
        }
    };
}

computer! {
    /// The desktop, as of 2024-10-22.
    Computer20241022Def, Computer20241022Tag = "computer_20241022", Computer20241022Name
}
computer! {
    /// The desktop, as of 2025-01-24.
    Computer20250124Def, Computer20250124Tag = "computer_20250124", Computer20250124Name
}
computer! {
    /// The desktop, as of 2025-11-24.
    Computer20251124Def, Computer20251124Tag = "computer_20251124", Computer20251124Name
}
editor! {
    /// The editor, as of 2024-10-22.
    TextEditor20241022Def, TextEditor20241022Tag = "text_editor_20241022", TextEditor20241022Name = "str_replace_editor"
}
editor! {
    /// The editor, as of 2025-01-24.
    TextEditor20250124Def, TextEditor20250124Tag = "text_editor_20250124", TextEditor20250124Name = "str_replace_editor"
}
editor! {
    /// The editor, as of 2025-04-29.
    TextEditor20250429Def, TextEditor20250429Tag = "text_editor_20250429",
    TextEditor20250429Name = "str_replace_based_edit_tool"
}
editor! {
    /// The editor, as of 2025-07-28.
    TextEditor20250728Def, TextEditor20250728Tag = "text_editor_20250728",
    TextEditor20250728Name = "str_replace_based_edit_tool"
}
tool! {
    /// The shell, as of 2024-10-22.
    Bash20241022Def, Bash20241022Tag = "bash_20241022", Bash20241022Name = "bash" {}
}
tool! {
    /// The shell, as of 2025-01-24.
    Bash20250124Def, Bash20250124Tag = "bash_20250124", Bash20250124Name = "bash" {}
}

fn width() -> u64 {
    1024
}

fn height() -> u64 {
    768
}

fn display() -> u64 {
    1
}
