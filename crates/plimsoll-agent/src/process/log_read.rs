//! Reading instances' logs: the newest lines, over all files of all instances asked for.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use plimsoll_model::agent::{LogLine, LogStream};
use plimsoll_model::{InstanceId, Timestamp};

use super::log_write::{FILES, NOTES, OUTPUT, numbered};
use crate::runtime::LogQuery;

/// Bytes of one instance's newest output that are looked at.
const NEWEST: u64 = 4 * 1024 * 1024;

/// The lines that match, oldest first. `logs` has one folder for each instance.
pub(super) fn select(logs: &Path, query: &LogQuery) -> io::Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    for (instance, folder) in instances(logs, query)? {
        for name in [OUTPUT, NOTES] {
            read_newest(&folder.join(name), &instance, &mut lines)?;
        }
    }
    // The sort is stable: lines of the same time and instance stay in the order of their file.
    lines.sort_by(|a, b| (a.at, &a.instance).cmp(&(b.at, &b.instance)));
    Ok(query.select(lines))
}

/// The instances with a folder that the query is about.
pub(crate) fn instances(logs: &Path, query: &LogQuery) -> io::Result<Vec<(InstanceId, PathBuf)>> {
    let instance = |entry: fs::DirEntry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()));
    let found = fs::read_dir(logs)?.flatten().filter_map(instance);
    Ok(found.filter(|(instance, _)| query.is_about(instance)).collect())
}

/// The agent's remarks about an instance.
pub(crate) fn notes(folder: &Path, instance: &InstanceId) -> io::Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    read_newest(&folder.join(NOTES), instance, &mut lines)?;
    Ok(lines)
}

fn read_newest(path: &Path, instance: &InstanceId, lines: &mut Vec<LogLine>) -> io::Result<()> {
    let mut left = NEWEST;
    let mut pieces = Vec::new();
    for number in 0..FILES {
        let file = if number == 0 { path.to_owned() } else { numbered(path, number) };
        let mut file = match File::open(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            other => other?,
        };
        let size = file.metadata()?.len();
        let skipped = size.saturating_sub(left);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        file.take(left).read_to_end(&mut bytes)?;
        left -= bytes.len() as u64;
        pieces.push(bytes);
        if left == 0 {
            break;
        }
    }
    for bytes in pieces.iter().rev() {
        let text = String::from_utf8_lossy(bytes);
        // The first line of a file that was not read from its beginning is a part of one; it does not parse.
        lines.extend(text.lines().filter_map(|line| parse(line, instance)));
    }
    Ok(())
}

fn parse(line: &str, instance: &InstanceId) -> Option<LogLine> {
    let (at, rest) = line.split_once(' ')?;
    let (letter, text) = rest.split_once(' ')?;
    let stream = match letter {
        "o" => LogStream::Stdout,
        "e" => LogStream::Stderr,
        "a" => LogStream::Agent,
        _ => return None,
    };
    let at = Timestamp::try_from(at.to_owned()).ok()?;
    Some(LogLine { at, instance: instance.clone(), stream, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::agent::LogCursor;
    use plimsoll_model::{Masker, Secret};

    use super::super::log_write::{LogFile, copy};
    use super::*;

    fn query(lines: usize) -> LogQuery {
        LogQuery { release: None, instance: None, lines, after: None }
    }

    #[test]
    fn output_becomes_lines_and_files_rotate() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("0123456789ab.0");
        let log = LogFile::new(&folder, OUTPUT, 2000).unwrap();
        let lines: Vec<_> = (0..200).map(|n| format!("line {n}\r\n")).collect();
        copy(lines.concat().as_bytes(), LogStream::Stdout, &log, &Masker::default());
        for number in 1..FILES {
            assert!(fs::metadata(numbered(&folder.join(OUTPUT), number)).unwrap().len() <= 2000);
        }
        assert!(!numbered(&folder.join(OUTPUT), FILES).exists(), "older files are removed");
        let lines = select(root.path(), &query(3)).unwrap();
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["line 197", "line 198", "line 199"]);
    }

    #[test]
    fn long_lines_are_cut_and_odd_bytes_replaced() {
        let root = tempfile::tempdir().unwrap();
        let log = LogFile::new(&root.path().join("0123456789ab.0"), OUTPUT, 1 << 20).unwrap();
        let mut output = vec![b'x'; 1_000_000];
        output.extend_from_slice(b"\n\xff\xfe\nlast, without a break");
        copy(output.as_slice(), LogStream::Stderr, &log, &Masker::default());
        let lines = select(root.path(), &query(10)).unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].text.len(), 16 * 1024);
        assert_eq!(lines[2].text, "last, without a break");
        assert!(lines.iter().all(|line| line.stream == LogStream::Stderr));
    }

    #[test]
    fn values_of_secrets_are_not_written_down() {
        struct Pieces(Vec<Vec<u8>>);
        impl io::Read for Pieces {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let Some(piece) = self.0.pop() else { return Ok(0) };
                into[..piece.len()].copy_from_slice(&piece);
                Ok(piece.len())
            }
        }
        let root = tempfile::tempdir().unwrap();
        let log = LogFile::new(&root.path().join("0123456789ab.0"), OUTPUT, 1 << 20).unwrap();
        let secret = Secret::new("hunter2");
        // One value arrives in two reads, the other is cut in two at the end of a line that is too long.
        let mut pieces = vec![b"token hun".to_vec(), b"ter2, nothing else\n".to_vec()];
        pieces.push([vec![b'x'; 16 * 1024 - 4], b"hunter2\nhunt\n".to_vec()].concat());
        pieces.reverse();
        copy(Pieces(pieces), LogStream::Stdout, &log, &Masker::new([&secret]));
        let written = fs::read_to_string(root.path().join("0123456789ab.0").join(OUTPUT)).unwrap();
        assert!(written.contains("token ***, nothing else\n") && written.contains("x***\n"), "{written}");
        assert!(!written.contains("hunter2") && written.matches("hunt").count() == 1, "{written}");
    }

    #[test]
    fn a_cursor_goes_on_where_reading_stopped() {
        let root = tempfile::tempdir().unwrap();
        let log = LogFile::new(&root.path().join("0123456789ab.0"), NOTES, 1 << 20).unwrap();
        let at = Timestamp::from_millis(1_800_000_000_000);
        for text in ["a", "b", "c"] {
            log.line(at, LogStream::Agent, text);
        }
        let after = Some(LogCursor { at, seen: 2 });
        let lines = select(root.path(), &LogQuery { after, ..query(10) }).unwrap();
        assert_eq!(lines.into_iter().map(|line| line.text).collect::<Vec<_>>(), ["c"]);
    }
}
