//! Sizes and times as people write them on a command line, and as they like to read them.

use std::time::Duration;

use handspike_sandbox::Screen;

/// Reads `512m`, `2g` or a number of bytes.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write for example 512m or 2g");
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(wrong()),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)).ok_or_else(wrong)?;
    // The engine refuses to start a container with less.
    if bytes < 6 << 20 { Err(format!("`{text}` is too little; the least is 6m")) } else { Ok(bytes) }
}

/// Reads `90`, `90s`, `30m` or `2h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write for example 90s, 30m or 2h");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
    match seconds {
        0 => Err("a time of 0 leaves nothing to do".to_owned()),
        seconds if seconds > 30 * 24 * 3600 => Err(format!("`{text}` is more than 30 days")),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// Reads a number of processors, such as `1.5`.
pub(crate) fn parse_cpus(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(cpus) if (0.01..=1024.0).contains(&cpus) => Ok(cpus),
        _ => Err(format!("`{text}` is no number of processors; write for example 2 or 0.5")),
    }
}

/// Reads `1024x768`.
pub(crate) fn parse_screen(text: &str) -> Result<Screen, String> {
    let side = |text: &str| text.parse::<u32>().ok().filter(|pixels| (200..=8192).contains(pixels));
    text.split_once('x')
        .and_then(|(width, height)| Some(Screen { width: side(width)?, height: side(height)? }))
        .ok_or_else(|| format!("`{text}` is no screen size; write for example 1024x768, each side from 200 to 8192"))
}

/// Milliseconds as `3 ms`, `1.2 s` or `4 min 05 s`.
pub(crate) fn show_millis(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min {:02} s", millis / 60_000, millis % 60_000 / 1000),
    }
}

/// Seconds as `12 s`, `4 min`, `3 h` or `2 d`.
pub(crate) fn show_age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(parse_bytes("2g"), Ok(2 << 30));
        assert_eq!(parse_bytes("512MiB"), Ok(512 << 20));
        for wrong in ["", "g", "2x", "-1m", "99999999999g", "1k"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("30m"), Ok(Duration::from_secs(1800)));
        for wrong in ["", "0", "m", "1d", "-1", "99999999h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn screens_are_read_within_bounds() {
        assert_eq!(parse_screen("1024x768"), Ok(Screen { width: 1024, height: 768 }));
        for wrong in ["", "1024", "1024x", "0x768", "1024X768", "9000x100"] {
            assert!(parse_screen(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(show_millis(7), "7 ms");
        assert_eq!(show_millis(1_250), "1.2 s");
        assert_eq!(show_millis(245_000), "4 min 05 s");
    }
}
