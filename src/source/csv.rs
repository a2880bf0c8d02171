//! Splits CSV text into records (RFC 4180), whatever the pieces it comes in.
//!
//! Quoted values may hold commas, doubled quotes and line breaks. Values come
//! out as bytes; what they mean, and whether a record has the right number of
//! them, is not decided here.

/// A record with no end in sight: a quote that is never closed.
const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    /// The line on which it starts, from 1.
    pub(super) line: u64,
    /// A quoted value goes on after its closing quote.
    pub(super) is_malformed: bool,
}

impl<'a> Record<'a> {
    /// Values, in order.
    pub(super) fn values(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let value = &self.bytes[start..*end];
            start = *end;
            value
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first byte of a value.
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted value: its end, or half of a doubled one.
    AfterQuote,
}

/// Takes text in pieces and hands out records.
#[derive(Debug)]
pub(super) struct Splitter {
    state: State,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    line: u64,
    record_line: u64,
    is_malformed: bool,
    has_quotes: bool,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            state: State::Start,
            bytes: Vec::new(),
            ends: Vec::new(),
            line: 1,
            record_line: 1,
            is_malformed: false,
            has_quotes: false,
        }
    }

    /// Takes the next piece; `sink` gets every record that it completes.
    ///
    /// # Errors
    /// Those of `sink`, and `unclosed` with the line of a quote that is never
    /// closed.
    pub(super) fn feed<E>(
        &mut self,
        piece: &[u8],
        unclosed: impl Fn(u64) -> E,
        mut sink: impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for byte in piece {
            if *byte == b'\n' {
                self.line += 1;
            }
            if self.byte(*byte) {
                self.emit(&mut sink)?;
            }
        }
        if self.bytes.len() > RECORD_BYTES_MAX {
            return Err(unclosed(self.record_line));
        }
        Ok(())
    }

    /// The end of the text.
    ///
    /// # Errors
    /// As [`Splitter::feed`].
    pub(super) fn finish<E>(
        mut self,
        unclosed: impl Fn(u64) -> E,
        mut sink: impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.state == State::Quoted {
            return Err(unclosed(self.record_line));
        }
        self.end_value();
        self.emit(&mut sink)
    }

    /// Whether the byte ended a record.
    fn byte(&mut self, byte: u8) -> bool {
        match (self.state, byte) {
            (State::Start, b'"') => {
                self.state = State::Quoted;
                self.has_quotes = true;
            }
            (State::Quoted, b'"') => self.state = State::AfterQuote,
            (State::Quoted, _) => self.bytes.push(byte),
            (State::AfterQuote, b'"') => {
                self.bytes.push(b'"');
                self.state = State::Quoted;
            }
            (State::AfterQuote, b'\r') => {}
            (_, b',') => self.end_value(),
            (_, b'\n') => {
                if self.state == State::Plain && self.bytes.last() == Some(&b'\r') {
                    self.bytes.pop();
                }
                self.end_value();
                return true;
            }
            (state, _) => {
                self.is_malformed |= state == State::AfterQuote;
                self.bytes.push(byte);
                self.state = State::Plain;
            }
        }
        false
    }

    fn end_value(&mut self) {
        self.ends.push(self.bytes.len());
        self.state = State::Start;
    }

    fn emit<E>(&mut self, sink: &mut impl FnMut(Record<'_>) -> Result<(), E>) -> Result<(), E> {
        // A blank line is no record.
        let is_blank = self.ends.len() == 1 && self.bytes.is_empty() && !self.has_quotes;
        let outcome = if is_blank {
            Ok(())
        } else {
            sink(Record {
                bytes: &self.bytes,
                ends: &self.ends,
                line: self.record_line,
                is_malformed: self.is_malformed,
            })
        };
        self.bytes.clear();
        self.ends.clear();
        self.record_line = self.line;
        self.is_malformed = false;
        self.has_quotes = false;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &[u8], piece: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut records = Vec::new();
        let unclosed = |line| format!("unclosed from line {line}");
        let mut sink = |record: Record<'_>| {
            let values = record
                .values()
                .map(|value| String::from_utf8_lossy(value).into_owned());
            records.push((record.line, values.collect()));
            Ok(())
        };
        let mut splitter = Splitter::new();
        for piece in text.chunks(piece) {
            splitter.feed(piece, unclosed, &mut sink)?;
        }
        splitter.finish(unclosed, &mut sink)?;
        Ok(records)
    }

    #[test]
    fn quotes_breaks_and_pieces_of_any_size() {
        let text = b"a,b\r\n1,\"x \"\"y\"\",\nz\"\r\n\r\n,\n3,\"\"\n4,end";
        let row = |line, values: [&str; 2]| (line, values.map(str::to_owned).to_vec());
        let expected = vec![
            row(1, ["a", "b"]),
            row(2, ["1", "x \"y\",\nz"]),
            row(5, ["", ""]),
            row(6, ["3", ""]),
            row(7, ["4", "end"]),
        ];
        for piece in 1..text.len() {
            assert_eq!(split(text, piece).unwrap(), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn an_unclosed_quote_names_its_line() {
        assert_eq!(
            split(b"a\nb\n\"c\nd\n", 3),
            Err("unclosed from line 3".to_owned())
        );
    }
}
