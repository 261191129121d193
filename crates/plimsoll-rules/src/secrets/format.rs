//! How a provider's secret looks: fixed text and runs of characters, written as `ghp_[a36]`.
//!
//! A run is a class and how many characters of it there are: `[h64]`, `[w20-40]`. Classes are in [`Class`]. Matching looks at each
//! character once and never goes back, so that no text makes it slow.

/// A format, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Format {
    /// What it is a secret of.
    pub(super) name: &'static str,
    parts: Vec<Part>,
    /// Bits a character that a real one has at least; less is a placeholder.
    pub(super) entropy: f64,
}

#[derive(Debug, Clone)]
enum Part {
    Text(&'static str),
    Run { class: Class, min: usize, max: usize },
}

/// Which characters a run may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// `a`: letters and digits.
    Alphanumeric,
    /// `h`: digits of base 16 in small letters.
    Hex,
    /// `u`: capital letters and digits.
    Upper,
    /// `l`: small letters and digits.
    Lower,
    /// `d`: digits.
    Digit,
    /// `x`: letters.
    Letter,
    /// `w`: letters, digits, `_` and `-`: base 64 in addresses.
    Word,
    /// `b`: base 64.
    Base64,
    /// `2`: base 32.
    Base32,
    /// `e`: as `w`, and `.` `=` `~`.
    Extended,
}

impl Class {
    const NAMES: [(u8, Self); 10] = [
        (b'a', Self::Alphanumeric),
        (b'h', Self::Hex),
        (b'u', Self::Upper),
        (b'l', Self::Lower),
        (b'd', Self::Digit),
        (b'x', Self::Letter),
        (b'w', Self::Word),
        (b'b', Self::Base64),
        (b'2', Self::Base32),
        (b'e', Self::Extended),
    ];

    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Self::Digit => byte.is_ascii_digit(),
            Self::Letter => byte.is_ascii_alphabetic(),
            Self::Word => byte.is_ascii_alphanumeric() || b"_-".contains(&byte),
            Self::Base64 => byte.is_ascii_alphanumeric() || b"+/".contains(&byte),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Extended => byte.is_ascii_alphanumeric() || b"_-.=~".contains(&byte),
        }
    }
}

impl Format {
    /// Takes a line of the table apart. The table is ours; a test reads all of it.
    pub(super) fn new(name: &'static str, spec: &'static str, entropy: f64) -> Self {
        let mut parts = Vec::new();
        let mut rest = spec;
        while !rest.is_empty() {
            if let Some((run, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                let class =
                    run.bytes().next().and_then(|name| Class::NAMES.iter().find(|(own, _)| *own == name));
                let (_, class) = class.expect("the table names classes that there are");
                let (min, max) = run[1..].split_once('-').unwrap_or((&run[1..], &run[1..]));
                let count = |text: &str| text.parse().expect("the table has numbers behind classes");
                parts.push(Part::Run { class: *class, min: count(min), max: count(max) });
                rest = after;
            } else {
                let end = rest.find('[').unwrap_or(rest.len());
                parts.push(Part::Text(&rest[..end]));
                rest = &rest[end..];
            }
        }
        Self { name, parts, entropy }
    }

    /// The fixed text that is looked for first.
    pub(super) fn keyword(&self) -> &'static str {
        let text =
            self.parts.iter().find_map(|part| if let Part::Text(text) = part { Some(*text) } else { None });
        text.expect("each format of the table has a fixed text")
    }

    /// Where the secret stands whose keyword begins at `at`.
    pub(super) fn at(&self, bytes: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
        let (begin, parts) = match self.parts.split_first()? {
            (Part::Run { class, min, max }, rest) => {
                let before =
                    bytes[..at].iter().rev().take(max + 1).take_while(|byte| class.has(**byte)).count();
                (at.checked_sub(before).filter(|_| (*min..=*max).contains(&before))?, rest)
            }
            _ => (at, self.parts.as_slice()),
        };
        let mut end = at;
        for part in parts {
            end += match part {
                Part::Text(text) => bytes.get(end..)?.starts_with(text.as_bytes()).then_some(text.len())?,
                Part::Run { class, min, max } => {
                    let run =
                        bytes.get(end..)?.iter().take(*max).take_while(|byte| class.has(**byte)).count();
                    Some(run).filter(|run| run >= min)?
                }
            };
        }
        // A part of something longer is something else.
        let goes_on =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let before = begin.checked_sub(1).and_then(|at| bytes.get(at));
        (!goes_on(before) && !goes_on(bytes.get(end))).then_some(begin..end)
    }

    /// One that fits, for tests: no real one is written down anywhere.
    #[cfg(test)]
    pub(super) fn sample(&self, seed: usize) -> String {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(97);
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Run { class, min, .. } => {
                    let fits: Vec<u8> = (b'!'..b'~')
                        .filter(|byte| class.has(*byte) && byte.is_ascii_alphanumeric())
                        .collect();
                    for _ in 0..*min {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        text.push(char::from(fits[(state >> 33) % fits.len()]));
                    }
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_text_are_matched() {
        let format = Format::new("x", "ab_[h3-5].[u2]", 0.0);
        for (text, at, found) in [
            ("ab_abc.XY", 0, Some(0..9)),
            (" ab_abcde.XY,", 1, Some(1..12)),
            ("ab_ab.XY", 0, None),
            ("ab_abcdef.XY", 0, None),
            ("ab_abc.XYZ", 0, None),
            ("xab_abc.XY", 1, None),
            ("ab_abc", 0, None),
        ] {
            assert_eq!(format.at(text.as_bytes(), at), found, "{text}");
        }
    }

    #[test]
    fn a_run_may_stand_before_the_keyword() {
        let format = Format::new("x", "[d3-4]:AA[w2]", 0.0);
        assert_eq!(format.keyword(), ":AA");
        assert_eq!(format.at(b"x 123:AAb-", 5), Some(2..10));
        assert_eq!(format.at(b"x 12345:AAb-", 7), None);
    }
}
