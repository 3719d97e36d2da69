use base64::{Engine, prelude::BASE64_STANDARD};
use handspike_types::{ContentPart, ToolOutput};
use proptest::prelude::*;

use super::{Format, SIDE_LIMIT, check};
use crate::scratch::{Scratch, done, refused};

const WIDTH: u16 = 33;
const HEIGHT: u16 = 21;

/// Pixels that do not compress away, so that every part of a file carries some.
fn pixels(channels: usize) -> Vec<u8> {
    let count = usize::from(WIDTH) * usize::from(HEIGHT) * channels;
    (0..count)
        .scan(1u32, |state, _| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*state >> 24) as u8)
        })
        .collect()
}

fn png_of(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header is written");
    writer.write_image_data(data).expect("the pixels are written");
    writer.finish().expect("the picture is finished");
    bytes
}

fn gif(frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
    let mut encoder = gif::Encoder::new(&mut bytes, WIDTH, HEIGHT, &palette).expect("a header is written");
    for _ in 0..frames {
        let frame = gif::Frame::from_indexed_pixels(WIDTH, HEIGHT, pixels(1), None);
        encoder.write_frame(&frame).expect("a frame is written");
    }
    drop(encoder);
    bytes
}

fn webp() -> Vec<u8> {
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes)
        .encode(&pixels(3), WIDTH.into(), HEIGHT.into(), image_webp::ColorType::Rgb8)
        .expect("the picture is written");
    bytes
}

fn jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 90)
        .encode(&pixels(3), WIDTH, HEIGHT, jpeg_encoder::ColorType::Rgb)
        .expect("the picture is written");
    bytes
}

fn all() -> [(&'static str, Vec<u8>); 5] {
    [
        ("image/png", png_of(WIDTH.into(), HEIGHT.into(), &pixels(1))),
        ("image/jpeg", jpeg()),
        ("image/gif", gif(1)),
        ("image/gif", gif(3)),
        ("image/webp", webp()),
    ]
}

fn image(output: &ToolOutput) -> (&str, Vec<u8>) {
    let [ContentPart::Text { .. }, ContentPart::Image(image)] = &output.content[..] else {
        panic!("{output:?} is not a text and a picture")
    };
    (&image.media_type, BASE64_STANDARD.decode(&image.data).expect("base64"))
}

#[test]
fn pictures_of_every_format_are_shown_whatever_they_are_called() {
    for (media_type, bytes) in all() {
        let output = Scratch::holding(&bytes).view("file", None);
        assert_eq!(image(&output), (media_type, bytes));
        assert!(done(output).contains("of 33x21 pixels"), "{media_type}");
    }
}

#[test]
fn a_range_of_a_picture_is_refused() {
    for (_, bytes) in all() {
        let text = refused(Scratch::holding(bytes).view("file", Some((1, None))));
        assert!(text.contains("is a picture") && text.contains("leave `view_range` out"), "{text}");
    }
}

#[test]
fn a_picture_cut_short_anywhere_is_refused_as_broken() {
    for (media_type, bytes) in all() {
        for length in [12, 40, bytes.len() / 4, bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 2] {
            let text = refused(Scratch::holding(&bytes[..length]).view("file", None));
            assert!(text.contains("cannot be shown") && text.contains("\nhint: "), "{media_type} {length}: {text}");
        }
    }
}

#[test]
fn a_picture_with_damaged_pixels_is_refused() {
    let mut bytes = png_of(WIDTH.into(), HEIGHT.into(), &pixels(1));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    assert!(refused(Scratch::holding(bytes).view("file", None)).contains("it is broken: "));
}

#[test]
fn a_picture_with_too_many_pixels_a_side_is_refused_with_the_limit() {
    let side = SIDE_LIMIT + 1;
    let text = refused(Scratch::holding(png_of(side, 1, &vec![0; side as usize])).view("file", None));
    assert!(text.contains("8001x1") && text.contains("up to 8000") && text.contains("-resize"), "{text}");
    let largest = png_of(SIDE_LIMIT, 1, &vec![0; SIDE_LIMIT as usize]);
    done(Scratch::holding(largest).view("file", None));
}

#[test]
fn a_picture_of_too_many_bytes_is_refused_with_the_limit() {
    let mut bytes = png_of(1, 1, &[0]);
    bytes.resize(4 << 20, 0);
    let text = refused(Scratch::holding(bytes).view("file", None));
    assert!(text.contains("5592408 in base64") && text.contains("up to 5242880"), "{text}");
}

#[test]
fn a_picture_of_no_pixels_is_refused() {
    for content in [b"GIF89a\x01\0\x01\0\0\0\0;", b"GIF89a\0\0\0\0\0\0\0;"] {
        assert!(check(Format::Gif, content).is_err());
    }
}

#[test]
fn a_text_that_begins_almost_like_a_picture_is_a_text() {
    for content in ["GIF89", "RIFF of a band", "PNG\r\n"] {
        assert!(done(Scratch::holding(content).view("file", None)).contains("     1\t"), "{content}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_pictures_never_end_the_editor(
        which in 0usize..5, at in any::<prop::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 1..8),
    ) {
        let (_, mut picture) = all()[which].clone();
        let at = at.index(picture.len());
        for (place, byte) in picture[at..].iter_mut().zip(bytes) {
            *place = byte;
        }
        if let Some(format) = Format::of(&picture) {
            let _ = check(format, &picture);
        }
    }
}
