//! Finds a text on a screen and in what scrolls off it, also where it is half on and half off.

/// A search that goes on for the length of a call.
#[derive(Debug)]
pub(crate) struct Search {
    needle: String,
    /// Where the text stood when the search began, as distances from all that was ever written: there it is no news.
    known: Vec<u64>,
    /// The end of what has scrolled off, too short to hold the whole text.
    carry: String,
    /// Where the carry ends.
    scrolled: u64,
    found: bool,
}

impl Search {
    /// A search that begins after so many bytes of scrolled text.
    pub(crate) fn new(needle: &str, scrolled: u64) -> Self {
        Self { needle: needle.to_owned(), known: Vec::new(), carry: String::new(), scrolled, found: false }
    }

    /// Takes what the screen shows now as known. Before something is typed that is not what is waited for.
    pub(crate) fn overlook(&mut self, screen: &str) {
        self.known = self.places(screen);
    }

    /// Takes what has scrolled off the screen.
    pub(crate) fn scroll(&mut self, text: &str) {
        let places = self.places(text);
        self.note(&places);
        self.carry.push_str(text);
        self.scrolled += text.len() as u64;
        let excess = self.carry.len().saturating_sub(self.needle.len() - 1);
        self.carry.drain(..self.carry.ceil_char_boundary(excess));
    }

    /// Looks at the screen.
    pub(crate) fn look(&mut self, screen: &str) {
        let places = self.places(screen);
        self.note(&places);
        // What was cleared meanwhile is news when it comes again.
        self.known.retain(|place| places.contains(place));
    }

    /// Whether the text has been seen.
    pub(crate) fn found(&self) -> bool {
        self.found
    }

    fn note(&mut self, places: &[u64]) {
        self.found |= places.iter().any(|place| !self.known.contains(place));
    }

    fn places(&self, text: &str) -> Vec<u64> {
        let text = [self.carry.as_str(), text].concat();
        let start = self.scrolled - self.carry.len() as u64;
        text.match_indices(&self.needle).map(|(place, _)| start + place as u64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_half_on_the_screen_is_found() {
        let mut search = Search::new("needle", 0);
        search.scroll("hay nee");
        assert!(!search.found());
        search.look("dle\nhay");
        assert!(search.found());
    }

    #[test]
    fn what_stood_there_before_is_no_news_until_it_comes_again() {
        let mut search = Search::new("$ ", 0);
        search.overlook("$ cd\n$ ls");
        search.look("$ cd\n$ ls\nfile\n");
        search.scroll("$ cd\n");
        search.look("$ ls\nfile\n");
        search.scroll("$ ls\n");
        assert!(!search.found());
        search.look("file\n$ ");
        assert!(search.found());
    }

    #[test]
    fn what_was_cleared_is_news_at_its_old_place() {
        let mut search = Search::new("ready", 0);
        search.overlook("ready");
        search.look("busy");
        search.look("ready");
        assert!(search.found());
    }
}
