//! The engine, seen through Docker's own client.

use std::{
    fs,
    path::Path,
    process::{self, Command, Output, Stdio},
};

use crate::requirements;

/// An engine that answers.
#[derive(Clone, Copy, Debug)]
pub struct Docker {
    _answers: (),
}

impl Docker {
    pub(crate) fn new() -> Self {
        Self { _answers: () }
    }

    /// The ids of a session's containers, running or not.
    #[must_use]
    pub fn sandboxes_of(&self, session: &str) -> Vec<String> {
        labelled(&format!("dev.handspike.session={session}"))
    }

    /// What a session's container does, in the engine's word, such as `running` or `exited`; none without a container.
    #[must_use]
    pub fn state_of(&self, session: &str) -> Option<String> {
        let id = self.sandboxes_of(session).pop()?;
        let output = docker(&["inspect", "--format", "{{.State.Status}}", &id]);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The ids of the containers that a process has made.
    #[must_use]
    pub fn sandboxes_made_by(&self, process: u32) -> Vec<String> {
        labelled(&format!("dev.handspike.owner.pid={process}"))
    }

    /// What Docker's client says.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn say(&self, arguments: &[&str]) -> String {
        let output = docker(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Has Docker's client do something.
    ///
    /// # Panics
    /// When it fails.
    pub fn does(&self, arguments: &[&str]) {
        let _ = self.say(arguments);
    }

    /// The newest image of a repository, as `repository:tag`.
    #[must_use]
    pub fn image(&self, repository: &str) -> Option<String> {
        let images = self.say(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository]);
        images.lines().next().map(str::to_owned)
    }

    /// An image that holds nothing but a busybox: a shell and small tools, but no bash, no `/tmp` and no users. None
    /// where the machine has no static busybox.
    ///
    /// # Panics
    /// When the engine does not take it.
    #[must_use]
    pub fn import_busybox(&self) -> Option<TestImage> {
        const BUSYBOX: &str = "/bin/busybox";
        requirements::require(requirements::file(BUSYBOX, "busybox-static"))?;
        let root = tempfile::tempdir().expect("a temporary folder");
        let programs = root.path().join("bin");
        fs::create_dir(&programs).expect("a folder for programs");
        fs::copy(BUSYBOX, programs.join("busybox")).expect("a copy of busybox");
        for name in ["sh", "cat", "ls"] {
            std::os::unix::fs::symlink("busybox", programs.join(name)).expect("a link");
        }
        let name = format!("handspike-test/busybox:{}", process::id());
        import(root.path(), &name);
        Some(TestImage { name })
    }

    /// One of Handspike's own images, such as `base`, with a label `name=value` more.
    ///
    /// # Panics
    /// When that has not been built, or the engine does not take it.
    #[must_use]
    pub fn image_with_label(&self, image: &str, label: &str) -> TestImage {
        let image = self.image(&format!("handspike/{image}")).expect("`make images` has built it");
        let name = format!("handspike-test/label:{}", process::id());
        let container = self.say(&["create", &image, "none"]);
        self.does(&["commit", "--change", &format!("LABEL {label}"), &container, &name]);
        self.does(&["rm", &container]);
        TestImage { name }
    }
}

/// An image that is removed when this is dropped.
#[derive(Debug)]
pub struct TestImage {
    /// Its reference.
    pub name: String,
}

impl Drop for TestImage {
    fn drop(&mut self) {
        // What the program has made of an image is named by the beginning of the image's id.
        let id = docker(&["image", "inspect", "--format", "{{slice .Id 7 19}}", &self.name]).stdout;
        let ready = format!("handspike/ready:{}-*", String::from_utf8_lossy(&id).trim());
        let made = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", &ready]).stdout;
        for image in String::from_utf8_lossy(&made).lines().chain([&*self.name]) {
            docker(&["image", "rm", "--force", image]);
        }
    }
}

fn import(root: &Path, name: &str) {
    let mut archive = Command::new("tar")
        .args(["--create", "--owner=0", "--group=0", "--numeric-owner", "--directory"])
        .arg(root)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar runs");
    let packed = archive.stdout.take().expect("its output is a pipe");
    let imported = Command::new("docker").args(["import", "-", name]).stdin(packed).output().expect("docker runs");
    assert!(archive.wait().expect("tar ends").success());
    assert!(imported.status.success(), "docker import: {}", String::from_utf8_lossy(&imported.stderr));
}

/// The containers of one session, which are removed when this is dropped, whatever became of the test.
#[derive(Debug)]
pub struct Sandboxes {
    session: String,
}

impl Sandboxes {
    /// Those of a session, which need not be there yet.
    #[must_use]
    pub fn of(session: &str) -> Self {
        Self { session: session.to_owned() }
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }
}

impl Drop for Sandboxes {
    fn drop(&mut self) {
        for id in labelled(&format!("dev.handspike.session={}", self.session)) {
            docker(&["rm", "--force", "--volumes", &id]);
        }
    }
}

fn labelled(label: &str) -> Vec<String> {
    let listed = docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &format!("label={label}")]);
    assert!(listed.status.success(), "docker ps: {}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect()
}

fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output().expect("docker runs")
}
