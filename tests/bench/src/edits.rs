//! The editor on files of three sizes, beside reading and writing them plainly in the same container.

use std::{fs, path::Path, time::Duration};

use anyhow::Result;
use handspike_sandbox::{BuiltIn, DockerSandbox, Engine};
use serde_json::json;

use crate::{
    measure::{Measure, median_millis, timed},
    peers,
    sandboxed::{Attached, bash, call, open},
};

const LINE: &str = "a line of some forty characters, as usual\n";
/// Where the peers edit.
const FILES: &str = "target/bench-files";
const VIEWS: usize = 200;

/// For each line `write PATH` it reads the file, writes it beside, flushes that to the disk, removes it and answers with a
/// word that says that it is done. `read PATH` only reads.
const PLAIN: &str = r"
import os, sys
for line in sys.stdin:
    what, path = line.split()
    descriptor = os.open(path, os.O_RDONLY)
    content = os.read(descriptor, os.fstat(descriptor).st_size)
    os.close(descriptor)
    if what == 'write':
        descriptor = os.open(path + '.plain', os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        written = os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)
        assert written == len(content)
    print('done', flush=True)
    if what == 'write':
        os.remove(path + '.plain')
";

/// A file that is edited.
struct Size {
    name: &'static str,
    bytes: usize,
    rounds: usize,
}

const SIZES: [Size; 3] = [
    Size { name: "10 kB", bytes: 10_000, rounds: 300 },
    Size { name: "1 MB", bytes: 1_000_000, rounds: 100 },
    Size { name: "100 MB", bytes: 100_000_000, rounds: 9 },
];

pub(crate) async fn run() -> Result<Vec<Measure>> {
    let engine = Engine::connect().await?;
    let sandbox = open(&engine, BuiltIn::Base).await?;
    let measured = measure(&sandbox).await;
    engine.remove(sandbox.container()).await?;
    measured
}

async fn measure(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    let others = Others::run().await?;
    let mut plain = Plain(Attached::open(sandbox.container(), &["python3", "-c", PLAIN]).await?);
    let mut measures = Vec::new();
    for size in &SIZES {
        let name = format!("str_replace {}", size.name);
        let (edits, writes) = replacements(sandbox, &mut plain, size).await?;
        let floor = "read, write and fsync inside, asked for over an attached exec stream";
        measures.push(Measure::beside(&name, "ms", edits, floor, writes).at_most(2.0));
        measures.extend(others.beside(&name, edits));
    }
    let (views, reads) = views(sandbox, &mut plain, &SIZES[1]).await?;
    let name = format!("view {}", SIZES[1].name);
    measures.push(Measure::beside(&name, "ms", views, "reading the file inside, asked for in the same way", reads));
    measures.extend(others.beside(&name, views));
    Ok(measures)
}

/// The medians of the edit and of the plain writing.
async fn replacements(sandbox: &DockerSandbox, plain: &mut Plain, size: &Size) -> Result<(f64, f64)> {
    let path = size.path();
    let half = size.bytes / LINE.len() / 2;
    let lines = format!("yes '{}' | head -n {half}", LINE.trim_end());
    bash(sandbox, &format!("{{ {lines}; echo '<mark 0>'; {lines}; }} > {path}")).await?;
    let (mut edits, mut writes) = (Vec::new(), Vec::new());
    for round in 0..size.rounds {
        let (old, new) = (format!("<mark {round}>"), format!("<mark {}>", round + 1));
        let edit = json!({"command": "str_replace", "path": path, "old_str": old, "new_str": new});
        edits.push(timed(call(sandbox, "str_replace_editor", edit)).await?.0);
        writes.push(plain.written(&path).await?);
    }
    bash(sandbox, &format!("grep -q '<mark {}>' {path}", size.rounds)).await?;
    Ok((median_millis(edits), median_millis(writes)))
}

/// The medians of viewing a file and of reading it.
async fn views(sandbox: &DockerSandbox, plain: &mut Plain, size: &Size) -> Result<(f64, f64)> {
    let path = size.path();
    let (mut views, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..VIEWS {
        views.push(timed(call(sandbox, "str_replace_editor", json!({"command": "view", "path": path}))).await?.0);
        reads.push(plain.read(&path).await?);
    }
    Ok((median_millis(views), median_millis(reads)))
}

impl Size {
    fn path(&self) -> String {
        format!("/workspace/{}", self.name.replace(' ', ""))
    }
}

/// The plain reader and writer in the sandbox.
struct Plain(Attached);

impl Plain {
    async fn read(&mut self, path: &str) -> Result<Duration> {
        Ok(timed(self.0.ask(&format!("read {path}"), "done\n")).await?.0)
    }

    async fn written(&mut self, path: &str) -> Result<Duration> {
        Ok(timed(self.0.ask(&format!("write {path}"), "done\n")).await?.0)
    }
}

/// The peers' medians.
struct Others {
    openhands: Option<peers::Medians>,
    inspect: peers::Medians,
}

impl Others {
    async fn run() -> Result<Self> {
        // Not among temporary files, which may be in memory: the sandbox's are on a disk.
        fs::create_dir_all(FILES)?;
        let folder = &Path::new(FILES).canonicalize()?;
        write_files(folder)?;
        let openhands = peers::openhands_aci(folder).await?;
        write_files(folder)?;
        let inspect = peers::inspect_ai_editing(folder).await?;
        fs::remove_dir_all(folder)?;
        Ok(Self { openhands, inspect })
    }

    /// Those that did the same. The largest file is refused by one of them.
    fn beside(&self, name: &str, median: f64) -> Vec<Measure> {
        let openhands = self.openhands.as_ref().map(|peer| ("openhands-aci, in its own process", peer));
        let peers = openhands.into_iter().chain([("Inspect's text_editor, local", &self.inspect)]);
        let of_peer = |(peer, medians): (&str, &peers::Medians)| {
            Some(Measure::beside(name, "ms", median, peer, medians.of(name)?))
        };
        peers.filter_map(of_peer).collect()
    }
}

fn write_files(folder: &Path) -> Result<()> {
    for size in &SIZES {
        let half = LINE.repeat(size.bytes / LINE.len() / 2);
        fs::write(folder.join(size.name.replace(' ', "")), format!("{half}<mark 0>\n{half}"))?;
    }
    Ok(())
}
