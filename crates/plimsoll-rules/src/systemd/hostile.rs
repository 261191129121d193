//! Units from strangers: no panic, and time that grows with the file.

use std::time::{Duration, Instant};

use jiff::civil::date;
use proptest::prelude::*;

use crate::check::{Question, check_text};
use crate::files::Kind;
use crate::settings::Settings;
use crate::source::Source;
use crate::surroundings::Surroundings;

fn judge(text: &str) {
    let settings = Settings::default();
    let question = Question { paths: Vec::new(), exclude: Vec::new(), settings, today: date(2026, 11, 24) };
    check_text(Kind::Unit, Source::new("a@b.service", text), &Surroundings::none(), &question);
}

/// Pieces of units, so that what is made of them comes far into the readers of values.
const PIECES: [&str; 48] = [
    "[Service]\n",
    "[Unit]\n",
    "[Install]\n",
    "[",
    "]",
    "\n",
    "\\\n",
    "#",
    ";",
    "=",
    "~",
    " ",
    "\"",
    "'",
    "\\",
    "\\x",
    "%",
    "%i",
    "ExecStart=",
    "/bin/a",
    "-@:+!",
    "Environment=",
    "A=b",
    "CapabilityBoundingSet=",
    "CAP_KILL",
    "SystemCallFilter=",
    "@known",
    "RestrictNamespaces=",
    "user",
    "RestrictAddressFamilies=",
    "AF_INET",
    "IPAddressDeny=",
    "10.0.0.0/8",
    "::/0",
    "DeviceAllow=",
    "UMask=",
    "0777",
    "TimeoutSec=",
    "1min 3.5s",
    "99999999999999999999",
    "MemoryMax=",
    "LimitNOFILE=",
    "1:2",
    "é",
    "\u{feff}",
    "yes",
    "DynamicUser=",
    "OnCalendar=",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_unit_of_pieces_breaks_it(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        judge(&pieces.concat());
        judge(&format!("[Service]\n{}", pieces.concat()));
    }

    #[test]
    fn no_value_breaks_any_type(value in "\\PC*|[0-9a-zA-Z%~:/.\"'\\\\ ]*") {
        for section in ["Unit", "Service", "Socket", "Timer", "Install"] {
            for key in super::keys::all(section) {
                let _ = key.value.check(&value, 252);
            }
        }
    }
}

#[test]
fn large_units_end_in_time() {
    for line in [
        "ExecStart=/bin/a --port 80\n",
        "Environment=PORT=80 A=b\n",
        "Nonsense=1\n",
        "SystemCallFilter=@known\n",
        "CapabilityBoundingSet=~CAP_KILL\n",
        "IPAddressAllow=10.0.0.0/8 any\n",
        "[Service]\n",
        "A=\\\n",
        "# c\\\n",
        "TimeoutSec=1 1 1 1 1 1 1\n",
        "MemoryLimit=1\n",
        "Restart=%Q%Q%Q\n",
    ] {
        let text = format!("[Service]\nUser=a\n{}", line.repeat((1 << 20) / line.len()));
        let began = Instant::now();
        judge(&text);
        assert!(began.elapsed() < Duration::from_secs(20), "{line:?} took {:?}", began.elapsed());
    }
}
