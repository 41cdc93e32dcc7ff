//! How a program that is graded is started: with a bare environment, and where it may leave something.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lab_hunt::workers::Launch;
use lab_runs::{artifacts, commands, eprintln};

/// A program, and who runs it.
#[derive(Clone, Debug)]
pub struct Started {
    /// How its workers are started.
    pub launch: Launch,
    /// Where they leave what they leave.
    pub left: PathBuf,
}

/// How a program's workers are started, as another user if one is named. `left` is where they leave what they leave; another
/// user has a folder of its own. Who has typed `words` starts the program where the results are read.
///
/// # Errors
///
/// If there is no such program, user or folder.
pub fn start(program: &Path, as_user: Option<&str>, left: &Path, words: &str) -> Result<Started> {
    let problem = || format!("cannot start {}", program.display());
    let program = program.canonicalize().with_context(problem)?;
    let mut launch = Launch { program: Some(program), is_bare: true, ..lab_hunt::program::launch() };
    launch.environment = vec![(commands::COMMAND.to_owned(), words.to_owned())];
    let Some(user) = as_user else {
        fs::create_dir_all(left).with_context(|| format!("cannot make {}", left.display()))?;
        let left = left.canonicalize()?;
        launch.environment.push((artifacts::FOLDER.to_owned(), left.display().to_string()));
        return Ok(Started { launch, left });
    };
    let launch = lab::run_as(user, launch)?;
    let folder = launch.environment.iter().find(|(name, _)| name == artifacts::FOLDER);
    let left = PathBuf::from(folder.map(|(_, folder)| folder.clone()).unwrap_or_default());
    Ok(Started { launch, left })
}

/// Refuses what would show the course's secret to code under test: who is root may read every process.
///
/// # Errors
///
/// A sentence that says what to do.
pub fn check_secrecy(has_hidden_seeds: bool, as_user: Option<&str>) -> Result<()> {
    #[cfg(unix)]
    if has_hidden_seeds && as_user.is_none() && rustix::process::geteuid().is_root() {
        bail!(
            "there are hidden seeds, and code under test would run as root, who can read every process: name another user, \
             as with --as-user nobody"
        );
    }
    let _ = (has_hidden_seeds, as_user);
    Ok(())
}

/// Refuses a user who is none, and a file with the course's secret that he could read, for then code under test can.
///
/// # Errors
///
/// A sentence that says what to do, or that the file cannot be looked at.
pub fn check_secret_file(file: Option<&Path>, as_user: Option<&str>) -> Result<()> {
    let user = as_user.map(|name| Ok::<_, anyhow::Error>((name, lab::run_as(name, Launch::default())?.user)));
    let user = user.transpose()?.and_then(|(name, user)| Some((name, user?)));
    file.map_or(Ok(()), |file| check_read_by(file, user))
}

/// The same of a user with his numbers, or of whoever grades.
fn check_read_by(file: &Path, user: Option<(&str, (u32, u32))>) -> Result<()> {
    let shown = file.display();
    match user {
        Some((name, user)) => {
            let problem = || format!("cannot look at the course's secret in {shown}");
            if is_readable(&file.canonicalize().with_context(problem)?, user).with_context(problem)? {
                bail!(
                    "the user {name} can read the course's secret in {shown}, and so can code under test: \
                     close it with chmod go-rwx {shown} (and make the next one after umask 077)"
                );
            }
        }
        None => eprintln!(
            "code under test runs as you, who can read the course's secret in {shown}: name another user with --as-user, \
             or grade only whom you trust"
        ),
    }
    Ok(())
}

/// Whether a user can read a file at a whole path: by its mode, if he can come to it, or because he may change the mode.
#[cfg(unix)]
fn is_readable(file: &Path, (user, group): (u32, u32)) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let may = |data: &fs::Metadata, bit: u32| match data {
        data if data.uid() == user => true,
        data if data.gid() == group => data.mode() & (bit << 3) != 0,
        data => data.mode() & bit != 0,
    };
    const READ: u32 = 0o4;
    const ENTER: u32 = 0o1;
    // A folder that cannot be looked at is no wall to anybody who is known.
    let may_enter = |folder: &Path| folder.metadata().map_or(true, |data| may(&data, ENTER));
    Ok(may(&file.metadata()?, READ) && file.ancestors().skip(1).all(may_enter))
}

/// Elsewhere nobody is another user.
#[cfg(not(unix))]
fn is_readable(_file: &Path, _user: (u32, u32)) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn secret_that_another_user_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let close = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "correct horse battery").unwrap();
        let data = file.metadata().unwrap();
        // Whoever has made it, somebody of the same group, and a stranger.
        let owner = (data.uid(), data.gid() + 1);
        let neighbour = (data.uid() + 1, data.gid());
        let stranger = (data.uid() + 1, data.gid() + 1);
        for (folder_mode, file_mode, wanted) in [
            (0o755, 0o644, [true, true, true]),
            (0o755, 0o640, [true, true, false]),
            (0o755, 0o604, [true, false, true]),
            (0o755, 0o600, [true, false, false]),
            (0o711, 0o644, [true, true, true]),
            (0o700, 0o644, [true, false, false]),
            (0o750, 0o644, [true, true, false]),
            (0o744, 0o644, [true, false, false]),
        ] {
            close(folder.path(), folder_mode);
            close(&file, file_mode);
            let told = [owner, neighbour, stranger].map(|user| is_readable(&file, user).unwrap());
            assert_eq!(told, wanted, "{folder_mode:o} {file_mode:o}");
        }
        // By a link out of a folder that is closed, the file itself counts.
        close(folder.path(), 0o755);
        let closed = tempfile::tempdir().unwrap();
        let link = closed.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let checked = |file: &Path| check_read_by(file, Some(("eve", stranger)));
        let error = checked(&link).unwrap_err().to_string();
        assert!(error.contains("eve can read") && error.contains("chmod go-rwx"), "{error}");
        close(&file, 0o600);
        checked(&link).unwrap();
        assert!(checked(&closed.path().join("nothing")).is_err());
    }
}
