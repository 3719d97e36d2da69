//! The session's record on disk: one JSON object a line, written while the session runs. Pictures stand beside
//! it as files of their own, so that the transcript stays readable.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use handspike_types::{ContentPart, Event, EventKind, Image};
use serde_json::Value;

use crate::Journal;

/// Writes `transcript.jsonl` and `screenshots/` in one folder.
#[derive(Debug)]
pub struct Transcript {
    folder: PathBuf,
    lines: File,
    images: u32,
}

impl Transcript {
    /// The transcript's name in its folder.
    pub const FILE: &'static str = "transcript.jsonl";

    /// The folder of pictures, beside it.
    pub const SCREENSHOTS: &'static str = "screenshots";

    /// Starts an empty transcript, making the folder where it is missing and removing an earlier one's pictures.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        remove_pictures(&folder.join(Self::SCREENSHOTS))?;
        let lines = File::create(folder.join(Self::FILE))?;
        Ok(Self { folder: folder.to_owned(), lines, images: 0 })
    }

    fn store(&mut self, image: &mut Image) -> io::Result<()> {
        let extension = match image.media_type.as_str() {
            "image/jpeg" => "jpg",
            "image/webp" => "webp",
            "image/gif" => "gif",
            _ => "png",
        };
        // The bytes come from a tool, perhaps a hostile one: they are stored, never interpreted.
        let Ok(bytes) = BASE64_STANDARD.decode(&image.data) else { return Ok(()) };
        self.images += 1;
        let file = format!("{}/{:04}.{extension}", Self::SCREENSHOTS, self.images);
        fs::create_dir_all(self.folder.join(Self::SCREENSHOTS))?;
        fs::write(self.folder.join(&file), bytes)?;
        image.file = Some(file);
        Ok(())
    }
}

#[async_trait]
impl Journal for Transcript {
    /// Appends events, each after its images, whose file names it fills in.
    async fn write(&mut self, events: &mut [Event]) -> io::Result<()> {
        let mut lines = String::new();
        for event in events {
            if let EventKind::CallFinished { output, .. } = &mut event.kind {
                for part in &mut output.content {
                    if let ContentPart::Image(image) = part {
                        self.store(image)?;
                    }
                }
            }
            lines.push_str(&transcript_line(event));
            lines.push('\n');
        }
        // Not through a thread for files: lines are small, and handing them over would take longer than writing them.
        self.lines.write_all(lines.as_bytes())
    }
}

/// Removes what an earlier transcript in the same folder stored; files of other names are somebody else's.
fn remove_pictures(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() && is_picture_name(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file is named as `store` names it.
fn is_picture_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(number, extension)| {
        let is_number = number.len() == 4 && number.bytes().all(|digit| digit.is_ascii_digit());
        is_number && ["png", "jpg", "webp", "gif"].contains(&extension)
    })
}

/// An event as one line of JSON without a newline. Images that are stored as files are named, not repeated.
#[must_use]
pub fn transcript_line(event: &Event) -> String {
    let mut line = serde_json::to_value(event).unwrap_or(Value::Null);
    if let Some(parts) = line.pointer_mut("/output/content").and_then(Value::as_array_mut) {
        for part in parts.iter_mut().filter_map(Value::as_object_mut).filter(|part| part.contains_key("file")) {
            part.remove("data");
        }
    }
    line.to_string()
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
