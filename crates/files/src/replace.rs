use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::exchange::exchange;

/// Puts the folder `new` in the place of `out`, whose old contents are at `aside` then.
///
/// Where the system has an exchange of names there is no moment at which `out` does not exist, and
/// a process that is killed leaves the old or the new folder there, whole. Elsewhere there is such
/// a moment, between two renames. Nothing may have the name `aside`.
///
/// # Errors
/// The system refuses a rename; then everything is where it was, unless putting it back fails too.
pub fn replace_folder(new: &Path, out: &Path, aside: &Path) -> io::Result<()> {
    replace_by(new, out, aside, exchange)
}

fn replace_by(
    new: &Path,
    out: &Path,
    aside: &Path,
    exchange: impl Fn(&Path, &Path) -> io::Result<bool>,
) -> io::Result<()> {
    // First away from the name at which the next process would look for what was left behind: after
    // the exchange, the old contents must not be there. An empty folder tells whether the system
    // has an exchange: where it has none, `new` keeps its name all the while, so that nobody else
    // takes it.
    fs::create_dir(aside)?;
    match exchange(new, aside) {
        Ok(true) => match exchange(aside, out) {
            Ok(true) => {
                // It stays where somebody has put something in it: then it is theirs.
                let _ = fs::remove_dir(new);
                return Ok(());
            }
            // A folder that somebody else has begun there is not empty, and stays.
            Ok(false) => fs::rename(aside, new)?,
            Err(error) => {
                fs::rename(aside, new)?;
                return Err(error);
            }
        },
        Ok(false) => fs::remove_dir(aside)?,
        Err(error) => {
            fs::remove_dir(aside)?;
            return Err(error);
        }
    }
    fs::rename(out, aside)?;
    fs::rename(new, out).inspect_err(|_| {
        // If even that fails, the old contents still are at `aside`.
        let _ = fs::rename(aside, out);
    })
}

/// Makes renames in a folder durable.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only POSIX lets a folder be opened and synced; elsewhere renames are durable by themselves.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders `new` and `out`, each with a file that holds its name.
    fn folders() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["new", "out"] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("is"), name).unwrap();
        }
        dir
    }

    fn is(dir: &Path) -> Option<String> {
        fs::read_to_string(dir.join("is")).ok()
    }

    type Exchange<'a> = &'a dyn Fn(&Path, &Path) -> io::Result<bool>;

    #[test]
    fn a_folder_takes_the_place_of_another() {
        let cannot = |_: &Path, _: &Path| Ok(false);
        let ways: [Exchange<'_>; 2] = [&exchange, &cannot];
        for way in ways {
            let dir = folders();
            let [new, out, aside] = ["new", "out", "aside"].map(|name| dir.path().join(name));
            replace_by(&new, &out, &aside, way).unwrap();
            assert_eq!((is(&out), is(&aside)), (Some("new".into()), Some("out".into())));
            assert!(!new.exists());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn both_are_there_at_the_exchange() {
        let dir = folders();
        let [new, out, aside] = ["new", "out", "aside"].map(|name| dir.path().join(name));
        let watched = |a: &Path, b: &Path| {
            assert_eq!(is(&out), Some("out".into()));
            let done = exchange(a, b)?;
            assert!(done, "the system has it, and so do the file systems that tests run on");
            assert!(is(&out).is_some());
            Ok(done)
        };
        replace_by(&new, &out, &aside, watched).unwrap();
    }

    #[test]
    fn what_fails_is_undone() {
        let dir = folders();
        let [new, out, aside] = ["new", "out", "aside"].map(|name| dir.path().join(name));
        let fails = |_: &Path, _: &Path| Err(io::Error::other("the disk is gone"));
        assert!(replace_by(&new, &out, &aside, fails).is_err());
        assert_eq!((is(&out), is(&new)), (Some("out".into()), Some("new".into())));
        assert!(!aside.exists());
        // The exchange is there, and refuses `out`: it is in use.
        let refuses = |a: &Path, b: &Path| {
            if b == out { Err(io::ErrorKind::ResourceBusy.into()) } else { exchange(a, b) }
        };
        assert!(replace_by(&new, &out, &aside, refuses).is_err());
        assert_eq!((is(&out), is(&new)), (Some("out".into()), Some("new".into())));
        assert!(!aside.exists());
        assert!(replace_by(&dir.path().join("nothing"), &out, &aside, exchange).is_err());
        assert!(out.exists() && !aside.exists());
    }

    #[test]
    fn the_name_is_never_free_without_an_exchange() {
        let dir = folders();
        let [new, out, aside] = ["new", "out", "aside"].map(|name| dir.path().join(name));
        let cannot = |_: &Path, _: &Path| {
            assert!(fs::create_dir(&new).is_err(), "another process has no moment to take it");
            Ok(false)
        };
        replace_by(&new, &out, &aside, cannot).unwrap();
        assert_eq!((is(&out), is(&aside)), (Some("new".into()), Some("out".into())));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_another_process_begins_meanwhile_is_not_touched() {
        let dir = folders();
        let [new, out, aside] = ["new", "out", "aside"].map(|name| dir.path().join(name));
        let begun = |a: &Path, b: &Path| {
            if b == out {
                fs::write(new.join("is"), "theirs").unwrap();
                return Ok(false);
            }
            exchange(a, b)
        };
        assert!(replace_by(&new, &out, &aside, begun).is_err());
        assert_eq!((is(&out), is(&new)), (Some("out".into()), Some("theirs".into())));
        assert_eq!(is(&aside), Some("new".into()), "it can't go back, and is not lost");
    }
}
