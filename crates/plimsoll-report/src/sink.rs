//! A writer that may break without anybody noticing until the end.

use std::io::{self, Write};

use crate::reporter::ReportError;

/// Writes until the first error, then keeps that error and writes no more.
pub(crate) struct Sink<W> {
    out: W,
    broken: Option<io::Error>,
}

impl<W: Write> Sink<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, broken: None }
    }

    /// Writes and flushes `text` as one piece, so that a redraw is never seen half done.
    pub(crate) fn put(&mut self, text: &str) {
        if self.broken.is_some() || text.is_empty() {
            return;
        }
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.broken = written.err();
    }

    /// Surfaces the error, once.
    pub(crate) fn finish(&mut self) -> Result<(), ReportError> {
        match self.broken.take() {
            Some(source) => Err(ReportError::Write { source }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(u32);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_writer_is_tried_once_and_surfaced_once() {
        let mut out = Broken(0);
        let mut sink = Sink::new(&mut out);
        sink.put("a");
        sink.put("b");
        assert!(
            matches!(sink.finish(), Err(ReportError::Write { source }) if source.kind() == io::ErrorKind::BrokenPipe)
        );
        assert!(sink.finish().is_ok());
        assert_eq!(out.0, 1);
    }
}
