//! The lock file of a handout, as cargo would write it there: who builds changes nothing, and `--locked` holds from the first call on.
//!
//! It is the template's, in which cargo has left what a student's package needs of the lab's own lock file; a test lets it do that
//! again. What differs from one handout to the next is put in here: the name of the package, one dependency, and where the lab is.

use crate::workspace::Source;

/// What `cargo update --workspace` makes of the lab's lock file beside the template.
const TEMPLATE: &str = include_str!("../../template/Cargo.lock");

/// What stands between two packages.
const SEPARATOR: &str = "\n[[package]]\n";

/// The lock file of a package of this name, which depends on the interfaces of lab 2 and 4 or not.
pub(crate) fn text(name: &str, has_services: bool, source: &Source) -> String {
    let (head, packages) = TEMPLATE.split_once(SEPARATOR).expect("a lock file has packages");
    let (own, mut others): (Vec<String>, Vec<String>) = packages
        .split(SEPARATOR)
        .map(|package| package.trim_end().to_owned() + "\n")
        .partition(|package| name_of(package) == "my-raft");
    if let Source::Git { url, commit } = source {
        // What comes from a registry says so; what says nothing is of the lab.
        for package in others.iter_mut().filter(|package| !package.contains("\nsource = ")) {
            let end = package.match_indices('\n').nth(1).map_or(package.len(), |(at, _)| at + 1);
            package.insert_str(end, &format!("source = \"git+{url}?rev={commit}#{commit}\"\n"));
        }
    }
    let mut own = own.concat().replacen("my-raft", name, 1);
    if has_services {
        own = own.replacen("dependencies = [\n", "dependencies = [\n \"kvraft-interface\",\n", 1);
    }
    let place = others.partition_point(|package| name_of(package) < name);
    others.insert(place, own);
    let packages: String = others.iter().map(|package| format!("{SEPARATOR}{package}")).collect();
    format!("{head}{packages}")
}

/// The names of all packages in it but the student's own.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TEMPLATE.split(SEPARATOR).skip(1).map(name_of).filter(|name| *name != "my-raft")
}

/// `anyhow`, of a package that begins with `name = "anyhow"`.
fn name_of(package: &str) -> &str {
    package.split('"').nth(1).unwrap_or_default()
}
