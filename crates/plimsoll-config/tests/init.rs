//! Every proposed file loads as it stands, without a warning, and says what it found.

use plimsoll_config::{CargoPackage, ProjectListing, load, propose};
use plimsoll_model::service::{Builder, Service, Target};
use plimsoll_model::ssh::SshHost;

fn proposed(listing: &ProjectListing) -> Service {
    let proposal = propose(listing, &[]);
    let loaded = load("plimsoll.toml", &proposal.text).unwrap_or_else(|p| panic!("{p}\n{}", proposal.text));
    assert_eq!(loaded.warnings, [], "{}", proposal.text);
    assert!(proposal.notes.len() >= 3);
    loaded.service
}

fn folder(name: &str) -> ProjectListing {
    ProjectListing { folder_name: name.to_owned(), ..ProjectListing::default() }
}

#[test]
fn a_go_module() {
    let service = proposed(&ProjectListing {
        go_mod: Some("module example.com/Greeter\n".to_owned()),
        go_main_packages: vec!["cmd/greeter".to_owned(), "cmd/migrate".to_owned()],
        ..folder("x")
    });
    assert_eq!(service.name.as_str(), "greeter");
    let Builder::Go { package, .. } = service.build.builder else { panic!() };
    assert_eq!(package, "./cmd/greeter");
    let production = &service.environments[&"production".parse().unwrap()];
    assert_eq!((production.listen.port(), production.rollout.analyses.len()), (18080, 2));
}

#[test]
fn a_cargo_package() {
    let cargo = CargoPackage {
        manifest: "[package]\nname = \"my_api\"\n".to_owned(),
        has_main: true,
        ..CargoPackage::default()
    };
    let service = proposed(&ProjectListing { cargo: Some(cargo), ..folder("x") });
    assert_eq!(service.name.as_str(), "my-api");
    let Builder::Rust { binary, package, .. } = service.build.builder else { panic!() };
    assert_eq!((binary.as_str(), package), ("my_api", None));
}

#[test]
fn a_cmake_project() {
    let cmake_lists = Some("project(Hello)\nadd_executable(${PROJECT_NAME} main.c)\n".to_owned());
    let service = proposed(&ProjectListing { cmake_lists, ..folder("x") });
    let Builder::Cmake { target, .. } = service.build.builder else { panic!() };
    assert_eq!((target.as_str(), service.name.as_str()), ("Hello", "hello"));
}

#[test]
fn anything_else_is_a_command() {
    let make = Some("server: main.c\n\tcc -o server main.c\n".to_owned());
    let script = Some("./generate\n".to_owned());
    for (name, makefile, build_script, command, output) in [
        ("My Service!", make, None, "make", "server"),
        ("svc", None, script, "sh build.sh", "build/svc"),
        ("日本", None, None, "make", "build/service"),
        ("\"; [x", None, None, "make", "build/x"),
    ] {
        let service = proposed(&ProjectListing { makefile, build_script, ..folder(name) });
        let Builder::Command { command: found, output: made, .. } = service.build.builder else { panic!() };
        assert_eq!((found.join(" ").as_str(), made.to_str()), (command, Some(output)));
    }
}

#[test]
fn on_hosts() {
    let hosts = ["web1", "deploy@10.0.0.3", "web4:2222"].map(|name| SshHost::new(name, None).unwrap());
    let proposal = propose(&folder("shop"), &hosts);
    let loaded = load("plimsoll.toml", &proposal.text).unwrap_or_else(|p| panic!("{p}\n{}", proposal.text));
    assert_eq!(loaded.warnings, [], "{}", proposal.text);
    let production = &loaded.service.environments[&"production".parse().unwrap()];
    let Target::Ssh(target) = &production.target else { panic!() };
    assert_eq!(target.hosts, hosts);
    assert_eq!(production.listen.to_string(), "0.0.0.0:8080");
}

#[test]
fn hostile_names_do_not_break_the_file() {
    let packages = ["\"]\n[x", "cmd/a\"b", "a\\b", ""];
    for package in packages {
        proposed(&ProjectListing {
            go_mod: Some("module \"@BUILD@\"\n".to_owned()),
            go_main_packages: vec![package.to_owned()],
            ..folder("@TEST@")
        });
    }
}
