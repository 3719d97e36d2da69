//! A window for a case to act on: an xterm of a colour that nothing else has, started through the server's shell.
//!
//! It is found by its colour in the server's own screenshots, so neither scaling nor a window manager matters. What
//! reaches it is written to a file and read back through the shell: keys as the bytes that a terminal sends, the mouse
//! as the reports of xterm's SGR protocol.

use std::cell::Cell;

use crate::{
    miss::{Miss, excerpt},
    mouse::{MouseReport, mouse_reports},
    picture::{Area, Colour},
    session::Session,
};

/// Columns of every window.
const COLUMNS: u32 = 60;
/// Rows of every window.
const ROWS: u32 = 10;

/// Pixels around the cells.
const BORDER: u32 = 2;

/// What windows look like.
pub(crate) const COLOUR: Colour = [0xB8, 0xE0, 0x5A];

/// What `Kind::Turning` turns to.
pub(crate) const TURNED: Colour = [0x30, 0x60, 0xC8];

/// What `Kind::Text` shows, from the first row on.
const SHOWN_TEXT: [&str; 3] = ["alpha bravo charlie", "delta echo foxtrot", "golf hotel india"];

/// What a window does with what reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Records keys.
    Keys,
    /// Records keys, presses and releases of buttons, the wheel, and every motion of the pointer.
    Mouse,
    /// Shows a few lines of text that can be selected, and records keys and what is pasted.
    Text,
    /// Turns from its colour to another one at the first key.
    Turning,
    /// Changes its colour all the time.
    Restless,
}

/// A window that has been seen on the screen.
pub(crate) struct Window<'a> {
    session: &'a Session,
    file: String,
    /// Where its colour is: the terminal's inside.
    pub(crate) area: Area,
}

impl Session {
    /// Closes windows of earlier cases, opens one, waits until it is seen, and gives it the keyboard.
    pub(crate) async fn window(&self, kind: Kind) -> Result<Window<'_>, Miss> {
        self.needs("xterm").await?;
        self.close_windows().await?;
        let file = self.start_window(kind).await?;
        self.eventually_tells(&format!("cat '{file}.ready'"), "ready").await?;
        // A restless window has no colour of its own, and nobody points at it.
        let area = if kind == Kind::Restless { self.screen().await?.area() } else { self.find_window().await? };
        let window = Window { session: self, file, area };
        // A click just before a double click may be counted with it, and pasting needs no keyboard.
        if !matches!(kind, Kind::Restless | Kind::Text) {
            self.click_at(window.area.center()).await?;
            window.forget().await?;
        }
        Ok(window)
    }

    /// Waits until the window is seen at the same place twice: one that opens is painted and moved step by step.
    async fn find_window(&self) -> Result<Area, Miss> {
        let last = Cell::new(None);
        self.eventually("a window in the screenshot", async || {
            let found = self.screen().await?.find(COLOUR);
            let is_settled = last.replace(found) == found;
            Ok(found.filter(|_| is_settled).ok_or_else(|| "its colour is nowhere, or moves".to_owned()))
        })
        .await
    }

    /// Ends the windows of this and earlier cases, and waits until they are gone from the screen.
    pub(crate) async fn close_windows(&self) -> Result<(), Miss> {
        let end = "[ -e \"$f\" ] && kill -9 $(cat \"$f\") && echo ended; rm -f \"$f\"";
        let ended = self.tell(&format!("for f in '{}'/../*/window.pid; do {end}; done", self.dir())).await?;
        if !ended.contains("ended") {
            return Ok(());
        }
        self.eventually("the window gone from the screenshot", async || {
            let screen = self.screen().await?;
            let left = screen.find(COLOUR).or_else(|| screen.find(TURNED));
            Ok(left.map_or(Ok(()), |area| Err(format!("it is still at {area:?}"))))
        })
        .await
    }

    async fn start_window(&self, kind: Kind) -> Result<String, Miss> {
        let file = self.path("window");
        self.write("window.sh", script(kind, &file).as_bytes()).await?;
        let start = format!(
            "cd '{}' && : > window && (export DISPLAY=\"${{DISPLAY:-:0}}\" LC_ALL=C.UTF-8; \
             xterm -u8 +sb -bg '{}' -fg '#102030' -geometry {COLUMNS}x{ROWS}+120+120 \
             -xrm '*omitTranslation: popup-menu' -xrm '*metaSendsEscape: true' -xrm '*allowColorOps: true' \
             -xrm '*disallowedColorOps: none' -xrm '*cursorBlink: false' -e sh window.sh </dev/null >/dev/null 2>&1 & \
             echo $! > window.pid)",
            self.dir(),
            hex(COLOUR)
        );
        self.bash(&start).await?.done()?;
        Ok(file)
    }
}

/// What runs in the window.
fn script(kind: Kind, file: &str) -> String {
    // The terminal answers the question for its state, with 4 bytes, once it has worked through all before it.
    let asked = "stty raw -echo; printf '\\033[5n'; dd bs=1 count=4 >/dev/null 2>&1";
    let ready = format!("{asked}; echo ready > '{file}.ready'");
    // What arrives is shown as well, made harmless, since a server may wait for the screen to change.
    let record = format!("tee -a '{file}' | cat -v");
    let record_unseen = format!("exec cat >> '{file}'");
    match kind {
        Kind::Keys => format!("{ready}; {record}"),
        Kind::Mouse => format!("printf '\\033[?1003h\\033[?1006h'; {ready}; {record}"),
        Kind::Text => format!("printf '{}'; {ready}; {record_unseen}", SHOWN_TEXT.join("\\n")),
        Kind::Turning => {
            let turn = format!("printf '\\033]11;{}\\007'", hex(TURNED));
            format!("{ready}; dd bs=1 count=1 2>/dev/null >> '{file}'; {turn}; {record_unseen}")
        }
        Kind::Restless => {
            let step = "printf '\\033]11;#%s%s%s\\007' $c 40 $c; sleep 0.02";
            format!("{ready}; while :; do for c in 10 50 90 d0; do {step}; done; done")
        }
    }
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

impl Window<'_> {
    /// What has reached it so far.
    pub(crate) async fn received(&self) -> Result<Vec<u8>, Miss> {
        self.session.read(&self.file).await
    }

    /// How many bytes have reached it so far, and the last few of them.
    pub(crate) async fn received_last(&self) -> Result<(usize, String), Miss> {
        let told = self.session.tell(&format!("wc -c < '{0}'; tail -c 16 '{0}'", self.file)).await?;
        let (count, last) = told.split_once('\n').unwrap_or_default();
        Ok((count.trim().parse().unwrap_or_default(), last.to_owned()))
    }

    /// Forgets what has reached it so far.
    pub(crate) async fn forget(&self) -> Result<(), Miss> {
        self.session.bash(&format!(": > '{}'", self.file)).await?.done().map(drop)
    }

    /// Waits until exactly this has reached it, with what a terminal sends for Return read as a new line.
    pub(crate) async fn receives(&self, text: &str) -> Result<(), Miss> {
        self.receives_one_of(&[text]).await
    }

    /// Waits until exactly one of these has reached it: terminals differ in what some keys send.
    pub(crate) async fn receives_one_of(&self, texts: &[&str]) -> Result<(), Miss> {
        let expected = format!("{:?} at the window", texts.first().copied().unwrap_or_default());
        self.session
            .eventually(&excerpt(&expected), async || {
                let received = String::from_utf8_lossy(&self.received().await?).replace('\r', "\n");
                let is_there = texts.iter().any(|text| received == text.replace('\r', "\n"));
                Ok(if is_there { Ok(()) } else { Err(first_difference(texts, &received)) })
            })
            .await
    }

    /// Waits until the reports of the mouse show this, and gives them all.
    pub(crate) async fn reports(
        &self,
        expected: &str,
        is_there: impl Fn(&[MouseReport]) -> bool,
    ) -> Result<Vec<MouseReport>, Miss> {
        self.session
            .eventually(expected, async || {
                let reports = mouse_reports(&self.received().await?);
                Ok(if is_there(&reports) { Ok(reports) } else { Err(format!("{reports:?}")) })
            })
            .await
    }

    /// The pixel in the middle of a cell, counted from 0.
    pub(crate) fn cell(&self, column: u32, row: u32) -> (u32, u32) {
        let across = (self.area.width - 2 * BORDER) * (2 * column + 1) / (2 * COLUMNS);
        let down = (self.area.height - 2 * BORDER) * (2 * row + 1) / (2 * ROWS);
        (self.area.left + BORDER + across, self.area.top + BORDER + down)
    }
}

/// Where a text begins to differ from the one that was expected.
fn first_difference(texts: &[&str], received: &str) -> String {
    let expected = texts.first().copied().unwrap_or_default();
    let same = expected.chars().zip(received.chars()).take_while(|(one, other)| one == other).count();
    let rest: String = received.chars().skip(same).take(40).collect();
    format!("{} characters, from {same} on {rest:?}", received.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_character_is_named_by_its_place() {
        assert_eq!(first_difference(&["hello"], "helo"), "4 characters, from 3 on \"o\"");
    }
}
