//! Workers that run as another user, so that the code under test cannot reach what is not that user's: `--as-user`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lab_hunt::workers::Launch;
use lab_runs::artifacts;

/// Makes workers run as this user, with a folder of their own for what they leave behind.
///
/// # Errors
///
/// If there is no such user, or the folder cannot be made. Only root can start processes as somebody else.
pub fn run_as(name: &str, launch: Launch) -> Result<Launch> {
    let (user, group) = find(name)?;
    let folder = artifacts::root().join("users").join(user.to_string());
    let problem = || format!("cannot make {} for the user {name}", folder.display());
    std::fs::create_dir_all(&folder).with_context(problem)?;
    give(&folder, user, group).with_context(|| {
        format!("cannot give {} to the user {name}: only root can run code as another user", folder.display())
    })?;
    let folder = folder.canonicalize().with_context(problem)?;
    check_reachable(&folder, (name, user, group))?;
    let mut launch = Launch { user: Some((user, group)), ..launch };
    launch.environment.push((artifacts::FOLDER.to_owned(), folder.display().to_string()));
    Ok(launch)
}

/// Number and group of a user.
#[cfg(unix)]
fn find(name: &str) -> Result<(u32, u32)> {
    let found = match name.parse() {
        Ok(number) => nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(number)),
        Err(_) => nix::unistd::User::from_name(name),
    };
    let user = found.with_context(|| format!("cannot look up the user {name}"))?;
    let user = user.with_context(|| format!("there is no user {name} on this machine"))?;
    if user.uid.is_root() {
        bail!("{name} is root: the code under test would be allowed everything");
    }
    Ok((user.uid.as_raw(), user.gid.as_raw()))
}

#[cfg(not(unix))]
fn find(_name: &str) -> Result<(u32, u32)> {
    bail!("--as-user needs Linux or macOS")
}

/// The folder only: what is in it belongs to whoever has put it there.
fn give(folder: &Path, user: u32, group: u32) -> std::io::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::lchown(folder, Some(user), Some(group))?;
    #[cfg(not(unix))]
    let _ = (folder, user, group);
    Ok(())
}

/// Whoever cannot enter a folder on the way cannot write into the last one: said now, and not in each report.
fn check_reachable(folder: &Path, (name, user, group): (&str, u32, u32)) -> Result<()> {
    #[cfg(unix)]
    {
        let closed: Option<PathBuf> = folder
            .ancestors()
            .skip(1)
            .find(|folder| folder.metadata().is_ok_and(|data| !may_enter(&data, user, group)))
            .map(Path::to_path_buf);
        if let Some(closed) = closed {
            bail!(
                "the user {name} cannot enter {}, so workers could leave no reports: set CARGO_TARGET_DIR to a folder that \
                 everybody can reach",
                closed.display()
            );
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, name, user, group);
    Ok(())
}

/// Whether a user may go through a folder.
#[cfg(unix)]
fn may_enter(folder: &std::fs::Metadata, user: u32, group: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    let bit = match folder {
        folder if folder.uid() == user => 0o100,
        folder if folder.gid() == group => 0o010,
        _ => 0o001,
    };
    folder.mode() & bit != 0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn user_is_looked_up_by_name_and_number_and_root_is_refused() {
        assert!(find("root").unwrap_err().to_string().contains("is root"));
        assert!(find("0").unwrap_err().to_string().contains("is root"));
        assert!(find("nobody-has-this-name").unwrap_err().to_string().contains("there is no user"));
        assert_eq!(find("nobody").unwrap(), find(&find("nobody").unwrap().0.to_string()).unwrap());
    }
}
