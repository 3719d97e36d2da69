//! What cases do with the desktop: actions, and which of them a server has.

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    case::Tool,
    miss::Miss,
    picture::Picture,
    server::Pending,
    session::{CALL_LIMIT, Session},
};

/// The actions that a server has which lists none: those of the first version.
const OLDEST: [&str; 10] = [
    "key",
    "type",
    "mouse_move",
    "left_click",
    "left_click_drag",
    "right_click",
    "middle_click",
    "double_click",
    "screenshot",
    "cursor_position",
];

impl Session {
    /// Does something with the desktop.
    pub(crate) async fn act(&self, action: &str, more: Value) -> Result<Answer, Miss> {
        self.start(action, more).await?.answer(CALL_LIMIT).await
    }

    /// The same without waiting for its end.
    pub(crate) async fn start(&self, action: &str, more: Value) -> Result<Pending, Miss> {
        self.needs_action(action)?;
        if self.has_toolset() {
            return self.send_named(action, more).await;
        }
        let mut arguments = json!({ "action": action });
        if let (Some(arguments), Value::Object(more)) = (arguments.as_object_mut(), more) {
            arguments.extend(more);
        }
        self.send(Tool::Computer, arguments).await
    }

    /// Whether each action is a tool of its own.
    pub(crate) fn has_toolset(&self) -> bool {
        !self.lists("computer") && ["screenshot", "left_click", "key"].into_iter().all(|member| self.lists(member))
    }

    /// Cases about the set of tools don't apply where the desktop is one tool.
    pub(crate) fn needs_toolset(&self) -> Result<(), Miss> {
        if self.has_toolset() { Ok(()) } else { Err(Miss::lacks("tool for each action of the desktop")) }
    }

    /// Cases about the one tool don't apply where each action is one.
    pub(crate) fn needs_one_tool(&self) -> Result<(), Miss> {
        if self.has_toolset() { Err(Miss::lacks("tool `computer`, but one for each action")) } else { Ok(()) }
    }

    /// Cases about actions that the server does not list don't apply.
    pub(crate) fn needs_action(&self, action: &str) -> Result<(), Miss> {
        if self.has_toolset() {
            return self.needs_tool(action);
        }
        let listed = self.offer(Tool::Computer)?.choices("action");
        let has = if listed.is_empty() { OLDEST.contains(&action) } else { listed.iter().any(|one| one == action) };
        if has { Ok(()) } else { Err(Miss::lacks(format!("action `{action}`"))) }
    }

    /// Clicks take a position and modifiers since the version that brought the triple click.
    pub(crate) fn needs_newer_clicks(&self) -> Result<(), Miss> {
        self.needs_action("triple_click").map_err(|_| Miss::lacks("clicks with a coordinate"))
    }

    /// The screen as the server shows it.
    pub(crate) async fn screen(&self) -> Result<Picture, Miss> {
        self.act("screenshot", json!({})).await?.done()?.picture()
    }

    /// Moves the pointer.
    pub(crate) async fn move_to(&self, (x, y): (u32, u32)) -> Result<Answer, Miss> {
        self.act("mouse_move", json!({ "coordinate": [x, y] })).await?.done()
    }

    /// Clicks somewhere: in one call, or in two where a click takes no position.
    pub(crate) async fn click_at(&self, (x, y): (u32, u32)) -> Result<Answer, Miss> {
        if self.needs_newer_clicks().is_ok() {
            return self.act("left_click", json!({ "coordinate": [x, y] })).await?.done();
        }
        self.move_to((x, y)).await?;
        self.act("left_click", json!({})).await?.done()
    }

    /// Presses keys.
    pub(crate) async fn press(&self, keys: &str) -> Result<Answer, Miss> {
        self.act("key", json!({ "text": keys })).await
    }

    /// Types a text.
    pub(crate) async fn type_text(&self, text: &str) -> Result<Answer, Miss> {
        self.act("type", json!({ "text": text })).await
    }
}
