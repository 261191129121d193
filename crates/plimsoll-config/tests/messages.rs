//! What people read when the file is wrong. A case is a file and a part of each message that it must give, with its
//! place; other problems of the same file fail the test.

use plimsoll_config::{MAX_BYTES, Problems, load};

/// The least that any file needs, behind the lines of a case.
const REST: &str = "\nservice.name='a'\nbuild.type='go'\nenvironments.production.port=8080\n";

fn problems(text: &str) -> Problems {
    match load("plimsoll.toml", text) {
        Ok(loaded) => Problems { problems: loaded.warnings, left_out: 0 },
        Err(problems) => problems,
    }
}

/// `line:column message (label) [help]` of each problem.
fn shown(text: &str) -> Vec<String> {
    let one = |p: &plimsoll_config::Problem| {
        let place = p.place.as_ref().map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column));
        let label = p.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
        let help: Vec<String> = p.help.iter().map(|help| format!(" [{help}]")).collect();
        let word = if p.is_error() { "" } else { "warning: " };
        format!("{place} {word}{}{label}{}", p.message, help.concat())
    };
    problems(text).problems.iter().map(one).collect()
}

#[track_caller]
fn case(lines: &str, expected: &[&str]) {
    let shown = shown(&format!("{lines}{REST}"));
    let fits = shown.len() == expected.len() && shown.iter().zip(expected).all(|(s, e)| s.starts_with(e));
    assert!(fits, "expected\n  {}\nbut got\n  {}", expected.join("\n  "), shown.join("\n  "));
}

#[test]
fn one_pass_reports_everything() {
    let text = "\
[service]
name = \"Greeter API\"
keep-release = 5

[build]
type = \"golang\"

[environments.production]
port = 99999
rollout.steps = [{ set-wieght = \"5%\" }, { pause = \"0s\" }]
";
    assert_eq!(
        problems(text).render(),
        "\
error: `name` must be a name: 1 to 48 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`
 --> plimsoll.toml:2:8
  |
2 | name = \"Greeter API\"
  |        ^^^^^^^^^^^^^ found the text `Greeter API`
  |
  = help: `greeter-api` would do

error: unknown key `keep-release` in `[service]`
 --> plimsoll.toml:3:1
  |
3 | keep-release = 5
  | ^^^^^^^^^^^^ not known
  |
  = help: did you mean `keep-releases`?

error: `type` must be \"go\", \"rust\", \"cmake\" or \"command\"
 --> plimsoll.toml:6:8
  |
6 | type = \"golang\"
  |        ^^^^^^^^ found the text `golang`

error: `port` must be a whole number from 1 to 65535
 --> plimsoll.toml:9:8
  |
9 | port = 99999
  |        ^^^^^ found the number 99999

error: unknown key `set-wieght` in `[environments.production.rollout.steps[0]]`
  --> plimsoll.toml:10:20
   |
10 | rollout.steps = [{ set-wieght = \"5%\" }, { pause = \"0s\" }]
   |                    ^^^^^^^^^^ not known
   |
   = help: did you mean `set-weight`?

error: `pause` must be longer than no time at all
  --> plimsoll.toml:10:51
   |
10 | rollout.steps = [{ set-wieght = \"5%\" }, { pause = \"0s\" }]
   |                                                   ^^^^ found the text `0s`

6 errors
"
    );
}

#[test]
fn an_empty_file_says_what_is_needed() {
    assert_eq!(
        shown(""),
        [
            "- there is no `[service]` table [The service itself]",
            "- there is no `[build]` table [How its artifact is made]",
            "- there is no `[environments]` table [The places that a release is deployed to, each by its name; at least one]",
        ]
    );
}

#[test]
fn syntax_errors() {
    assert_eq!(
        shown("[service]\nname = \nkeep-releases = many\nnam = 1\nname = \"b\"\n[run\nargs = []\n"),
        [
            "2:8 the key has no value (a value is missing)",
            "3:17 `many` is neither a number nor quoted text [text stands between quotes: \"many\"]",
            "5:1 `name` is set twice (the second time) [keep one of them; a table that goes on must not repeat its `[header]`]",
            "6:5 this is not TOML: unclosed table, expected `]`",
        ]
    );
    // What stands before the first syntax error is judged as well.
    assert_eq!(
        shown("[service]\nnam = \"a\"\n= 4\n")[0],
        "1:1 the key `name` is missing in `[service]` [Its name]"
    );
}

#[test]
fn keys_of_another_table_and_escapes() {
    case(
        "run.memory = '1MB'\nrun.x-note = 1",
        &["1:5 unknown key `memory` in `[run]` (not known) [`memory` belongs to `[run.limits]`"],
    );
    case("x-a = 1\nrun.x-b = 2\nrun.variables.x-c = 3", &[]);
    case(
        "run.drain_timeout = '1s'",
        &["1:5 unknown key `drain_timeout` in `[run]` (not known) [did you mean `drain-timeout`?]"],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    case(
        "run.drain-timeout = 5",
        &[
            "1:21 `drain-timeout` must be a length of time (found the number 5) [give a unit: \"5s\" or \"5ms\"]",
        ],
    );
    case("run.args = '--port 1'", &["1:12 `args` must be a list (found the text `--port 1`)"]);
    case(
        "run.args = ['-p', 1]",
        &["1:19 `args[1]` must be text (found the number 1) [put it between quotes]"],
    );
    case("run.health = '/x'", &["1:14 `health` must be a table (found the text `/x`) [it may hold `path`"]);
    case(
        "run.health.path = 'healthz'",
        &[
            "1:19 `path` must be a path that begins with `/` and has no blanks (found the text `healthz`) [write `/healthz`]",
        ],
    );
    case("run.health.interval = '0s'", &["1:23 `interval` must be at least 100ms"]);
    case("run.limits.memory = '256M'", &["1:21 `memory` must be a size with a unit"]);
    case("run.limits.memory = '1kB'", &["1:21 `memory` must be from 1MB to 64TiB"]);
    case("run.limits.cpu = 0", &["1:18 `cpu` must be a number of cores"]);
    case(
        "run.variables.A = 1",
        &["1:19 the variable `A` must be text (found a number) [put it between quotes]"],
    );
    case("run.variables.'A B' = ''", &["1:15 `A B` is not a name of a variable"]);
    case(
        "gates.dirty = 'refused'",
        &[
            "1:15 `dirty` must be \"warn\" or \"refuse\" (found the text `refused`) [did you mean \"refuse\"?]",
        ],
    );
    case(
        "test.command = 'go test ./e2e'\nenvironments.staging.port=1",
        &[
            "1:16 `command` must be a list of a program and its arguments (found the text `go test ./e2e`) [write [\"go\", \"test\", \"./e2e\"]]",
        ],
    );
    case("sign.trusted-keys = ['abc']", &["1:22 a trusted key must be a minisign public key"]);
}

#[test]
fn builds() {
    let build = |lines: &str, expected: &[&str]| {
        let shown = shown(&format!("service.name='a'\nenvironments.p.port=1\n[build]\n{lines}\n"));
        assert_eq!(shown.len(), expected.len(), "{shown:#?}");
        assert!(shown.iter().zip(expected).all(|(s, e)| s.starts_with(e)), "{shown:#?}");
    };
    build(
        "type = 'cmake'\npackage = 'x'",
        &[
            "3:1 the key `target` is missing for `type = \"cmake\"`",
            "5:1 `package` has no meaning with `type = \"cmake\"` (not used) [it belongs to type \"go\" or \"rust\"]",
        ],
    );
    build(
        "type = 'command'\ncommand = ['make']\noutput = '../x'",
        &["6:10 `output` must be a relative path that stays inside the folder"],
    );
    build(
        "type = 'command'\ncommand = []\noutput = 'x'",
        &["5:11 `command` must be a list that begins with a program"],
    );
    build("folder = '.'", &["3:1 the key `type` is missing in `[build]`"]);
}

#[test]
fn places_of_environments() {
    case(
        "environments.staging.listen = '0.0.0.0:8080'",
        &["4:30 `production` and `staging` listen at port 8080 (`staging` has it already)"],
    );
    case("environments.staging.listen = '127.0.0.2:8080'", &[]);
    case(
        "environments.staging.listen = ':80'",
        &[
            "1:31 `listen` must be an address with a port, as \"127.0.0.1:8080\" or \"[::1]:8080\" (found the text `:80`) [for every interface write \"0.0.0.0:80\"]",
        ],
    );
    case("environments.staging.listen = 'localhost:80'", &["1:31 `listen` must be"]);
    case(
        "environments.staging.listen = '127.0.0.1:0'",
        &["1:31 `listen` must be an address with a port from 1 to 65535"],
    );
    case("environments.staging.port = 0", &["1:29 `port` must be a whole number from 1 to 65535"]);
    case(
        "environments.staging = {}",
        &["1:24 `staging` does not say where clients reach the service [add `port = 8080`]"],
    );
    case(
        "environments.staging = { port = 1, listen = '127.0.0.1:1' }",
        &["1:36 `staging` has both `port` and `listen`"],
    );
    case(
        "environments.Staging.port = 1",
        &[
            "1:14 `Staging` is not a name of an environment [a name is 1 to 48 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`] [`staging` would do]",
        ],
    );
    case(
        "environments.a = { port = 1, root = 'x' }\nenvironments.b = { port = 2, root = 'x' }",
        &["2:37 `b` and `a` keep their releases in one folder"],
    );
    case(
        "environments.a = { port = 1, instances = 0, sticky = {} }",
        &[
            "1:42 `instances` must be a whole number from 1 to 100",
            "1:54 `sticky` must have exactly one of `cookie` or `header` (has none)",
        ],
    );
    case(
        "test.command = ['t']\ntest.environment = 'prodution'",
        &["2:20 the test's environment `prodution` is not declared [did you mean \"production\"?]"],
    );
    case(
        "test.command = ['t']",
        &["1:6 the test's environment `staging` is not declared [declared: production]"],
    );
}

#[test]
fn secrets_are_never_repeated() {
    let text = format!("run.variables.DB_PASSWORD = 'hunter2'{REST}");
    let shown = problems(&text).render();
    assert!(!shown.contains("hunter2") && shown.contains("1 | run.variables.DB_PASSWORD = ***"), "{shown}");
    case(
        "run.variables.DB_PASSWORD = 'hunter2'",
        &[
            "1:15 warning: `DB_PASSWORD` looks like a secret, and its value is in the file [move it to [run.secrets] as `DB_PASSWORD = { env = \"DB_PASSWORD\" }`",
        ],
    );
    for lines in [
        "run.variables.API_KEY = 12345678",
        "run.secrets.API_KEY = '12345678'",
        "run.variables.TOKEN = '12345678",
        "run.variables = { TOKEN = '''\n12345678 }",
        "run.secrets.STRIPE = '12345678'",
        "run.secrets = { STRIPE = '12345678' }",
        "run.secrets.STRIPE = ['12345678']",
        "run.secrets.STRIPE = a12345678",
        "run.variables.TOKEN = a12345678",
        "test.command = 'run --token=12345678'",
        "run.secrets.API_KEY = { value = '12345678' }",
    ] {
        let shown = problems(&format!("{lines}{REST}")).render();
        assert!(shown.contains("error: ") && !shown.contains("12345678"), "{shown}");
    }
}

#[test]
fn secrets_are_references() {
    case(
        "run.secrets.A = { env = 'A', file = '/a' }",
        &["1:30 `A` must have exactly one of `env` or `file` (a second one)"],
    );
    case("run.secrets.A = { env = '$A' }", &["1:25 `$A` is not a name of a variable"]);
    case("run.secrets.A = { file = 'a' }", &["1:26 the file of a secret needs its absolute path"]);
    case("run.secrets.A = { env = 'A' }\nrun.variables.A = 'x'", &["2:15 `A` is a variable and a secret"]);
    // One environment may say it otherwise than all.
    case("run.secrets.A = { env = 'A' }\nenvironments.s = { port = 1, run.variables.A = 'x' }", &[]);
}

fn rollout(lines: &str, expected: &[&str]) {
    let lines = format!("[environments.s]\nport = 1\n[environments.s.rollout]\n{lines}\n[x-rest]\n");
    // The least file must come first here, since the case has table headers.
    let shown = shown(&format!("{}{lines}", REST.trim_start().replace('\n', ";").replace(';', "\n")));
    let fits = shown.len() == expected.len() && shown.iter().zip(expected).all(|(s, e)| s.starts_with(e));
    assert!(fits, "expected\n  {}\nbut got\n  {}", expected.join("\n  "), shown.join("\n  "));
}

#[test]
fn steps() {
    rollout(
        "steps = [{set-weight='50%'},{pause='1s'},{set-weight='20%'},{pause='1s'}]",
        &["7:54 the weight falls from 50% to 20% (less than 50% before)"],
    );
    rollout(
        "steps = [{set-weight='50%'}]",
        &["7:22 warning: after 50% the release takes all traffic at once (the last step)"],
    );
    rollout(
        "steps = [{set-weight=0.05},{pause='1s'}]",
        &[
            "7:22 `set-weight` must be a share as \"5%\", or whole percents from 0 to 100 (found the number 0.05) [`0.05` could mean a fraction or percents",
        ],
    );
    rollout(
        "steps = [{set-weight='5'},{pause='1s'}]",
        &[
            "7:22 `set-weight` must be a share as \"5%\", or whole percents from 0 to 100 (found the text `5`) [write \"5%\"]",
        ],
    );
    rollout(
        "steps = [{set-weight='5%',hosts='all'},{pause='1s'},{set-weight='2%',hosts=3},{pause='1s'}]",
        &[],
    );
    rollout(
        "steps = [{pause='1s',hosts=1}]",
        &["7:22 `hosts` has a meaning only beside `set-weight` [write { set-weight"],
    );
    rollout(
        "steps = [{set-weight='5%',hosts='3'},{pause='1s'}]",
        &[
            "7:33 `hosts` must be \"all\", a number from 1 on or a share as \"25%\" (found the text `3`) [write 3 without quotes for so many, or \"3%\" for a share]",
        ],
    );
    rollout("max-parallel = 0", &["7:16 `max-parallel` must be a number from 1 on or a share as \"25%\""]);
    rollout(
        "max-unavailable = 0.25",
        &[
            "7:19 `max-unavailable` must be a number or a share as \"25%\" (found the number 0.25) [`0.25` is no number of hosts",
        ],
    );
    rollout("max-unavailable = '120%'", &["7:19 `max-unavailable` must be a number or a share"]);
    rollout("max-unavailible = 1", &["7:1 unknown key `max-unavailible`"]);
    rollout("steps = ['5%']", &["7:10 `steps[0]` must be a table with one key"]);
    rollout(
        "steps = [{}]",
        &[
            "7:10 `steps[0]` must have exactly one of `set-weight`, `pause`, `analysis` or `approve` (has none)",
        ],
    );
    rollout(
        "steps = [{set-weight=5,pause='1s'},{pause='1s'}]",
        &["7:24 `steps[0]` must have exactly one of"],
    );
    rollout(
        "steps = [{pause={duration='1s'}}]",
        &["7:17 `pause` must be a time, \"until-resumed\" or {} (found a table) [write pause = \"10m\"]"],
    );
    rollout("steps = [{pause='forever'}]", &["7:17 `pause` must be a time as \"10m\", or \"until-resumed\""]);
    rollout(
        "steps = [{analysis='1m'}]",
        &["7:11 there is no analysis to wait for", "7:11 warning: no request reaches the release"],
    );
    rollout(
        "steps = [{set-weight=5},{analysis={names=['error'],duration='1m'}}]",
        &["7:43 there is no analysis named `error` [did you mean `errors`?]"],
    );
    rollout(
        "steps = [{set-weight=5},{pause='1s'}]\nanalysis = []",
        &["8:12 warning: nothing watches the canary"],
    );
    // The step may mean the analysis whose name is wrong.
    rollout(
        "steps = [{set-weight=5},{analysis={names=['a'],duration='1m'}}]\nanalysis = [{name='A',p99='1s'}]",
        &["8:19 `name` must be a name"],
    );
    rollout("dead-man-switch = '4s'", &["7:19 `dead-man-switch` must be at least 5s"]);
    rollout(
        "progress-deadline = '30s'",
        &["7:21 warning: `progress-deadline` is not longer than `run.health.healthy-deadline`"],
    );
}

#[test]
fn analyses() {
    let analysis = |lines: &str, expected: &[&str]| {
        rollout(
            &format!("steps=[{{set-weight=5}},{{pause='1s'}}]\n[[environments.s.rollout.analysis]]\n{lines}"),
            expected,
        );
    };
    analysis("name='a'", &["8:1 the analysis checks nothing [add `max-error-rate = \"1%\"`"]);
    analysis("p99='1s'", &["8:1 the key `name` is missing in `[environments.s.rollout.analysis[0]]`"]);
    analysis("name='a'\nmax-error-rate='0%'", &["10:16 `max-error-rate` must be more than 0%"]);
    analysis(
        "name='a'\nmax-error-rate=1",
        &[
            "10:16 `max-error-rate` must be a share from 0% to 100% with at most two decimals (found the number 1) [write \"1%\"]",
        ],
    );
    analysis(
        "name='a'\nquery='q'",
        &["10:1 the query has no bounds", "10:1 a query needs a Prometheus server as its source"],
    );
    analysis("name='a'\np99='1s'\nmin=1", &["11:1 `min` has no meaning without `query`"]);
    analysis(
        "name='a'\nquery='q'\nmin=2\nmax=1\nsource={prometheus='http://127.0.0.1:9090'}",
        &["12:5 `max` must not be less than `min`"],
    );
    analysis(
        "name='a'\nmax-error-rate='1%'\nsource={prometheus='http://127.0.0.1:9090'}",
        &[
            "11:8 an error rate needs `requests` of the source [as requests = \"http_requests_total\"]",
            "11:8 an error rate needs `errors` of the source",
        ],
    );
    analysis(
        "name='a'\np99='1s'\nsource={scrape='/m',requests='r',errors='e'}",
        &["11:8 a latency check needs `latency` of the source"],
    );
    analysis(
        "name='a'\np99='1s'\nsource={scrape='/m',requests='r',errors='e',latency='l_bucket'}",
        &["11:53 `latency` names the histogram, without `_bucket` [write \"l\"]"],
    );
    analysis("name='a'\np99='1s'\nsource='prometheus'", &["11:8 `source` must be \"proxy\" or a table"]);
    analysis(
        "name='a'\np99='1s'\nmargin=4.0",
        &["11:8 `promote-margin` must not be less than `margin` (3 is less than 4)"],
    );
    analysis(
        "name='a'\np99='1s'\n[[environments.s.rollout.analysis]]\nname='a'\np99='1s'",
        &["12:6 there is another analysis named `a`"],
    );
    analysis(
        "name='a'\nquery='q'\nmax=1\nsource={prometheus='http://me:secret@127.0.0.1:9090'}",
        &["12:9 `prometheus` must not hold a user or a password"],
    );
}

#[test]
fn what_runs_is_checked() {
    case(
        "run.health.healthy-deadline = '2s'",
        &["1:31 `healthy-deadline` must be longer than `min-healthy-time` (2s to show 3s of health)"],
    );
    case("run.variables.PORT = '80'", &["1:15 warning: `PORT` is set to the port of each instance"]);
}

#[test]
fn what_holds_for_all_is_wrong_once() {
    case("run.health.healthy-deadline = '2s'\nenvironments.a.port=1\nenvironments.b.port=2", &["1:31 "]);
}

#[test]
fn a_file_of_no_bounds_is_refused() {
    let found = problems(&" ".repeat(MAX_BYTES + 1));
    assert!(found.problems[0].message.contains("at most 1048576 are read"), "{found}");
}

#[test]
fn long_lists_are_refused() {
    let args = "'a',".repeat(251);
    case(
        &format!("run.args = [{args}]"),
        &["1:12 `args` must be a list of at most 250 (found a list of 251)"],
    );
}

#[test]
fn a_flood_of_problems_is_cut() {
    let lines: Vec<String> = (0..10_000).map(|n| format!("key{n} = 1\n")).collect();
    let found = problems(&lines.concat());
    assert_eq!((found.problems.len(), found.left_out), (50, 9_953));
    assert!(found.render().ends_with("50 errors, 9953 more not shown\n"));
}

#[test]
fn requirements() {
    let requires = |line: &str| {
        format!("[environments.staging]\nport=1\n[environments.staging.requires]\n{line}\n[x-rest]")
    };
    let rest = "\n[service]\nname='a'\n[build]\ntype='go'\n[environments.production]\nport=8080\n";
    for (line, expected) in [
        (
            "kernel = 5.10",
            "4:10 `kernel` must be a version: numbers between dots (found the number 5.10) [put it between quotes",
        ),
        (
            "kernel = \"5.x\"",
            "4:10 `kernel` must be a version: numbers between dots (found the text `5.x`) [write it as",
        ),
        ("memory = \"1\"", "4:10 `memory` must be a size with a unit"),
        ("cpu = \"x86-64-v5\"", "4:7 `cpu` must be "),
        ("cores = 0", "4:9 `cores` must be a number of cores"),
        (
            "tcp = [\"http://db\"]",
            "4:8 `tcp[0]` must be a host and a port, as \"db.internal:5432\" (found the text `http://db`) [for an address that answers HTTP use `http`]",
        ),
        ("tcp = [\"db:0\"]", "4:8 `tcp[0]` must be a host and a port"),
        ("tcp = [\"db:+1\"]", "4:8 `tcp[0]` must be a host and a port"),
        ("files = [\"etc/a\"]", "4:10 `files[0]` must be a path that begins with `/`"),
        ("programs = { \"/bin/sh\" = \"any\" }", "4:14 `/bin/sh` is not the name of a program"),
        ("programs = { sh = \"new\" }", "4:19 `sh` must be a version"),
        ("clock-skew = 5", "4:14 `clock-skew` must be a length of time (found the number 5) [give a unit"),
        ("memori = \"1GB\"", "4:1 unknown key `memori`"),
    ] {
        let shown = shown(&format!("{}{rest}", requires(line)));
        assert!(shown.len() == 1 && shown[0].starts_with(expected), "{line}: {shown:?}");
    }
}

#[test]
fn hosts_are_named_once_and_as_ssh_takes_them() {
    let ssh = |keys: &str| format!("[environments.p]\ntarget='ssh'\nport=1\n{keys}\n[x-rest]\n");
    let one = |keys: &str, expected: &str| {
        let text = format!("service.name='a'\nbuild.type='go'\n{}", ssh(keys));
        let shown = shown(&text);
        assert!(shown.len() == 1 && shown[0].contains(expected), "{keys}: {shown:?}");
    };
    one("", "`p` has no hosts [add `hosts = [\"web1\"]`]");
    one("hosts=['-oProxyCommand=x']", "`-oProxyCommand=x` is no host that ssh could reach");
    one("hosts=['a','a']", "`a` is named twice");
    one(
        "hosts=['a']\nzones={z=['a'],y=['a']}",
        "`a` is in zone `y` and in zone `z` [a host is in one zone at most]",
    );
    one("hosts=['a']\nzones={z=['b']}", "zone `z` names `b`, which is no host of `p`");
    one("hosts=['a']\nroot='~/x'", "`root` must be absolute with `scope = \"system\"`");
    one("hosts=['a']\nroot='/x;y'", "`/x;y` cannot be the folder on a host");
    one("hosts=['a']\nscope='user'\nsudo='always'", "`sudo` has no meaning with `scope = \"user\"`");
}

#[test]
fn keys_of_another_target_are_told() {
    case(
        "environments.production.hosts=['a']",
        &[
            "1:25 `hosts` has no meaning with `target = \"local\"` (not used) [it belongs to `target = \"ssh\"`]",
        ],
    );
}
