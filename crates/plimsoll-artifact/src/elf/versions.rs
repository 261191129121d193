//! Symbol versions: which ones a file needs of which library, which ones it defines, and the oldest glibc that
//! has them.

use std::fmt;
use std::str::FromStr;

use object::elf;
use object::{Endianness, Pod, ReadRef};
use serde::{Deserialize, Serialize};

use super::InspectError;
use super::dynamic::{Dynamic, text};
use super::error::malformed;
use super::image::Image;

/// glibc defines about fifty versions, Qt and ICU some hundreds.
const MOST_VERSIONS: usize = 8192;
/// The largest table that is read.
const LARGEST_TABLE: u64 = 1 << 20;

/// The versions that are needed of one library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RequiredVersions {
    /// The library's name, `libc.so.6`.
    pub library: String,
    /// The versions.
    pub versions: Vec<RequiredVersion>,
}

/// A version that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RequiredVersion {
    /// Its name, `GLIBC_2.34`.
    pub name: String,
    /// Whether the program starts without it, too.
    pub weak: bool,
}

/// A version of glibc, `2.34`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GlibcVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number, 0 where there is none.
    pub patch: u32,
}

/// Reads the versions that a file needs.
pub(super) fn needed<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    dynamic: &Dynamic,
) -> Result<Vec<RequiredVersions>, InspectError> {
    let mut libraries: Vec<RequiredVersions> = Vec::new();
    let Some((address, count)) = dynamic.version_needs else { return Ok(libraries) };
    let table = Table::at(image, address)?;
    let (mut offset, mut total) = (0, 0);
    for _ in 0..count {
        let row: &elf::Verneed<Endianness> = table.row(offset)?;
        let library = text(image, dynamic.strings, row.vn_file.get(table.endian).into())?;
        let mut versions = Vec::new();
        let mut at = offset + u64::from(row.vn_aux.get(table.endian));
        for _ in 0..row.vn_cnt.get(table.endian) {
            let version: &elf::Vernaux<Endianness> = table.row(at)?;
            let name = text(image, dynamic.strings, version.vna_name.get(table.endian).into())?;
            let weak = version.vna_flags.get(table.endian).contains(elf::VER_FLG_WEAK);
            versions.push(RequiredVersion { name, weak });
            bound(&mut total)?;
            at += match version.vna_next.get(table.endian) {
                0 => break,
                next => u64::from(next),
            };
        }
        libraries.push(RequiredVersions { library, versions });
        bound(&mut total)?;
        offset += match row.vn_next.get(table.endian) {
            0 => break,
            next => u64::from(next),
        };
    }
    Ok(libraries)
}

/// Reads the versions that a library defines, without the one that names the library itself.
pub(super) fn defined<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    dynamic: &Dynamic,
) -> Result<Vec<String>, InspectError> {
    let mut versions = Vec::new();
    let Some((address, count)) = dynamic.version_definitions else { return Ok(versions) };
    let table = Table::at(image, address)?;
    let (mut offset, mut total) = (0, 0);
    for _ in 0..count {
        let row: &elf::Verdef<Endianness> = table.row(offset)?;
        let is_base = row.vd_flags.get(table.endian).contains(elf::VER_FLG_BASE);
        // The first name is the version, the others are the versions that it follows.
        if !is_base && row.vd_cnt.get(table.endian) > 0 {
            let name: &elf::Verdaux<Endianness> =
                table.row(offset + u64::from(row.vd_aux.get(table.endian)))?;
            versions.push(text(image, dynamic.strings, name.vda_name.get(table.endian).into())?);
        }
        bound(&mut total)?;
        offset += match row.vd_next.get(table.endian) {
            0 => break,
            next => u64::from(next),
        };
    }
    Ok(versions)
}

struct Table<'data> {
    bytes: &'data [u8],
    endian: Endianness,
}

impl<'data> Table<'data> {
    fn at<R: ReadRef<'data>>(image: &Image<'data, R>, address: u64) -> Result<Self, InspectError> {
        let range = image.offset_of(address);
        let bytes = range.and_then(|(offset, size)| image.bytes(offset, size.min(LARGEST_TABLE)));
        let bytes = bytes.ok_or(malformed("its symbol versions lie outside the file"))?;
        Ok(Self { bytes, endian: image.endian })
    }

    fn row<T: Pod>(&self, offset: u64) -> Result<&'data T, InspectError> {
        self.bytes.read_at(offset).map_err(|()| malformed("its symbol versions are cut off"))
    }
}

fn bound(total: &mut usize) -> Result<(), InspectError> {
    *total += 1;
    if *total > MOST_VERSIONS { Err(malformed("it has more than 8,192 symbol versions")) } else { Ok(()) }
}

impl GlibcVersion {
    /// The oldest glibc that has the version, where its name tells.
    ///
    /// `GLIBC_ABI_DT_RELR` carries no number: it marks relocations that loaders before 2.36 do not know.
    pub fn of_symbol_version(name: &str) -> Option<Self> {
        match name.strip_prefix("GLIBC_")? {
            "ABI_DT_RELR" => Some(Self { major: 2, minor: 36, patch: 0 }),
            number => number.parse().ok(),
        }
    }

    /// The oldest glibc that has everything that is needed; `None` where nothing of glibc is needed. Versions that
    /// a program can start without do not count.
    pub(super) fn oldest(needed: &[RequiredVersions]) -> Option<Self> {
        let versions = needed.iter().flat_map(|library| &library.versions);
        versions.filter(|version| !version.weak).filter_map(|v| Self::of_symbol_version(&v.name)).max()
    }
}

/// Text that is not a version of glibc.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a version of glibc: expected numbers, as `2.34`")]
pub struct InvalidGlibcVersion {
    text: String,
}

impl FromStr for GlibcVersion {
    type Err = InvalidGlibcVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidGlibcVersion { text: text.to_owned() };
        let mut numbers = text.split('.').map(|n| {
            if n.bytes().all(|b| b.is_ascii_digit()) {
                n.parse().map_err(|_| invalid())
            } else {
                Err(invalid())
            }
        });
        let mut next = || numbers.next().transpose();
        let (major, minor, patch, end) = (next()?, next()?, next()?, next()?);
        match (major, minor, end) {
            (Some(major), Some(minor), None) => Ok(Self { major, minor, patch: patch.unwrap_or(0) }),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for GlibcVersion {
    type Error = InvalidGlibcVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GlibcVersion> for String {
    fn from(version: GlibcVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            0 => write!(f, "{}.{}", self.major, self.minor),
            patch => write!(f, "{}.{}.{patch}", self.major, self.minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(names: &[(&str, bool)]) -> Vec<RequiredVersions> {
        let version = |(name, weak): &(&str, bool)| RequiredVersion { name: (*name).to_owned(), weak: *weak };
        vec![RequiredVersions {
            library: "libc.so.6".to_owned(),
            versions: names.iter().map(version).collect(),
        }]
    }

    #[test]
    fn the_oldest_glibc_is_the_newest_version_by_number() {
        let oldest = |names: &[(&str, bool)]| GlibcVersion::oldest(&need(names)).map(|v| v.to_string());
        assert_eq!(oldest(&[("GLIBC_2.9", false), ("GLIBC_2.14", false)]).unwrap(), "2.14");
        assert_eq!(oldest(&[("GLIBC_2.2.5", false)]).unwrap(), "2.2.5");
        assert_eq!(oldest(&[("GLIBC_2.4", false), ("GLIBC_ABI_DT_RELR", false)]).unwrap(), "2.36");
        assert_eq!(oldest(&[("GLIBC_2.4", false), ("GLIBC_2.38", true)]).unwrap(), "2.4");
        assert_eq!(oldest(&[("GLIBC_PRIVATE", false), ("OPENSSL_3.0.0", false)]), None);
    }
}
