//! How pictures and explanations are written to the terminal: bars and language.
//!
//! Where standard output is no terminal, bars are plain ASCII. What is drawn is decided by
//! the commands.

use super::args::TextLanguage;
use super::printer::Printer;
use crate::config::Language;

/// Characters of a full bar.
const WIDTH: usize = 32;
/// The parts of a character that a bar may end with, in eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// How it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) is_plain: bool,
    pub(super) language: Language,
}

impl Pen {
    /// A pen for whoever reads standard output.
    pub(super) fn new(printer: Printer, language: TextLanguage) -> Self {
        Self {
            is_plain: !printer.is_read_by_a_person(),
            language: match language {
                TextLanguage::En => Language::En,
                TextLanguage::Ja => Language::Ja,
            },
        }
    }

    /// The word in the language asked for.
    pub(super) fn say(self, english: &'static str, japanese: &'static str) -> &'static str {
        match self.language {
            Language::En => english,
            Language::Ja => japanese,
        }
    }

    /// A bar of a share of the width; what is not nothing is seen.
    pub(super) fn bar(self, share: f64) -> String {
        self.bar_of(share, WIDTH)
    }

    /// The same, of so many characters when full.
    pub(super) fn bar_of(self, share: f64, width: usize) -> String {
        if share <= 0.0 {
            return String::new();
        }
        if self.is_plain {
            return "#".repeat(cells(share, width).max(1));
        }
        let eighths = cells(share, width * 8).max(1);
        format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
    }

    /// A stretch from one share of the width to another, faint where the account is
    /// outside the journey.
    pub(super) fn span(self, from: f64, to: f64, is_outside: bool) -> String {
        let start = cells(from, WIDTH).min(WIDTH - 1);
        let end = cells(to, WIDTH).max(start + 1);
        let letter = match (self.is_plain, is_outside) {
            (true, false) => "#",
            (true, true) => "-",
            (false, false) => "█",
            (false, true) => "░",
        };
        format!("{}{}", " ".repeat(start), letter.repeat(end - start))
    }
}

/// A share of so many parts, in whole ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share lies within 0 and 1, and the width is small"
)]
fn cells(share: f64, parts: usize) -> usize {
    (share.clamp(0.0, 1.0) * parts as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen(is_plain: bool) -> Pen {
        Pen {
            is_plain,
            language: Language::En,
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_vanishes() {
        let plain = pen(true);
        assert_eq!(plain.bar(1.0), "#".repeat(WIDTH));
        assert_eq!(plain.bar(0.25), "#".repeat(WIDTH / 4));
        assert_eq!(plain.bar(0.001), "#");
        assert_eq!(plain.bar(0.0), "");
    }

    #[test]
    fn a_terminal_sees_eighths() {
        let drawn = pen(false);
        assert_eq!(drawn.bar(1.0), "█".repeat(WIDTH));
        assert_eq!(drawn.bar(1.5 / 32.0), "█▌");
        assert_eq!(drawn.bar(0.0001), "▏");
    }

    #[test]
    fn a_stretch_lies_where_its_time_was() {
        let half = " ".repeat(WIDTH / 2);
        assert_eq!(pen(true).span(0.5, 0.75, false), format!("{half}########"));
        assert_eq!(pen(false).span(0.5, 0.53, true), format!("{half}░"));
        assert_eq!(
            pen(true).span(0.999, 1.0, false),
            " ".repeat(WIDTH - 1) + "#"
        );
    }
}
