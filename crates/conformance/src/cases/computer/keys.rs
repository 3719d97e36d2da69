//! Keys and chords, seen as the bytes that a terminal sends for them.

use crate::{
    case::{Group, Tool},
    miss::Miss,
    session::Session,
    window::Kind,
};

/// Presses keys in a fresh window and waits until one of these has arrived.
async fn sends(s: &Session, keys: &[&str], received: &[&str]) -> Result<(), Miss> {
    let window = s.window(Kind::Keys).await?;
    for keys in keys {
        s.press(keys).await?.done()?;
    }
    window.receives_one_of(received).await
}

/// The keys are refused, and nothing has been pressed.
async fn refuses(s: &Session, keys: &str) -> Result<(), Miss> {
    let window = s.window(Kind::Keys).await?;
    s.press(keys).await?.refused()?;
    // Whatever had been pressed would arrive before this.
    s.type_text("end").await?.done()?;
    window.receives("end").await
}

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "keys")
        .case("Return and Tab", "They confirm and move on.", async |s| sends(s, &["Return", "Tab"], &["\r\t"]).await)
        .case("Escape", "It closes dialogs.", async |s| sends(s, &["Escape"], &["\u{1b}"]).await)
        .case("BackSpace and Delete", "They take back.", async |s| {
            sends(s, &["BackSpace", "Delete"], &["\u{7f}\u{1b}[3~", "\u{8}\u{1b}[3~", "\u{8}\u{7f}"]).await
        })
        .case("arrows", "They move.", async |s| {
            sends(
                s,
                &["Left", "Right", "Up", "Down"],
                &["\u{1b}[D\u{1b}[C\u{1b}[A\u{1b}[B", "\u{1b}OD\u{1b}OC\u{1b}OA\u{1b}OB"],
            )
            .await
        })
        .case("Home, End, Page_Up and Page_Down", "They move far.", async |s| {
            let sent = "\u{1b}[H\u{1b}[F\u{1b}[5~\u{1b}[6~";
            sends(s, &["Home", "End", "Page_Up", "Page_Down"], &[sent, "\u{1b}OH\u{1b}OF\u{1b}[5~\u{1b}[6~"]).await
        })
        .case("function keys", "They open and run.", async |s| {
            sends(s, &["F1", "F5", "F12"], &["\u{1b}OP\u{1b}[15~\u{1b}[24~", "\u{1b}[11~\u{1b}[15~\u{1b}[24~"]).await
        })
        .case("letters, digits and space", "A key may be a letter.", async |s| {
            sends(s, &["a", "Z", "5", "space"], &["aZ5 "]).await
        })
        .case("named signs", "xdotool has names for them.", async |s| {
            sends(s, &["plus", "minus", "comma", "period", "slash", "at"], &["+-,./@"]).await
        })
        .case("ctrl with a letter", "Chords are how programs are used.", async |s| {
            sends(s, &["ctrl+a", "Control+b", "ctrl+c"], &["\u{1}\u{2}\u{3}"]).await
        })
        .case("alt with a letter", "Menus open by it.", async |s| sends(s, &["alt+x"], &["\u{1b}x", "ø"]).await)
        .case("shift with a letter and with Tab", "Shift chords are chords too.", async |s| {
            sends(s, &["shift+a", "shift+Tab"], &["A\u{1b}[Z"]).await
        })
        .case("a chord of three", "ctrl+shift and ctrl+alt are common.", async |s| {
            sends(s, &["ctrl+shift+Left", "ctrl+alt+c"], &["\u{1b}[1;6D\u{1b}\u{3}", "\u{1b}[1;6D\u{83}"]).await
        })
        .case("keys of the number pad", "Remote desktops send them.", async |s| {
            sends(s, &["KP_Enter", "Return"], &["\r\r", "\u{1b}OM\r"]).await
        })
        .case("an unknown key is refused and presses nothing", "The model has to choose another.", async |s| {
            refuses(s, "NoSuchKeyAtAll").await
        })
        .case("a chord with an unknown modifier presses nothing", "`nosuch+a` must not type an `a`.", async |s| {
            refuses(s, "nosuchmod+a").await
        })
        .case("a chord with an unknown key presses nothing", "`ctrl` must not stay down.", async |s| {
            refuses(s, "ctrl+NoSuchKey").await
        })
        .case("the refusal names the unknown key", "The model corrects itself by it.", async |s| {
            s.press("NoSuchKeyAtAll").await?.refused_readably()?.says("NoSuchKeyAtAll")
        })
        .case("modifiers are not left behind", "A held control turns all text into commands.", async |s| {
            sends(s, &["ctrl+shift+alt+F9", "x"], &["\u{1b}[20;8~x"]).await
        })
        .case("a modifier alone is pressed and released", "Super opens menus.", async |s| {
            sends(s, &["shift", "ctrl", "x"], &["x"]).await
        })
}

/// Names that models use though xdotool does not know them.
pub(super) fn aliases() -> Group {
    Group::new(Tool::Computer, "key aliases")
        .case("Enter and enter are Return", "Models write all of them.", async |s| {
            sends(s, &["Enter", "enter", "return"], &["\r\r\r"]).await
        })
        .case("Esc and esc are Escape", "Models write all of them.", async |s| {
            sends(s, &["Esc", "esc"], &["\u{1b}\u{1b}"]).await
        })
        .case("PageDown and page_down are Page_Down", "Models write all of them.", async |s| {
            sends(s, &["PageDown", "page_down", "pagedown"], &["\u{1b}[6~\u{1b}[6~\u{1b}[6~"]).await
        })
        .case("ArrowLeft and left are Left", "Browsers name keys like that.", async |s| {
            sends(s, &["ArrowLeft", "left"], &["\u{1b}[D\u{1b}[D", "\u{1b}OD\u{1b}OD"]).await
        })
        .case("backspace, del and tab", "Models write them in lower case.", async |s| {
            let received = ["\u{7f}\u{1b}[3~\t", "\u{8}\u{1b}[3~\t", "\u{8}\u{7f}\t"];
            sends(s, &["backspace", "del", "tab"], &received).await
        })
        .case("f1 and f12", "Models write them in lower case.", async |s| {
            sends(s, &["f1", "f12"], &["\u{1b}OP\u{1b}[24~", "\u{1b}[11~\u{1b}[24~"]).await
        })
        .case("signs stand for themselves", "`ctrl+/` and `.` are what models write.", async |s| {
            sends(s, &[".", ",", "/", "-", "+"], &[".,/-+"]).await
        })
        .case("Ctrl, CTRL and control are one", "Names differ in case only.", async |s| {
            sends(s, &["Ctrl+a", "CTRL+b", "control+c"], &["\u{1}\u{2}\u{3}"]).await
        })
        .case("a letter beyond ASCII is a key", "Keyboards have é.", async |s| sends(s, &["é", "世"], &["é世"]).await)
        .case("an upper-case letter in a chord means the key", "`ctrl+C` is what people call ctrl+c.", async |s| {
            sends(s, &["ctrl+C"], &["\u{3}"]).await
        })
}
