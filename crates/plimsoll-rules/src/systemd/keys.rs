//! Which settings there are. The table is data: `keys.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::value::Type;

static TEXT: &str = include_str!("keys.txt");

/// A setting.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub value: Type,
    /// The first systemd that has it; 252 for all older ones.
    pub since: u32,
    /// Whether a wrong value makes systemd refuse the whole unit.
    pub is_fatal: bool,
}

type Section = BTreeMap<&'static str, Key>;

static SECTIONS: LazyLock<BTreeMap<&'static str, Section>> = LazyLock::new(|| {
    let mut sections: BTreeMap<&str, Section> = BTreeMap::new();
    let mut current = "";
    for line in TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = name;
            continue;
        }
        let (kind, names) = line.split_once(": ").expect("a line of the table is a type and its settings");
        if kind == "use" {
            let shared: Vec<Section> = names.split(' ').map(|name| sections[name].clone()).collect();
            sections.entry(current).or_default().extend(shared.into_iter().flatten());
            continue;
        }
        let (kind, is_fatal) = kind.strip_suffix('!').map_or((kind, false), |kind| (kind, true));
        for word in names.split(' ') {
            let (name, since) = versioned(word);
            let key = Key { name, value: Type::named(kind), since, is_fatal };
            sections.entry(current).or_default().insert(name, key);
        }
    }
    sections
});

/// A word and the version that it came with: `Key@254`.
pub(super) fn versioned(word: &str) -> (&str, u32) {
    word.split_once('@').map_or((word, 252), |(word, since)| (word, since.parse().unwrap_or(252)))
}

/// A setting of a section, by its exact name.
pub fn find(section: &str, name: &str) -> Option<&'static Key> {
    SECTIONS.get(section)?.get(name)
}

/// Every setting of a section.
pub fn all(section: &str) -> impl Iterator<Item = &'static Key> {
    SECTIONS.get(section).into_iter().flat_map(BTreeMap::values)
}

/// The setting of a section whose name is most like a wrong one.
pub fn like(section: &str, wrong: &str) -> Option<&'static str> {
    let lower = wrong.to_ascii_lowercase();
    let most = |name: &str| 2.max(name.len() / 4);
    // Measuring takes time; a name of quite another length is not like it.
    let names =
        all(section).map(|key| key.name).filter(|name| name.len().abs_diff(wrong.len()) <= most(name));
    let near = names.map(|name| (strsim::damerau_levenshtein(&name.to_ascii_lowercase(), &lower), name));
    near.min().filter(|(distance, name)| *distance <= most(name)).map(|(_, name)| name)
}

/// Sections, other than this one, that have a setting of this name.
pub fn sections_with(name: &str) -> Vec<&'static str> {
    let public = SECTIONS.iter().filter(|(section, _)| section.starts_with(|c: char| c.is_ascii_uppercase()));
    public.filter(|(_, keys)| keys.contains_key(name)).map(|(section, _)| *section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(all("Service").count() > 240 && all("Unit").count() > 110);
        assert_eq!(find("Service", "ExecReloadPost").unwrap().since, 259);
        assert_eq!(like("Service", "ProtectSytem"), Some("ProtectSystem"));
        assert_eq!(like("Service", "Nonsense"), None);
        assert_eq!(sections_with("StartLimitBurst"), ["Service", "Unit"]);
        for section in ["Unit", "Service", "Socket", "Timer", "Install"] {
            assert!(
                all(section).all(|key| !matches!(key.value, Type::Unnamed)),
                "{section}: a type without a meaning"
            );
        }
    }
}
