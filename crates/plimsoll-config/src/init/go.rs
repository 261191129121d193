//! A Go module and its program.

use crate::document::toml_text;

use super::{Found, ProjectListing, as_name};

/// The module's program, if there is a module with one.
pub(super) fn find(listing: &ProjectListing) -> Option<Found> {
    let module = module_path(listing.go_mod.as_deref()?);
    let base = module.as_deref().map(base_name);
    let packages = &listing.go_main_packages;
    let package = choose(packages, base)?;
    let last = package.rsplit('/').next().filter(|last| *last != ".");
    let names = [last, base, Some(listing.folder_name.as_str())];
    let name = names.into_iter().flatten().find_map(as_name).unwrap_or_else(|| "service".to_owned());
    let shown = if package == "." { ".".to_owned() } else { format!("./{package}") };
    let mut notes = vec![format!("found a Go module; its program is the package {shown}")];
    if packages.len() > 1 {
        let others: Vec<&str> =
            packages.iter().map(String::as_str).filter(|other| *other != package).collect();
        notes.push(format!(
            "other packages with `package main`: {}; set `package` if one of them is meant",
            others.join(", ")
        ));
    }
    let build = format!(
        "type = \"go\"\npackage = {}\n# Without cgo the program needs no libraries on the host.\ncgo = false\n",
        toml_text(&shown)
    );
    Some(Found { name, build, notes, test_example: r#"["go", "test", "./e2e"]"# })
}

/// The package that is most likely the service: `.`, then the one named as the module, then one below `cmd`.
fn choose<'p>(packages: &'p [String], base: Option<&str>) -> Option<&'p str> {
    let plain = |package: &&str| !package.is_empty() && !package.chars().any(char::is_control);
    let packages = || packages.iter().map(|package| package.trim_start_matches("./")).filter(plain);
    let named = packages().find(|package| base.is_some() && package.rsplit('/').next() == base);
    packages()
        .find(|package| *package == ".")
        .or(named)
        .or_else(|| packages().find(|package| package.starts_with("cmd/")))
        .or_else(|| packages().next())
}

/// The path in the line `module example.com/greeter`.
fn module_path(go_mod: &str) -> Option<String> {
    let line = go_mod
        .lines()
        .map(str::trim)
        .find_map(|line| line.strip_prefix("module")?.strip_prefix([' ', '\t']))?;
    let path = line.split("//").next().unwrap_or_default().trim().trim_matches(['"', '`']);
    (!path.is_empty()).then(|| path.to_owned())
}

/// The last part of a module's path that names it: not the major version `v2`.
fn base_name(path: &str) -> &str {
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    path.rsplit('/').find(|part| !is_version(part)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(go_mod: &str, packages: &[&str]) -> ProjectListing {
        ProjectListing {
            folder_name: "checkout".to_owned(),
            go_mod: Some(go_mod.to_owned()),
            go_main_packages: packages.iter().map(|p| (*p).to_owned()).collect(),
            ..ProjectListing::default()
        }
    }

    #[test]
    fn the_program_of_a_module() {
        for (go_mod, packages, name, package) in [
            ("module example.com/greeter\n", &["."][..], "greeter", "\".\""),
            ("// x\nmodule example.com/greeter/v2 // y\ngo 1.24\n", &["."], "greeter", "\".\""),
            (
                "module \"example.com/Shop_API\"\n",
                &["cmd/tool", "cmd/Shop_API"],
                "shop-api",
                "./cmd/Shop_API",
            ),
            ("module example.com/shop\n", &["tools/gen", "cmd/server"], "server", "./cmd/server"),
            ("", &["."], "checkout", "\".\""),
        ] {
            let found = find(&listing(go_mod, packages)).unwrap();
            assert_eq!(found.name, name);
            assert!(found.build.contains(package), "{}", found.build);
        }
    }

    #[test]
    fn a_module_without_a_program_is_a_library() {
        assert_eq!(find(&listing("module example.com/lib\n", &[])), None);
    }
}
