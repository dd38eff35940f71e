//! The contract of a storage, held by each of them.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use barloom_files::{Durability, Folder, Kind, Local, Memory, Stat, Storage, Transfer};

/// Calls a test with an empty folder of each storage.
fn each(test: impl Fn(&Folder)) {
    let dir = tempfile::tempdir().unwrap();
    test(&Folder::new(Arc::new(Local), dir.path()));
    test(&Folder::new(Arc::new(Memory::default()), "/bucket/d"));
}

fn write(folder: &Folder, name: &str, pieces: &[&[u8]]) {
    let mut file = folder.create_file(name).unwrap();
    file.append(pieces).unwrap();
    file.finish(Durability::Now).unwrap();
}

fn read(folder: &Folder, name: &str) -> Vec<u8> {
    folder.open(name).unwrap().read_all().unwrap()
}

fn names(folder: &Folder) -> Vec<(String, Kind)> {
    folder.list().unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect()
}

#[test]
fn a_file_has_its_name_with_all_its_bytes() {
    each(|folder| {
        let mut file = folder.create_file("a").unwrap();
        file.append(&[b"half"]).unwrap();
        assert!(!folder.has("a").unwrap());
        drop(file);
        assert!(!folder.has("a").unwrap());
        let many: Vec<&[u8]> = vec![b"xy"; 3_000];
        write(folder, "a", &many);
        assert_eq!(read(folder, "a"), b"xy".repeat(3_000));
        write(folder, "a", &[b"01", b"", b"23456789"]);
        let file = folder.open("a").unwrap();
        write(folder, "a", &[b"another"]);
        assert_eq!((file.bytes(), file.read(3, 4).unwrap()), (10, b"3456".to_vec()));
        assert_eq!(file.read(10, 0).unwrap(), b"");
        for (at, bytes) in [(7, 4), (10, 1), (1 << 40, 1)] {
            assert_eq!(file.read(at, bytes).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
        assert_eq!(read(folder, "a"), b"another");
    });
}

#[test]
fn one_of_many_puts_a_file() {
    each(|folder| {
        let path = folder.file("claim");
        let put = |number: u8| folder.storage().put_if_absent(&path, &[number; 100]);
        let winners: Vec<u8> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| (n, scope.spawn(move || put(n)))).collect();
            let ended = threads.into_iter().map(|(n, thread)| (n, thread.join().unwrap()));
            ended.filter_map(|(n, put)| put.is_ok().then_some(n)).collect()
        });
        let [winner] = winners[..] else { panic!("{winners:?}") };
        assert_eq!(read(folder, "claim"), [winner; 100]);
        assert_eq!(put(9).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(names(folder), [("claim".to_owned(), Kind::File)]);
    });
}

#[test]
fn folders_are_listed_and_files_deleted() {
    each(|folder| {
        let part = folder.join("train");
        part.create().unwrap();
        write(&part, "x", &[b"1"]);
        write(folder, "b", &[b"22"]);
        write(folder, "a", &[b"333"]);
        let file = |name: &str| (name.to_owned(), Kind::File);
        assert_eq!(names(folder), [file("a"), file("b"), ("train".to_owned(), Kind::Folder)]);
        assert_eq!(names(&part), [file("x")]);
        assert!(part.is_there() && part.is_taken() && !folder.join("test").is_taken());
        assert!(folder.has_file("a") && folder.has("train").unwrap() && !folder.has_file("train"));
        let stat = folder.storage().stat(&folder.file("a")).unwrap();
        assert_eq!(stat, Stat { kind: Kind::File, bytes: 3 });
        assert_eq!(part.delete().unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
        part.delete_file("x").unwrap();
        assert_eq!(part.delete_file("x").unwrap_err().kind(), ErrorKind::NotFound);
        part.delete().unwrap();
        assert_eq!(names(folder), [file("a"), file("b")]);
        assert_eq!(folder.open("x").unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn bytes_are_brought_to_a_second_path() {
    each(|folder| {
        write(folder, "a", &[b"1"]);
        let (from, storage) = (folder.file("a"), folder.storage());
        for (name, how) in [("b", Transfer::Copy), ("c", Transfer::Share)] {
            storage.transfer(&from, &folder.file(name), how).unwrap();
            storage.sync_file(&folder.file(name)).unwrap();
            assert_eq!(read(folder, name), b"1");
        }
        folder.delete_file("a").unwrap();
        assert_eq!((read(folder, "b"), read(folder, "c")), (b"1".to_vec(), b"1".to_vec()));
        let missing = storage.transfer(&from, &folder.file("d"), Transfer::Copy).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        assert_eq!(names(folder).len(), 2);
        folder.sync().unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_mounted_is_known() {
    let system = Local.file_system().unwrap();
    assert!(system.is_mounted(Path::new("/proc")) && !system.is_mounted(Path::new("/proc/self")));
    assert!(Memory::default().file_system().is_none());
}
