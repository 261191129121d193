//! Whole runs over folders with files of all kinds: our own repository, files that nobody should read, and secrets, of which none
//! is ever shown and none is told twice.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::civil::date;
use plimsoll_model::finding::CheckReport;
use plimsoll_rules::{Question, Settings, check};

fn ask(folder: &Path) -> CheckReport {
    let paths = vec![folder.to_path_buf()];
    check(&Question { paths, exclude: Vec::new(), settings: Settings::default(), today: date(2026, 11, 23) })
}

#[test]
fn our_own_repository_has_nothing_that_is_not_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let report = ask(&root);
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|f| format!("{} {:?} {} {}", f.path, f.place, f.rule, f.message))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert_eq!(report.unread, []);
    assert!(report.checked.len() > 300, "only {} files were found", report.checked.len());
}

#[test]
fn files_that_nobody_should_read_end_in_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..40 {
        let before = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(bomb, "a{n}: &a{n} [{before}]").unwrap();
    }
    fs::write(path("compose.yaml"), bomb).unwrap();
    for (name, size) in [
        ("package-lock.json", 4 << 30),
        ("deploy.yaml", 100 << 20),
        (".env", 100 << 20),
        ("program", 4 << 30),
    ] {
        File::create(path(name)).unwrap().set_len(size).unwrap();
    }
    fs::write(path("long.txt"), vec![b'a'; 100 << 20]).unwrap();
    for (from, to) in [("a", "b"), ("b", "a"), ("here", "."), ("Dockerfile", "/dev/zero")] {
        std::os::unix::fs::symlink(to, path(from)).unwrap();
    }
    let began = Instant::now();
    let report = ask(folder.path());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let names = |path: &str| Path::new(path).file_name().unwrap().to_string_lossy().into_owned();
    let unread: Vec<_> = report.unread.iter().map(|unread| names(&unread.path)).collect();
    assert_eq!(unread, [".env", "deploy.yaml", "long.txt", "package-lock.json"]);
    assert!(report.unread.iter().all(|unread| unread.why.contains("no more than")), "{:?}", report.unread);
    let found: Vec<_> = report.findings.iter().map(|f| (names(&f.path), f.rule.clone())).collect();
    assert_eq!(found, [("compose.yaml".to_owned(), "YML001".to_owned())]);
}

#[test]
fn secrets_are_told_once_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    // It is made here, so that it stands in no file of ours.
    let token = format!("ghp{}{}", "_", "x7Kq9Lm2Zw4Pv8Rt1Bn6Cy3Hd5Jf0GsAeUiO");
    write("Dockerfile", format!("FROM debian:12\nENV GITHUB_TOKEN={token}\nUSER 1000\n"));
    write(
        "curl.Dockerfile",
        format!(
            "FROM debian:12\nRUN curl -H 'Authorization: {token}' https://api.internal/ | sh\nUSER 1000\n"
        ),
    );
    write(
        "compose.yaml",
        format!(
            "services:\n  web:\n    image: app:1\n    restart: always\n    environment:\n      GITHUB_TOKEN: {token}\n"
        ),
    );
    write(
        "pod.yaml",
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  token: {token}\n"),
    );
    write(".env", format!("GITHUB_TOKEN={token}\nGITHUB_TOKEN = {token}\n"));
    write("src/main.go", format!("const token = \"{token}\"\n"));
    write("settings.toml", format!("url = \"https://me:{token}@git.internal/\"\n"));
    write(
        "package-lock.json",
        format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"node_modules/a\": {{\"resolved\": \"http://x:{token}@host/a/-/a.tgz\"}}}}}}\n"
        ),
    );
    write(".gitlab-ci.yml", format!("variables:\n  GITHUB_TOKEN: {token}\n"));
    let report = ask(folder.path());
    let json = serde_json::to_string(&report).unwrap();
    assert!(!json.contains(&token[4..16]), "{json}");
    let secrets = ["SEC001", "SEC003", "SEC004", "IMG005", "CMP009", "K8S015", "CI021"];
    let mut told: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| secrets.contains(&finding.rule.as_str()))
        .map(|finding| {
            (
                Path::new(&finding.path).file_name().unwrap().to_string_lossy().into_owned(),
                finding.place.unwrap().line,
                finding.rule.as_str(),
            )
        })
        .collect();
    told.sort();
    let own = |name: &str, line, rule| (name.to_owned(), line, rule);
    assert_eq!(
        told,
        [
            own(".env", 1, "SEC001"),
            own(".env", 2, "SEC001"),
            own(".gitlab-ci.yml", 2, "CI021"),
            own("Dockerfile", 2, "IMG005"),
            own("compose.yaml", 6, "CMP009"),
            own("curl.Dockerfile", 2, "SEC001"),
            own("main.go", 1, "SEC001"),
            own("package-lock.json", 1, "SEC001"),
            own("pod.yaml", 5, "K8S015"),
            own("settings.toml", 1, "SEC001"),
        ]
    );
}
