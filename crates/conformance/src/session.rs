//! What a case works with: one server, a folder of its own inside it, and the few things that all cases need.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    answer::Answer,
    case::Tool,
    miss::Miss,
    offer::Offer,
    server::{Pending, Server},
};

/// How long a call may take where its case says nothing else. Generous: the machine may be busy.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How long something that is to happen soon may take.
const SOON: Duration = Duration::from_secs(10);

/// Between two looks at something that is to happen soon.
const PAUSE: Duration = Duration::from_millis(40);

/// What is written in one command when a file is made.
const CHUNK: usize = 48 << 10;

/// One server and a case's place in it.
pub(crate) struct Session {
    server: Server,
    tool: Tool,
    folder: String,
    tag: String,
    number: Cell<usize>,
    programs: RefCell<HashMap<String, bool>>,
}

impl Session {
    /// Takes a server into use for the cases of one tool.
    pub(crate) fn new(server: Server, tool: Tool, tag: &str) -> Self {
        let folder = format!("/tmp/conformance-{tag}-{}", tool.name());
        Self { server, tool, folder, tag: tag.replace('-', ""), number: Cell::new(0), programs: RefCell::default() }
    }

    /// Gives the next case a folder and, for the shell, a fresh shell.
    pub(crate) async fn begin_case(&self, number: usize) -> Result<(), Miss> {
        self.number.set(number);
        if self.find(Tool::Bash).is_none() {
            return Ok(());
        }
        if self.tool == Tool::Bash {
            self.restart().await?;
        }
        self.bash(&format!("mkdir -p '{}'", self.dir())).await.map(drop)
    }

    /// Removes what cases left behind, as far as the server still answers.
    pub(crate) async fn end(self) {
        if self.find(Tool::Bash).is_some() && self.restart().await.is_ok() {
            let folder = &self.folder;
            let _ = self.bash(&format!("chmod -R u+rwx '{folder}'; rm -rf '{folder}'")).await;
        }
        self.server.stop().await;
    }

    /// Gives up a server that can't be used any more.
    pub(crate) async fn abandon(self) {
        self.server.stop().await;
    }

    /// The folder of this case.
    pub(crate) fn dir(&self) -> String {
        format!("{}/{}", self.folder, self.number.get())
    }

    /// A path in the folder of this case.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.dir())
    }

    /// A tool as the server lists it.
    pub(crate) fn find(&self, tool: Tool) -> Option<&Offer> {
        let by_name = |names: &[&str]| self.server.offers.iter().find(|offer| names.contains(&offer.name.as_str()));
        by_name(tool.wire_names()).or_else(|| match tool {
            // The set has no tool of its own name. What makes pictures stands for all of it.
            Tool::Computer if self.has_toolset() => by_name(&["screenshot"]),
            Tool::Bash | Tool::Editor | Tool::Computer => None,
        })
    }

    /// Whether a tool of exactly this name is listed.
    pub(crate) fn lists(&self, name: &str) -> bool {
        self.server.offers.iter().any(|offer| offer.name == name)
    }

    /// Cases about a tool that the server does not list don't apply.
    pub(crate) fn needs_tool(&self, name: &str) -> Result<(), Miss> {
        if self.lists(name) { Ok(()) } else { Err(Miss::lacks(format!("tool `{name}`"))) }
    }

    /// A tool, or that the case does not apply.
    pub(crate) fn offer(&self, tool: Tool) -> Result<&Offer, Miss> {
        self.find(tool).ok_or_else(|| Miss::lacks(format!("tool `{}`", tool.wire_names().join("` or `"))))
    }

    /// Sends a call and does not wait. Arguments that are no object are a mistake of the case.
    pub(crate) async fn send(&self, tool: Tool, arguments: Value) -> Result<Pending, Miss> {
        self.send_named(&self.offer(tool)?.name, arguments).await
    }

    /// Calls a tool by its name on the wire.
    pub(crate) async fn call_tool(&self, name: &str, arguments: Value) -> Result<Answer, Miss> {
        self.needs_tool(name)?;
        self.call_unlisted(name, arguments).await
    }

    /// Calls a tool, whether it is there or not.
    pub(crate) async fn call_unlisted(&self, name: &str, arguments: Value) -> Result<Answer, Miss> {
        self.send_named(name, arguments).await?.answer(CALL_LIMIT).await
    }

    /// Sends a call to a tool of this name and does not wait.
    pub(crate) async fn send_named(&self, name: &str, arguments: Value) -> Result<Pending, Miss> {
        let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap_or_default();
        self.server.send(name, arguments).await
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, tool: Tool, arguments: Value) -> Result<Answer, Miss> {
        self.send(tool, arguments).await?.answer(CALL_LIMIT).await
    }

    /// Runs a command in the shell.
    pub(crate) async fn bash(&self, command: &str) -> Result<Answer, Miss> {
        self.call(Tool::Bash, json!({ "command": command })).await
    }

    /// Runs a command with a time limit of its own, where the server's shell takes one.
    pub(crate) async fn bash_for(&self, command: &str, seconds: u32) -> Result<Answer, Miss> {
        self.bash_takes_timeout()?;
        self.call(Tool::Bash, json!({ "command": command, "timeout": seconds })).await
    }

    /// Cases about time limits apply only where a call can set one: nobody waits for the default of minutes.
    pub(crate) fn bash_takes_timeout(&self) -> Result<(), Miss> {
        match self.offer(Tool::Bash)?.has_parameter("timeout") {
            true => Ok(()),
            false => Err(Miss::lacks("parameter `timeout` of `bash`")),
        }
    }

    /// Replaces the shell.
    pub(crate) async fn restart(&self) -> Result<Answer, Miss> {
        self.call(Tool::Bash, json!({ "restart": true })).await
    }

    /// Calls the editor with a command, a path and more.
    pub(crate) async fn edit(&self, command: &str, path: &str, more: Value) -> Result<Answer, Miss> {
        let mut arguments = json!({ "command": command, "path": path });
        if let (Some(arguments), Value::Object(more)) = (arguments.as_object_mut(), more) {
            arguments.extend(more);
        }
        self.call(Tool::Editor, arguments).await
    }

    /// A program that the case needs inside the server. Looked for once.
    pub(crate) async fn needs(&self, program: &str) -> Result<(), Miss> {
        let known = self.programs.borrow().get(program).copied();
        let has = match known {
            Some(has) => has,
            None => self.tell(&format!("command -v {program}")).await?.trim_end().ends_with(program),
        };
        self.programs.borrow_mut().insert(program.to_owned(), has);
        if has { Ok(()) } else { Err(Miss::lacks(format!("program `{program}`"))) }
    }

    /// What a command writes, exactly. It travels as base64 between marks that the command line does not contain.
    pub(crate) async fn tell_bytes(&self, command: &str) -> Result<Vec<u8>, Miss> {
        let line = format!("printf '<%s<' '<'; {{ {command}\n}} 2>/dev/null | base64 -w0; printf '>%s>' '>'");
        let answer = self.bash(&line).await?;
        let inside =
            answer.text.split_once("<<<").and_then(|(_, rest)| rest.split_once(">>>")).map(|(inside, _)| inside);
        let decoded = inside.and_then(|inside| BASE64_STANDARD.decode(inside.trim()).ok());
        decoded.ok_or_else(|| Miss::failed("a shell that shows what `base64` writes", &answer.text))
    }

    /// What a command writes, as text.
    pub(crate) async fn tell(&self, command: &str) -> Result<String, Miss> {
        Ok(String::from_utf8_lossy(&self.tell_bytes(command).await?).into_owned())
    }

    /// The bytes of a file, which must be small enough for one answer.
    pub(crate) async fn read(&self, path: &str) -> Result<Vec<u8>, Miss> {
        self.tell_bytes(&format!("cat '{path}'")).await
    }

    /// Makes a file with these bytes in the folder of this case.
    pub(crate) async fn write(&self, name: &str, bytes: &[u8]) -> Result<String, Miss> {
        let path = self.path(name);
        self.bash(&format!(": > '{path}'")).await?;
        for chunk in bytes.chunks(CHUNK) {
            let encoded = BASE64_STANDARD.encode(chunk);
            self.bash(&format!("printf %s {encoded} | base64 -d >> '{path}'")).await?;
        }
        Ok(path)
    }

    /// Waits for something to come true. The probe says what it found instead.
    pub(crate) async fn eventually<T>(
        &self,
        expected: &str,
        probe: impl AsyncFn() -> Result<Result<T, String>, Miss>,
    ) -> Result<T, Miss> {
        let deadline = Instant::now() + SOON;
        loop {
            match probe().await? {
                Ok(found) => return Ok(found),
                Err(found) if Instant::now() > deadline => {
                    return Err(Miss::failed(format!("{expected} within {} s", SOON.as_secs()), found));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Waits until a command writes this, without the white space around it.
    pub(crate) async fn eventually_tells(&self, command: &str, expected: &str) -> Result<(), Miss> {
        self.eventually(&format!("`{expected}`"), async || {
            let told = self.tell(command).await?;
            Ok(if told.trim() == expected { Ok(()) } else { Err(told) })
        })
        .await
    }

    /// A command that sleeps for longer than any case takes, and that no other case of any run has.
    pub(crate) async fn long_sleep(&self) -> Result<String, Miss> {
        self.needs("pgrep").await?;
        Ok(format!("sleep {}.{}", 4000 + self.number.get(), self.tag))
    }

    /// Waits until no process with exactly this command line is left.
    pub(crate) async fn eventually_gone(&self, command: &str) -> Result<(), Miss> {
        self.eventually_tells(&format!("pgrep -fx '{command}' | wc -l"), "0").await
    }
}
