//! A Cargo package or workspace and its program.

use toml::de::DeTable;

use super::{CargoPackage, Found, ProjectListing, as_name};

/// A binary target.
struct Target {
    package: String,
    binary: String,
    /// Whether the manifest names it as the one to run.
    chosen: bool,
}

/// The program of the package, or of a workspace's member, if there is one.
pub(super) fn find(listing: &ProjectListing) -> Option<Found> {
    let root = listing.cargo.as_ref()?;
    let own = targets(root);
    let in_workspace = !listing.cargo_members.is_empty();
    let all: Vec<Target> = own.into_iter().chain(listing.cargo_members.iter().flat_map(targets)).collect();
    let folder = as_name(&listing.folder_name);
    let target = all
        .iter()
        .find(|target| target.chosen)
        .or_else(|| all.iter().find(|target| as_name(&target.binary) == folder))
        .or_else(|| all.iter().find(|target| target.binary == target.package))
        .or_else(|| all.first())?;
    let name = as_name(&target.binary).or(folder).unwrap_or_else(|| "service".to_owned());
    let mut notes = vec![format!("found a Cargo project; its program is the binary {}", target.binary)];
    if all.len() > 1 {
        let others: Vec<&str> =
            all.iter().map(|other| other.binary.as_str()).filter(|other| *other != target.binary).collect();
        notes.push(format!("other binaries: {}; set `binary` if one of them is meant", others.join(", ")));
    }
    let package = if in_workspace { format!("package = {:?}\n", target.package) } else { String::new() };
    let build = format!(
        "type = \"rust\"\n{package}binary = {:?}\n# Links the C library statically, so that the host's does not matter.\n# static-libc = true\n",
        target.binary
    );
    Some(Found { name, build, notes, test_example: r#"["cargo", "test", "--test", "e2e"]"# })
}

fn targets(cargo: &CargoPackage) -> Vec<Target> {
    let (table, _) = DeTable::parse_recoverable(&cargo.manifest);
    let table = table.get_ref();
    let text =
        |table: &DeTable<'_>, key: &str| table.get(key).and_then(|v| v.get_ref().as_str().map(str::to_owned));
    let Some(package) = table.get("package").and_then(|package| package.get_ref().as_table()) else {
        return Vec::new();
    };
    let Some(name) = text(package, "name").filter(|name| is_plain(name)) else { return Vec::new() };
    let default_run = text(package, "default-run");
    let declared = table.get("bin").and_then(|bins| bins.get_ref().as_array());
    let mut binaries: Vec<String> = declared
        .into_iter()
        .flat_map(|bins| bins.iter())
        .filter_map(|bin| text(bin.get_ref().as_table()?, "name"))
        .collect();
    // `src/main.rs` may be declared under another name; then that is its only one.
    if cargo.has_main && binaries.is_empty() {
        binaries.push(name.clone());
    }
    let more: Vec<String> = cargo.bin_files.iter().filter(|bin| !binaries.contains(bin)).cloned().collect();
    binaries.extend(more);
    let target = |binary: String| Target {
        chosen: default_run.as_deref() == Some(binary.as_str()),
        package: name.clone(),
        binary,
    };
    binaries.into_iter().filter(|binary| is_plain(binary)).map(target).collect()
}

/// A name that Cargo takes, and that can stand in a file as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(manifest: &str, has_main: bool, bins: &[&str]) -> CargoPackage {
        let bin_files = bins.iter().map(|bin| (*bin).to_owned()).collect();
        CargoPackage { manifest: manifest.to_owned(), has_main, bin_files }
    }

    fn found(root: CargoPackage, members: Vec<CargoPackage>) -> Option<(String, String)> {
        let listing = ProjectListing {
            folder_name: "shop".to_owned(),
            cargo: Some(root),
            cargo_members: members,
            ..ProjectListing::default()
        };
        find(&listing).map(|found| (found.name, found.build))
    }

    #[test]
    fn the_program_of_a_package() {
        let (name, build) = found(package("[package]\nname = \"my_api\"", true, &[]), vec![]).unwrap();
        assert_eq!(name, "my-api");
        assert!(build.contains("binary = \"my_api\"") && !build.contains("package ="), "{build}");

        let manifest = "[package]\nname = \"x\"\ndefault-run = \"server\"\n[[bin]]\nname = \"cli\"\n";
        let (name, _) = found(package(manifest, true, &["server"]), vec![]).unwrap();
        assert_eq!(name, "server");
    }

    #[test]
    fn the_program_of_a_workspace() {
        let members = vec![
            package("[package]\nname = \"core\"", false, &[]),
            package("[package]\nname = \"shop\"", true, &[]),
        ];
        let (name, build) = found(package("[workspace]\nmembers = [\"*\"]", false, &[]), members).unwrap();
        assert_eq!(name, "shop");
        assert!(build.contains("package = \"shop\""), "{build}");
    }

    #[test]
    fn a_library_has_none() {
        assert_eq!(found(package("[package]\nname = \"lib\"", false, &[]), vec![]), None);
        assert_eq!(found(package("not toml [", true, &["../x"]), vec![]), None);
    }
}
