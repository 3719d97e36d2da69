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

/// Reads `90`, `90s`, `30m`, `2h` or `7d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write for example 90s, 30m, 2h or 7d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
    match seconds {
        0 => Err("a time of 0 leaves nothing to do".to_owned()),
        seconds if seconds > 30 * 24 * 3600 => Err(format!("`{text}` is more than 30 days")),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// A time as [`parse_duration`] reads it, in the largest unit that says it.
pub(crate) fn write_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    match units.iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// A size as [`parse_bytes`] reads it, in the largest unit that says it.
pub(crate) fn write_bytes(bytes: u64) -> String {
    match [(30, "g"), (20, "m"), (10, "k")].iter().find(|(shift, _)| bytes.trailing_zeros() >= *shift) {
        Some((shift, letter)) => format!("{}{letter}", bytes >> shift),
        None => bytes.to_string(),
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
        assert_eq!(parse_duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for wrong in ["", "0", "m", "31d", "-1", "99999999h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_and_times_are_written_as_they_are_read() {
        for text in ["7d", "36h", "90s", "15m"] {
            assert_eq!(parse_duration(text).map(write_duration).as_deref(), Ok(text));
        }
        for text in ["2g", "1536m", "8388609"] {
            assert_eq!(parse_bytes(text).map(write_bytes).as_deref(), Ok(text));
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
