//! What a message says: a text, texts, or parts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Posted, single::single};

single!(
    /// The tag of a text.
    TextTag = "text"
);
single!(
    /// The tag of an image by its URL.
    ImageUrlTag = "image_url"
);
single!(
    /// The tag of a tool's answer.
    ToolResultTag = "tool_result"
);
single!(
    /// The tag of an image by its bytes.
    ImageTag = "image"
);
single!(
    /// The tag of bytes.
    Base64Tag = "base64"
);

/// What a message says. It is written as it was posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Content {
    /// A text.
    Text(String),
    /// Texts, one after the other.
    Texts(Vec<String>),
    /// Texts, images and tools' answers.
    #[schema(value_type = Vec<Part>)]
    Parts(Vec<Posted<Part>>),
}

impl Content {
    /// The same as parts: a text becomes one part, and parts stay as they were posted.
    #[must_use]
    pub fn into_parts(self) -> Self {
        let part = |text| Posted::own(Part::text(text));
        Self::Parts(match self {
            Self::Text(text) => vec![part(text)],
            Self::Texts(texts) => texts.into_iter().map(part).collect(),
            Self::Parts(parts) => parts,
        })
    }
}

/// A part of a message. Its `type` may be left out, as its other fields say what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Part {
    /// A text.
    Text(TextPart),
    /// An image by its URL.
    ImageUrl(ImageUrlPart),
    /// A tool's answer.
    ToolResult(ToolResultPart),
}

impl Part {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextPart { tag: Some(TextTag::It), text: text.into() })
    }

    /// An image by its URL, which may hold the image itself (`data:image/png;base64,…`).
    pub fn image_url(url: impl Into<String>) -> Self {
        let image_url = ImageUrl { url: url.into(), detail: ImageDetail::default() };
        Self::ImageUrl(ImageUrlPart { tag: Some(ImageUrlTag::It), image_url })
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextPart {
    /// What it is.
    #[serde(rename = "type")]
    pub tag: Option<TextTag>,
    /// The text.
    pub text: String,
}

/// An image by its URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageUrlPart {
    /// What it is.
    #[serde(rename = "type")]
    pub tag: Option<ImageUrlTag>,
    /// The image.
    pub image_url: ImageUrl,
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageUrl {
    /// Its URL, or the image itself as a `data:` URL.
    pub url: String,
    /// How closely the model looks at it.
    #[serde(default)]
    pub detail: ImageDetail,
}

/// How closely a model looks at an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageDetail {
    /// At a small copy.
    Low,
    /// At all of it.
    High,
    /// As it sees fit.
    #[default]
    Auto,
}

/// A tool's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolResultPart {
    /// What it is.
    #[serde(rename = "type")]
    pub tag: Option<ToolResultTag>,
    /// The id of the call that it answers.
    pub tool_use_id: String,
    /// What the tool answers.
    pub content: ToolResultContent,
}

/// What a tool answers: texts or images, not both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ToolResultContent {
    /// Texts.
    Texts(Vec<TextPart>),
    /// Images.
    Images(Vec<ImagePart>),
}

/// An image by its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImagePart {
    /// What it is.
    #[serde(rename = "type")]
    pub tag: Option<ImageTag>,
    /// The image.
    pub source: ImageSource,
}

/// An image's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageSource {
    /// How the bytes are written.
    #[serde(rename = "type")]
    pub tag: Option<Base64Tag>,
    /// The image's format, such as `image/png`.
    pub media_type: String,
    /// The bytes in base64.
    pub data: String,
}
