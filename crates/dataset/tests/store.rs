//! Datasets on a store that renames nothing: built, gone on with after a fault at each operation,
//! merged, opened and verified in memory. No path leads to a disk, so nothing goes round the
//! storage.

mod dying;
mod kit;

use std::fs;
use std::path::Path;

use barloom_backend_cpu::CpuBackend;
use barloom_dataset::{
    Build, BuiltPart, Dataset, DatasetError, Merge, Piece, Rows, Verify, find_parts,
    foreign_entries,
};
use barloom_files::{Memory, Storage, Watch};
use dying::{Dying, Fault};
use kit::{Case, FORMATS, OUT, assert_same, on};

#[test]
fn a_store_gets_the_files_of_a_file_system() {
    for format in FORMATS {
        let case = Case::new(format, "");
        let dir = tempfile::tempdir().unwrap();
        case.build(dir.path().join("d")).run().unwrap();
        let built = case.built();
        let dataset = dir.path().join("d");
        let folders = [dataset.clone(), dataset.join("samples")];
        let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let local = paths.map(|path| {
            let name = path.strip_prefix(&dataset).unwrap();
            (Path::new(OUT).join(name), fs::read(&path).unwrap().into())
        });
        assert_same(&built, &local.collect(), format);
        assert!(!Path::new("/barloom-store").exists());
    }
}

#[test]
fn a_dataset_of_a_store_is_opened_read_and_verified() {
    for format in FORMATS {
        let (case, store) = (Case::new(format, ""), Memory::default());
        case.build(on(&store, OUT)).run().unwrap();
        let dir = tempfile::tempdir().unwrap();
        case.build(dir.path().join("d")).run().unwrap();
        let backend = CpuBackend::default();
        let dataset = Dataset::open(on(&store, OUT)).unwrap();
        let local = Dataset::open(dir.path().join("d")).unwrap();
        assert_eq!(dataset.manifest(), local.manifest());
        let readers = [&dataset, &local].map(|dataset| dataset.reader(&backend).unwrap());
        let [a, b] = readers.each_ref().map(|reader| reader.read(4_000..8_200).unwrap());
        assert_eq!(a, b, "{format}");
        let [a, b] = readers.each_ref().map(|reader| reader.take(&[8_999, 0, 4_096, 7]).unwrap());
        assert_eq!(a, b, "{format}");
        let verify = || Verify {
            dataset: &dataset,
            backend: &backend,
            rows: Rows::All,
            threads: 2,
            watch: Watch::default(),
        };
        let verified = verify().run().unwrap();
        assert_eq!((verified.problems, verified.samples), (vec![], 9_000), "{format}");

        let bars = Path::new(OUT).join("bars.arrow");
        let mut bytes = store.files()[&bars].to_vec();
        bytes[100] ^= 1;
        store.put(&bars, &bytes);
        assert_eq!(verify().run().unwrap().problems.len(), 1, "{format}");
    }
}

/// A process that dies before or after each operation leaves no dataset or a whole one; a build
/// that goes on ends in the same files.
#[test]
fn a_fault_at_each_operation_is_gone_on_from() {
    for format in FORMATS {
        let case = Case::new(format, "");
        let expected = case.built();
        let counting = Dying::new(Fault::Never);
        case.build(on(&counting, OUT)).run().unwrap();
        let operations = counting.operations();
        assert!(operations > 20, "{format}: {operations}");
        let (mut failed, mut unfinished) = (0, 0);
        for at in 1..=operations {
            for fault in [Fault::Before(at), Fault::After(at)] {
                let context = format!("{format}, {fault:?} of {operations}");
                let dying = Dying::new(fault);
                let built = case.build(on(&dying, OUT)).run();
                failed += usize::from(built.is_err());
                let store = dying.store;
                match Dataset::open(on(&store, OUT)) {
                    Ok(_) => {}
                    Err(DatasetError::Unfinished { .. }) => unfinished += 1,
                    Err(DatasetError::NotADataset(_)) => assert!(store.files().is_empty()),
                    Err(error) => panic!("{context}: {}", error.message()),
                }
                // With or without being told to: a claim of the same dataset is gone on with.
                let whole = Dataset::open(on(&store, OUT)).is_ok();
                let again = Build { resume: whole || at % 2 == 0, ..case.build(on(&store, OUT)) };
                let again = again.run().unwrap_or_else(|e| panic!("{context}: {}", e.message()));
                assert_eq!(again[0].manifest.samples, 9_000);
                assert_same(&store.files(), &expected, &context);
            }
        }
        assert!(failed > 10 && unfinished > 10, "{format}: {failed} failed, {unfinished}");
    }
}

/// A store may say that something is there when nothing is, and of its own write that was tried
/// again.
#[test]
fn already_there_is_read() {
    for format in FORMATS {
        let case = Case::new(format, "");
        let expected = case.built();
        for fault in [Fault::SaysTaken, Fault::SaysTakenOfItsOwn] {
            let store = Dying::new(fault);
            case.build(on(&store, OUT)).run().unwrap();
            assert_same(&store.store.files(), &expected, &format!("{format}, {fault:?}"));
        }
    }
}

#[test]
fn builders_of_one_dataset_end_in_one_and_others_are_refused() {
    let (case, store) = (Case::new("parquet", ""), Memory::default());
    let expected = case.built();
    std::thread::scope(|scope| {
        let builders: Vec<_> =
            (0..4).map(|_| scope.spawn(|| case.build(on(&store, OUT)).run())).collect();
        for builder in builders {
            match builder.join().unwrap() {
                // It began when another had ended.
                Ok(_) | Err(DatasetError::Exists(_)) => {}
                Err(error) => panic!("{}", error.message()),
            }
        }
    });
    let again = Build { resume: true, ..case.build(on(&store, OUT)) };
    assert_eq!(again.run().unwrap()[0].made, 0);
    assert_same(&store.files(), &expected, "four builders");

    let other = Case::new("parquet", "[reward]\nfee_bps = 7.0\n");
    let refused = other.build(on(&store, OUT)).run();
    assert!(matches!(refused, Err(DatasetError::Exists(_))), "{refused:?}");
    let overwrite = Build { overwrite: true, ..other.build(on(&store, OUT)) };
    assert!(matches!(overwrite.run(), Err(DatasetError::NeverReplaced(_))));
    let resumed = Build { resume: true, ..other.build(on(&store, OUT)) };
    assert!(matches!(resumed.run(), Err(DatasetError::OtherBuild { .. })));
    assert_same(&store.files(), &expected, "another dataset");

    // A claim is a build's, also without a manifest.
    let dying = Dying::new(Fault::Before(40));
    case.build(on(&dying, OUT)).run().unwrap_err();
    let before = dying.store.files();
    assert!(before.contains_key(&Path::new(OUT).join("build.json")));
    for overwrite in [false, true] {
        let refused = Build { overwrite, ..other.build(on(&dying.store, OUT)) }.run();
        let Err(error) = refused else { panic!("the folder is claimed") };
        let told = error.message();
        assert!(told.contains("recipe.reward.fee_bps is"), "{told}");
        assert_same(&dying.store.files(), &before, "a claim of another dataset");
    }
}

#[test]
fn what_is_not_a_datasets_is_refused() {
    let (case, store) = (Case::new("npy", ""), Memory::default());
    store.put(&Path::new(OUT).join("thesis.txt"), b"years of work");
    for overwrite in [false, true] {
        let refused = Build { overwrite, ..case.build(on(&store, OUT)) }.run();
        assert!(matches!(refused, Err(DatasetError::NotOurs { .. })), "{refused:?}");
    }
    assert_eq!(store.files().len(), 1);
    assert!(matches!(Dataset::open(on(&store, "/none")), Err(DatasetError::NotADataset(_))));
}

#[test]
fn parts_and_pieces_are_those_of_a_file_system() {
    let split = "[split]\n[[split.part]]\nname = \"train\"\nfraction = 0.75\n\
                 [[split.part]]\nname = \"test\"\nfraction = 0.25\n";
    let case = Case::new("arrow", split);
    let expected = case.built();
    assert!(expected.contains_key(&Path::new(OUT).join("test/manifest.json")));

    let store = Memory::default();
    let piece = |index: u64| format!("/barloom-store/piece-{index}");
    for index in 0..2 {
        let piece_of = Piece::new(index, 2);
        Build { piece: piece_of, ..case.build(on(&store, &piece(index))) }.run().unwrap();
    }
    let merged = |keep: bool| -> Vec<BuiltPart> {
        Merge {
            pieces: (0..2).map(|index| on(&store, &piece(index))).collect(),
            out: on(&store, OUT),
            overwrite: false,
            keep,
            threads: 2,
            watch: Watch::default(),
        }
        .run()
        .unwrap()
    };
    let is_part = |path: &Path| path.starts_with(OUT);
    let before = store.files();
    assert_eq!(merged(true).len(), 2);
    let mut found = store.files();
    found.retain(|path, _| is_part(path));
    assert_same(&found, &expected, "merged");
    let mut pieces = store.files();
    pieces.retain(|path, _| !is_part(path));
    assert_same(&pieces, &before, "pieces that are kept");
    for path in expected.keys() {
        store.delete(path).unwrap();
    }
    merged(false);
    assert_same(&store.files(), &expected, "pieces that are taken");

    assert_eq!(find_parts(on(&store, OUT)).unwrap(), ["train", "test"]);
    assert_eq!(Dataset::open_all(on(&store, OUT)).unwrap().len(), 2);
    assert_eq!(foreign_entries(on(&store, OUT)).unwrap(), None);
}
