use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::exchange::exchange;

/// Puts the folder `new` in the place of `out`, whose old contents are at `aside` then.
///
/// Where the system has an exchange of names there is no moment at which `out` does not exist, and a
/// process that is killed leaves the old or the new folder there, whole. Elsewhere there is such a
/// moment, between two renames. Nothing may have the name `aside`.
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
    exchange: impl FnOnce(&Path, &Path) -> io::Result<bool>,
) -> io::Result<()> {
    // First away from the name at which the next process would look for what was left behind: after
    // the exchange, the old contents must not be there.
    fs::rename(new, aside)?;
    match exchange(aside, out) {
        Ok(true) => return Ok(()),
        Ok(false) => fs::rename(aside, new)?,
        Err(error) => {
            fs::rename(aside, new)?;
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
/// The folder can't be opened or synced.
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
            assert_eq!((is(a), is(b)), (Some("new".into()), Some("out".into())));
            let done = exchange(a, b)?;
            assert!(done, "the system has it, and so do the file systems that tests run on");
            assert_eq!((is(a), is(b)), (Some("out".into()), Some("new".into())));
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
        assert!(replace_by(&dir.path().join("nothing"), &out, &aside, exchange).is_err());
        assert!(out.exists());
    }
}
