//! Which distributions have a C and a C++ library that are new enough.

use plimsoll_model::inspection::Distributions;

/// Where the table comes from.
const SOURCE: &str = "versions of the distributions' packages of glibc and libstdc++ (auditwheel's manylinux policy, \
                      GCC's ABI policy page), as of 2026-11";

/// A release of a distribution: family, name, glibc, `GLIBCXX`, `CXXABI`.
type Release = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Releases, the oldest of a family first.
const RELEASES: [Release; 16] = [
    ("Debian", "Debian 9", "2.24", "3.4.22", "1.3.10"),
    ("Debian", "Debian 10", "2.28", "3.4.25", "1.3.11"),
    ("Debian", "Debian 11", "2.31", "3.4.28", "1.3.12"),
    ("Debian", "Debian 12", "2.36", "3.4.30", "1.3.13"),
    ("Debian", "Debian 13", "2.41", "3.4.33", "1.3.15"),
    ("Ubuntu", "Ubuntu 16.04", "2.23", "3.4.21", "1.3.9"),
    ("Ubuntu", "Ubuntu 18.04", "2.27", "3.4.25", "1.3.11"),
    ("Ubuntu", "Ubuntu 20.04", "2.31", "3.4.28", "1.3.12"),
    ("Ubuntu", "Ubuntu 22.04", "2.35", "3.4.30", "1.3.13"),
    ("Ubuntu", "Ubuntu 24.04", "2.39", "3.4.33", "1.3.15"),
    ("RHEL", "RHEL 7", "2.17", "3.4.19", "1.3.7"),
    ("RHEL", "RHEL 8", "2.28", "3.4.25", "1.3.11"),
    ("RHEL", "RHEL 9", "2.34", "3.4.29", "1.3.13"),
    ("RHEL", "RHEL 10", "2.39", "3.4.33", "1.3.15"),
    ("Amazon Linux", "Amazon Linux 2", "2.26", "3.4.24", "1.3.11"),
    ("Amazon Linux", "Amazon Linux 2023", "2.34", "3.4.29", "1.3.13"),
];

/// The oldest releases that have these versions.
pub(super) fn that_have(glibc: &str, glibcxx: Option<&str>, cxxabi: Option<&str>) -> Distributions {
    let mut families: Vec<&str> = RELEASES.iter().map(|release| release.0).collect();
    families.dedup();
    let has = |(_, _, c, cxx, abi): &Release| {
        numbers(c) >= numbers(glibc)
            && glibcxx.is_none_or(|needed| numbers(cxx) >= numbers(needed))
            && cxxabi.is_none_or(|needed| numbers(abi) >= numbers(needed))
    };
    let mut answer = Distributions { oldest: vec![], none_of: vec![], source: SOURCE.to_owned() };
    for family in families {
        match RELEASES.iter().find(|release| release.0 == family && has(release)) {
            Some((_, name, ..)) => answer.oldest.push((*name).to_owned()),
            None => answer.none_of.push(family.to_owned()),
        }
    }
    answer
}

/// A version as numbers, for comparison.
pub(super) fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap_or(u32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_and_the_cxx_library_both_count() {
        let oldest = |glibc, cxx| that_have(glibc, cxx, None).oldest;
        assert_eq!(oldest("2.34", None), ["Debian 12", "Ubuntu 22.04", "RHEL 9", "Amazon Linux 2023"]);
        assert_eq!(oldest("2.2.5", None)[0], "Debian 9");
        assert_eq!(oldest("2.31", Some("3.4.30"))[0], "Debian 12");
        assert_eq!(that_have("2.99", None, None).none_of.len(), 4);
    }
}
