//! Lines of the instances' logs, bounded so that they fit into one frame.

use plimsoll_model::agent::{LogCursor, LogLine, Refusal, Response};
use plimsoll_model::{InstanceId, Masker, ReleaseId};

use super::Agent;
use crate::runtime::LogQuery;

/// Most lines in one answer.
const MOST_LINES: u32 = 10_000;
/// Most bytes of text in one answer; JSON may make six of one.
const MOST_BYTES: usize = 1024 * 1024;

impl Agent {
    pub(super) fn logs(
        &mut self,
        release: Option<ReleaseId>,
        instance: Option<InstanceId>,
        lines: u32,
        after: Option<LogCursor>,
    ) -> Result<Response, Refusal> {
        let (lines, cursor) = self.read_logs(release, instance, lines, after)?;
        Ok(Response::Lines { lines, cursor })
    }

    /// Lines that fit into one answer, and where to go on.
    pub(super) fn read_logs(
        &mut self,
        release: Option<ReleaseId>,
        instance: Option<InstanceId>,
        lines: u32,
        after: Option<LogCursor>,
    ) -> Result<(Vec<LogLine>, Option<LogCursor>), Refusal> {
        let lines = usize::try_from(lines.min(MOST_LINES)).expect("a bounded number fits");
        let mut found = self.parts.runtime.logs(&LogQuery { release, instance, lines, after })?;
        // Written without them already; a runtime that does not write its logs itself cannot do so.
        let secrets = Masker::new(self.secrets.values().flat_map(|of| of.values()));
        for line in &mut found {
            secrets.mask_in_place(&mut line.text);
        }
        let mut room = MOST_BYTES;
        let fits = found.iter().rev().take_while(|line| {
            let fits = line.text.len() <= room;
            room = room.saturating_sub(line.text.len());
            fits
        });
        let surplus = found.len() - fits.count();
        found.drain(..surplus);
        let cursor = cursor(&found, after);
        Ok((found, cursor))
    }
}

/// Where to go on: the last line's time, and how many lines of that time have been seen by then.
fn cursor(lines: &[LogLine], after: Option<LogCursor>) -> Option<LogCursor> {
    let Some(last) = lines.last() else { return after };
    let same = lines.iter().rev().take_while(|line| line.at == last.at).count();
    let before = after.filter(|cursor| cursor.at == last.at).map_or(0, |cursor| cursor.seen);
    Some(LogCursor { at: last.at, seen: before.saturating_add(u32::try_from(same).unwrap_or(u32::MAX)) })
}
