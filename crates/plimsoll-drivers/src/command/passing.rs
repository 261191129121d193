//! Output on its way from a pipe to whoever asked for it: split, made readable, masked, and the last of it kept.

use std::collections::VecDeque;
use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read};

use plimsoll_model::Masker;

use super::lines::{LINE_CUT, MAX_LINE};
use super::{CommandOrder, Form, Lines, Mask, Output, Stream, readable};

/// Our end of one of the command's pipes.
pub(super) struct Pipe {
    pub(super) stream: Stream,
    pub(super) file: File,
}

/// Output on its way to whoever asked for it.
pub(super) struct Passing<'a> {
    on_output: &'a mut dyn FnMut(Output<'_>),
    form: Form,
    mask: Mask,
    lines: [Lines; 2],
    kept: VecDeque<String>,
    keep: usize,
    buffer: Vec<u8>,
}

impl<'a> Passing<'a> {
    pub(super) fn new(
        order: &CommandOrder,
        declared: &Masker,
        on_output: &'a mut dyn FnMut(Output<'_>),
    ) -> Self {
        let inherited: Vec<(String, String)> = env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        let variables = inherited.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let mask = Mask::of(variables.chain(order.variables.iter().map(|(k, v)| (k.as_str(), v.as_str()))));
        let mask = mask.and(declared);
        Self {
            on_output,
            form: order.stdout,
            mask,
            lines: [Lines::new(MAX_LINE), Lines::new(MAX_LINE)],
            kept: VecDeque::new(),
            keep: order.keep_lines,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Reads once. Returns whether the pipe is still open.
    pub(super) fn take(&mut self, pipe: &mut Pipe) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let open = match pipe.file.read(&mut buffer) {
            Ok(0) => false,
            Ok(n) => {
                self.pass(pipe.stream, &buffer[..n]);
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        };
        self.buffer = buffer;
        open
    }

    /// What is kept for messages.
    pub(super) fn last_lines(self) -> Vec<String> {
        self.kept.into()
    }

    fn pass(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Out && self.form == Form::Bytes {
            return (self.on_output)(Output::Bytes(bytes));
        }
        self.with_lines(stream, |lines, each| lines.push(bytes, each));
    }

    pub(super) fn finish(&mut self) {
        for stream in [Stream::Out, Stream::Err] {
            self.with_lines(stream, Lines::finish);
        }
    }

    fn with_lines(&mut self, stream: Stream, act: impl FnOnce(&mut Lines, &mut dyn FnMut(&[u8], bool))) {
        let Self { on_output, mask, lines, kept, keep, .. } = self;
        act(&mut lines[stream as usize], &mut |line, cut| {
            let line = readable(line);
            let mut text = mask.apply(&line, cut);
            if cut {
                text.to_mut().push_str(LINE_CUT);
            }
            on_output(Output::Line { stream, text: &text });
            if kept.len() == *keep {
                kept.pop_front();
            }
            if *keep > 0 {
                kept.push_back(text.into_owned());
            }
        });
    }
}
