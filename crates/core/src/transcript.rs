//! The session's record on disk: one JSON object a line, written while the session runs. Pictures stand beside
//! it as files of their own, so that the transcript stays readable.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use handspike_types::{ContentPart, Event, EventKind, Image};
use serde_json::Value;

/// The folder of pictures, beside the transcript.
const SCREENSHOTS: &str = "screenshots";

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

    /// Starts an empty transcript, making the folder where it is missing and removing an earlier one's pictures.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        remove_pictures(&folder.join(SCREENSHOTS))?;
        let lines = File::create(folder.join(Self::FILE))?;
        Ok(Self { folder: folder.to_owned(), lines, images: 0 })
    }

    /// Appends an event, after its images, whose file names it fills in.
    pub(crate) fn write(&mut self, event: &mut Event) -> io::Result<()> {
        if let EventKind::CallFinished { output, .. } = &mut event.kind {
            for part in &mut output.content {
                if let ContentPart::Image(image) = part {
                    self.store(image)?;
                }
            }
        }
        let mut line = transcript_line(event);
        line.push('\n');
        // Not through a thread for files: a line is small, and handing it over would take longer than writing it.
        self.lines.write_all(line.as_bytes())
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
        let file = format!("{SCREENSHOTS}/{:04}.{extension}", self.images);
        fs::create_dir_all(self.folder.join(SCREENSHOTS))?;
        fs::write(self.folder.join(&file), bytes)?;
        image.file = Some(file);
        Ok(())
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
        let path = entry?.path();
        let is_ours = path.file_stem().is_some_and(|stem| {
            let stem = stem.as_encoded_bytes();
            stem.len() >= 4 && stem.iter().all(u8::is_ascii_digit)
        });
        if is_ours {
            fs::remove_file(path)?;
        }
    }
    Ok(())
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
