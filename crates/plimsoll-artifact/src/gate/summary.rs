//! One line about a program for people.

use crate::elf::{Facts, FoundBy, Resolution};

/// `static-pie, 3.1 MB, no libraries` or `dynamic, 1.2 MB, 4 libraries all present, needs glibc 2.34`; for what
/// cannot run on the target, what it is: `shared library for linux/arm64, 1.2 MB`.
pub(super) fn summary(facts: &Facts, resolution: Option<&Resolution>) -> String {
    let Some(resolution) = resolution else {
        let platform = facts.platform.as_ref().map_or("an unknown platform".to_owned(), ToString::to_string);
        return format!("{} for {platform}, {}", facts.file_type.name(), size(facts.size));
    };
    let mut parts = vec![facts.linkage.kind.name().to_owned(), size(facts.size), libraries(resolution)];
    if resolution.loader.as_ref().is_some_and(|loader| !loader.present) {
        parts.push("its loader missing".to_owned());
    }
    parts.extend(facts.oldest_glibc.map(|version| format!("needs glibc {version}")));
    parts.join(", ")
}

fn libraries(resolution: &Resolution) -> String {
    // The loader is named by itself; that libc asks for it as a library, too, is of no interest.
    let all: Vec<_> =
        resolution.libraries.iter().filter(|l| l.found_by != Some(FoundBy::Interpreter)).collect();
    let missing = all.iter().filter(|library| !library.is_satisfied()).count();
    match (all.len(), missing) {
        (0, _) => "no libraries".to_owned(),
        (1, 0) => "1 library present".to_owned(),
        (n, 0) => format!("{n} libraries all present"),
        (n, m) => format!("{m} of {n} libraries missing or unfit"),
    }
}

/// A size in decimal units, as package managers and `ls --si` show it.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (bytes + unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..999_950 => format!("{} kB", tenths(1000)),
        999_950..999_950_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_a_tenth() {
        let cases =
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB")];
        for (bytes, text) in cases.into_iter().chain([(6_249_999, "6.2 MB"), (3_150_000_000, "3.2 GB")]) {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }
}
