//! `/etc/ld.so.cache`: where glibc's loader looks before the default folders.
//!
//! The format is glibc's `sysdeps/generic/dl-cache.h`: an old table, if any, is passed over; the new one holds rows
//! of flags, name, path and hardware capability. Rows for processors with special capabilities
//! (`glibc-hwcaps/x86-64-v3`) are passed over as well: the target's processor is not known here, and the plain
//! library is beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::header::ByteOrder;
use super::root::Root;

/// A desktop's cache is about 200 KB.
const LARGEST: u64 = 16 << 20;
const OLD_MAGIC: &[u8] = b"ld.so-1.7.0\0";
const NEW_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ROW: usize = 24;
const OLD_HEADER: usize = 16;
const OLD_ROW: usize = 12;

/// Library names and the files that have them, in the cache's order.
#[derive(Debug, Default)]
pub(super) struct Cache {
    paths: BTreeMap<String, Vec<PathBuf>>,
}

impl Cache {
    /// Reads the cache of a root; `None` where there is none, or none that can be read.
    pub(super) fn read(root: &Root<'_>, byte_order: ByteOrder) -> Option<Self> {
        Self::parse(&root.read(Path::new("/etc/ld.so.cache"), LARGEST)?, byte_order)
    }

    /// The files that have a name.
    pub(super) fn paths(&self, name: &str) -> &[PathBuf] {
        self.paths.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    fn parse(bytes: &[u8], byte_order: ByteOrder) -> Option<Self> {
        let bytes = if bytes.starts_with(OLD_MAGIC) {
            let rows = number(bytes, OLD_MAGIC.len(), byte_order)?;
            let end = rows.checked_mul(OLD_ROW)?.checked_add(OLD_HEADER)?;
            bytes.get(end.checked_next_multiple_of(8)?..)?
        } else {
            bytes
        };
        if !bytes.starts_with(NEW_MAGIC) {
            return None;
        }
        let count = number(bytes, NEW_MAGIC.len(), byte_order)?;
        let rows = bytes.get(HEADER..HEADER.checked_add(count.checked_mul(ROW)?)?)?;
        let mut cache = Self::default();
        for row in rows.chunks_exact(ROW) {
            let capability = (number(row, 16, byte_order)?, number(row, 20, byte_order)?);
            if capability != (0, 0) {
                continue;
            }
            let name = text(bytes, number(row, 4, byte_order)?)?;
            let path = text(bytes, number(row, 8, byte_order)?)?;
            cache.paths.entry(name.to_owned()).or_default().push(PathBuf::from(path));
        }
        Some(cache)
    }
}

fn number(bytes: &[u8], at: usize, byte_order: ByteOrder) -> Option<usize> {
    let bytes = *bytes.get(at..)?.first_chunk()?;
    let number = match byte_order {
        ByteOrder::Little => u32::from_le_bytes(bytes),
        ByteOrder::Big => u32::from_be_bytes(bytes),
    };
    usize::try_from(number).ok()
}

/// A text of at most a path's length; longer ones would let a small file ask for much memory.
fn text(bytes: &[u8], at: usize) -> Option<&str> {
    let bytes = bytes.get(at..)?;
    let bytes = &bytes[..bytes.len().min(4096)];
    let end = bytes.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(&bytes[..end]).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A cache as `ldconfig` writes it.
    pub(in crate::elf) fn cache_of(rows: &[(&str, &str, u64)]) -> Vec<u8> {
        let mut strings = Vec::new();
        let mut table = Vec::new();
        let start = HEADER + rows.len() * ROW;
        for (name, path, capability) in rows {
            let mut add = |text: &str| {
                let at = u32::try_from(start + strings.len()).unwrap();
                strings.extend_from_slice(text.as_bytes());
                strings.push(0);
                at.to_le_bytes()
            };
            let (name, path) = (add(name), add(path));
            table.extend(
                [&0x303_u32.to_le_bytes()[..], &name, &path, &[0; 4], &capability.to_le_bytes()].concat(),
            );
        }
        let count = u32::try_from(rows.len()).unwrap().to_le_bytes();
        let size = u32::try_from(strings.len()).unwrap().to_le_bytes();
        let mut header = [NEW_MAGIC, &count, &size, &[2, 0, 0, 0]].concat();
        header.resize(HEADER, 0);
        [header, table, strings].concat()
    }

    #[test]
    fn rows_are_found_by_name_and_special_processors_are_passed_over() {
        let special = 1 << 62 | 2;
        let new = cache_of(&[
            ("libm.so.6", "/lib/glibc-hwcaps/x86-64-v3/libm.so.6", special),
            ("libm.so.6", "/lib64/libm.so.6", 0),
            ("libm.so.6", "/lib/i386/libm.so.6", 0),
        ]);
        let cache = Cache::parse(&new, ByteOrder::Little).unwrap();
        assert_eq!(
            cache.paths("libm.so.6"),
            [Path::new("/lib64/libm.so.6"), Path::new("/lib/i386/libm.so.6")]
        );
        assert!(cache.paths("libc.so.6").is_empty());

        let old = [OLD_MAGIC, &1_u32.to_le_bytes(), &[0; OLD_ROW], &[0; 4], &new].concat();
        assert_eq!(Cache::parse(&old, ByteOrder::Little).unwrap().paths, cache.paths);
    }

    proptest! {
        #[test]
        fn damaged_caches_are_survived(at in 0_usize..200, byte: u8, end in 0_usize..300) {
            let mut bytes = cache_of(&[("libm.so.6", "/lib64/libm.so.6", 0), ("a", "/b", 0)]);
            if let Some(b) = bytes.get_mut(at) { *b = byte; }
            bytes.truncate(end);
            let _ = Cache::parse(&bytes, ByteOrder::Little);
            let _ = Cache::parse(&bytes, ByteOrder::Big);
        }
    }
}
