//! The hosts file: an address, then the names that it has, line by line.

use std::net::IpAddr;

/// All addresses of a name, in the file's order. Lines that are not understood are skipped, as everywhere.
pub(super) fn addresses(file: &str, name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in file.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
        if words.any(|word| word.eq_ignore_ascii_case(name)) && !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_found() {
        let file = "# local\n127.0.1.1\tbox.example box\n\nnonsense box\n::1 box\n127.0.1.1 box # again\nfe80::1%eth0 box\n";
        let expected: Vec<IpAddr> = vec!["127.0.1.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(addresses(file, "BOX"), expected);
        assert_eq!(addresses(file, "again"), Vec::<IpAddr>::new());
    }
}
