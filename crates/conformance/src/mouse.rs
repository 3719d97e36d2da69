//! What a terminal reports of the mouse: xterm's SGR protocol, `ESC [ < code ; column ; row` and `M` or `m`.

/// One report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MouseReport {
    /// The button, with 4 added for shift, 8 for meta, 16 for control, 32 for motion; 64 and on are the wheel.
    pub(crate) code: u32,
    /// From 1.
    pub(crate) column: u32,
    /// From 1.
    pub(crate) row: u32,
    /// Pressed or moved, as opposed to released.
    pub(crate) pressed: bool,
}

impl MouseReport {
    /// A press with this code.
    pub(crate) fn is_press(&self, code: u32) -> bool {
        self.pressed && self.code == code
    }

    /// A release of a button, whatever is held.
    pub(crate) fn is_release(&self, button: u32) -> bool {
        !self.pressed && self.code & 3 == button
    }

    /// A motion with the left button down.
    pub(crate) fn is_drag(&self) -> bool {
        self.is_press(32)
    }
}

/// How many presses with a code there are.
pub(crate) fn presses(reports: &[MouseReport], code: u32) -> usize {
    reports.iter().filter(|report| report.is_press(code)).count()
}

/// Reads what a window recorded. Anything between the reports is keys and passed over.
pub(crate) fn mouse_reports(recorded: &[u8]) -> Vec<MouseReport> {
    let text = String::from_utf8_lossy(recorded);
    let reports = text.split("\u{1b}[<").skip(1).filter_map(|report| {
        let end = report.find(['M', 'm'])?;
        let mut numbers = report[..end].split(';').map(|number| number.parse().ok());
        let (code, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
        Some(MouseReport { code, column, row, pressed: report[end..].starts_with('M') })
    });
    reports.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_the_mouse_are_read_and_keys_passed_over() {
        let reports = mouse_reports(b"a\x1b[<0;12;3M\x1b[<32;13;3Mb\x1b[<0;13;3m\x1b[<65;1;1M\x1b[<0;1");
        assert_eq!(reports.len(), 4);
        assert!(reports[0].is_press(0) && reports[1].is_drag() && reports[2].is_release(0));
        assert_eq!((reports[0].column, reports[0].row), (12, 3));
        assert_eq!((presses(&reports, 65), presses(&reports, 64)), (1, 0));
        assert!(mouse_reports(b"no reports").is_empty());
    }
}
