//! Which kind of desktop this is, and why it may not let itself be operated.

use std::env;

use enigo::NewConError;

use crate::PlatformError;

/// The kinds of desktop, as far as they have to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WindowSystem {
    X11,
    Wayland,
    /// macOS and Windows have one way only.
    Native,
}

/// Why a desktop cannot be operated.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "neither DISPLAY nor WAYLAND_DISPLAY is set\nhint: start this in a terminal of the desktop itself, or set DISPLAY, for example to `:0`"
    )]
    NoDisplay,
    #[error(
        "the X server does not answer\nhint: check that `DISPLAY` names a display that is running, and that it lets you in"
    )]
    NoServer(#[source] PlatformError),
    #[error("the desktop has no screen")]
    NoScreen,
    #[error(
        "the system does not let this program see the screen\nhint: allow it, or the terminal that it runs in, in System Settings > Privacy & Security > Screen & System Audio Recording, then start it again"
    )]
    #[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "only macOS asks its user"))]
    MayNotSee,
    #[error(
        "the system does not let this program press keys and buttons\nhint: allow it, or the terminal that it runs in, in System Settings > Privacy & Security > Accessibility, then start it again"
    )]
    MayNotPress,
    #[error(
        "this compositor takes no keys and buttons from programs\nhint: use one that offers wlr-virtual-pointer and virtual-keyboard, such as Sway or Hyprland, or log in to an X11 session"
    )]
    NoInputOnWayland(#[source] NewConError),
    #[error("the desktop takes no keys and buttons from programs")]
    NoInput(#[source] NewConError),
    #[error("no picture of the screen can be taken\nhint: {}", .system.how_to_be_seen())]
    NoPicture {
        system: WindowSystem,
        #[source]
        source: xcap::XCapError,
    },
}

impl WindowSystem {
    /// The kind of this process's desktop, and its name.
    pub(super) fn of_this_process() -> Result<(Self, String), Refusal> {
        if cfg!(target_os = "linux") {
            Self::from_environment(|name| env::var(name).ok().filter(|value| !value.is_empty()))
        } else {
            Ok((Self::Native, "the screen".to_owned()))
        }
    }

    /// Decides as xcap does, so that pictures and input are of the same desktop.
    fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<(Self, String), Refusal> {
        let (x11, wayland) = (variable("DISPLAY"), variable("WAYLAND_DISPLAY"));
        let is_wayland = variable("XDG_SESSION_TYPE").is_some_and(|kind| kind == "wayland")
            || wayland.as_ref().is_some_and(|name| name.to_lowercase().contains("wayland"));
        match (is_wayland, x11, wayland) {
            (true, _, wayland) => Ok((Self::Wayland, wayland.unwrap_or_else(|| "wayland-0".to_owned()))),
            (false, Some(x11), _) => Ok((Self::X11, x11)),
            (false, None, _) => Err(Refusal::NoDisplay),
        }
    }

    pub(super) fn refused_input(self, error: NewConError) -> Refusal {
        match (error, self) {
            (NewConError::NoPermission, _) => Refusal::MayNotPress,
            (error, Self::Wayland) => Refusal::NoInputOnWayland(error),
            (error, Self::X11 | Self::Native) => Refusal::NoInput(error),
        }
    }

    fn how_to_be_seen(self) -> &'static str {
        match self {
            Self::X11 => "start the X server with a screen of 24 bits, and Xvfb with `-noreset`",
            Self::Wayland => "allow screenshots when the desktop asks, and have Xwayland running (DISPLAY is set then)",
            Self::Native => "unlock the screen, and allow this program to see it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(variables: &[(&str, &str)]) -> Result<(WindowSystem, String), Refusal> {
        WindowSystem::from_environment(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_display_alone_is_x11() {
        assert_eq!(system(&[("DISPLAY", ":7")]).expect("a window system"), (WindowSystem::X11, ":7".to_owned()));
    }

    #[test]
    fn wayland_wins_over_the_display_of_its_xwayland() {
        let variables = [("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-1")];
        assert_eq!(system(&variables).expect("a window system"), (WindowSystem::Wayland, "wayland-1".to_owned()));
    }

    #[test]
    fn no_display_at_all_is_refused_with_a_remedy() {
        let refusal = system(&[]).expect_err("no window system").to_string();
        assert!(refusal.contains("DISPLAY") && refusal.contains("\nhint: "), "{refusal}");
    }
}
