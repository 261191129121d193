//! Told stories with golden output, one file each. `PLIMSOLL_BLESS=1` writes the output anew.

use std::path::PathBuf;

use plimsoll_testkit::script;

#[test]
fn scripts_print_what_they_say() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    let mut different = Vec::new();
    for file in files {
        let golden = std::fs::read_to_string(&file).unwrap();
        let found = script::play(&golden).unwrap_or_else(|e| panic!("{}: {e:?}", file.display()));
        assert!(!found.contains("does not hold"), "{}:\n{found}", file.display());
        if found == golden {
            continue;
        }
        if std::env::var_os("PLIMSOLL_BLESS").is_some() {
            std::fs::write(&file, found).unwrap();
        } else {
            different.push(format!("--- {}\n{found}", file.display()));
        }
    }
    assert!(different.is_empty(), "other output; PLIMSOLL_BLESS=1 accepts it:\n{}", different.join("\n"));
}
