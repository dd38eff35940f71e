//! Datasets with folds: one copy of the bars at the root, a folder for each role of each fold.

mod dying;
mod kit;

use std::fs;
use std::path::Path;

use barloom_backend_cpu::CpuBackend;
use barloom_dataset::{
    Build, Dataset, DatasetError, Merge, Piece, Rows, Verify, find_parts, foreign_entries,
};
use barloom_files::{Folder, Memory, Watch};
use dying::{Dying, Fault};
use kit::{Case, FORMATS, Files, OUT, assert_same, on};

const FOLDS: &str = "[scaling]\nclose = { kind = \"standard\", fit = \"train\" }\nvolume = \"none\"\n\
                     [split]\nkind = \"purged_kfold\"\nfolds = 2\nembargo = 3\n";

const NAMES: [&str; 4] = ["fold-00-train", "fold-00-test", "fold-01-train", "fold-01-test"];

fn verified(dataset: &Dataset) -> Vec<String> {
    let backend = CpuBackend::default();
    let (rows, threads, watch) = (Rows::All, 2, Watch::default());
    let verify = Verify { dataset, backend: &backend, rows, threads, watch };
    verify.run().unwrap().problems.iter().map(|problem| format!("{problem:?}")).collect()
}

#[test]
fn folds_share_their_bars_and_have_scalers_of_their_own() {
    for format in FORMATS {
        let (case, store) = (Case::new(format, FOLDS), Memory::default());
        case.build(on(&store, OUT)).run().unwrap();
        let files: Files = store.files();
        let is_bars = |path: &&std::path::PathBuf| path.ends_with("bars.arrow");
        let bars: Vec<_> = files.keys().filter(is_bars).collect();
        assert_eq!(bars, [&Path::new(OUT).join("bars.arrow")], "{format}");
        assert_eq!(find_parts(on(&store, OUT)).unwrap(), NAMES);
        assert_eq!(foreign_entries(on(&store, OUT)).unwrap(), None);
        let all = Dataset::open_all(on(&store, OUT)).unwrap();
        let scalers: Vec<_> = all.iter().map(|one| &one.manifest().scalers).collect();
        assert_eq!((scalers[0], scalers[2]), (scalers[1], scalers[3]));
        assert_ne!(scalers[0], scalers[2], "each fold is fitted to its train rows");
        for (dataset, name) in all.iter().zip(NAMES) {
            assert_eq!(dataset.market().unwrap().ts(), case.market.ts());
            let part = dataset.manifest().part.as_ref().unwrap();
            let fold = part.fold.as_ref().unwrap();
            assert_eq!((&*part.name, fold.folds), (name, 2));
            let purged = fold.purged > 0 && fold.embargoed > 0;
            assert_eq!(
                purged,
                name == "fold-00-train",
                "bars after the test are embargoed: {name}"
            );
            assert_eq!(verified(dataset), [""; 0], "{format} {name}");
        }
        // A test has each of its labelled bars once, in order.
        let test = &all[1];
        assert_eq!(test.manifest().samples, test.manifest().positions);

        let path = Path::new(OUT).join("bars.arrow");
        let mut bytes = files[&path].to_vec();
        bytes[100] ^= 1;
        store.put(&path, &bytes);
        assert_eq!(verified(&all[3]).len(), 1, "{format}");
    }
}

#[test]
fn a_fold_alone_says_which_bars_it_lacks() {
    let (case, dir) = (Case::new("virtual", FOLDS), tempfile::tempdir().unwrap());
    let out = dir.path().join("d");
    case.build(&out).run().unwrap();
    let part = out.join("fold-01-test");
    assert_eq!(Dataset::open(&part).unwrap().market().unwrap().ts(), case.market.ts());
    let away = dir.path().join("elsewhere");
    fs::rename(&part, &away).unwrap();
    let error = Dataset::open(&away).unwrap().market().unwrap_err();
    assert!(matches!(error, DatasetError::NoSharedBars { .. }), "{error}");
    let error = Dataset::open_all(&out).unwrap_err().message();
    assert!(error.contains("fold-01-test") && error.contains("missing"), "{error}");
    // The advice helps.
    fs::copy(out.join("bars.arrow"), dir.path().join("bars.arrow")).unwrap();
    assert_eq!(Dataset::open(&away).unwrap().market().unwrap().ts(), case.market.ts());
}

#[test]
fn pieces_of_folds_make_the_whole_to_the_byte() {
    for format in ["parquet", "npy"] {
        let (case, store) = (Case::new(format, FOLDS), Memory::default());
        let expected = case.built();
        let piece = |index: u64| format!("/barloom-store/piece-{index}");
        for index in 0..2 {
            let piece_of = Piece::new(index, 2);
            Build { piece: piece_of, ..case.build(on(&store, &piece(index))) }.run().unwrap();
        }
        let merge = |pieces: &[u64], keep: bool| {
            let pieces = pieces.iter().map(|index| on(&store, &piece(*index))).collect();
            let (out, overwrite, threads, watch) = (on(&store, OUT), false, 2, Watch::default());
            Merge { pieces, out, overwrite, keep, threads, watch }.run()
        };
        assert!(matches!(merge(&[0], true), Err(DatasetError::Pieces { .. })));
        assert_eq!(merge(&[0, 1], true).unwrap().len(), 4);
        let mut found = store.files();
        found.retain(|path, _| path.starts_with(OUT));
        assert_same(&found, &expected, format);
        for path in expected.keys() {
            barloom_files::Storage::delete(&store, path).unwrap();
        }
        merge(&[0, 1], false).unwrap();
        assert_same(&store.files(), &expected, "pieces that are taken");
    }
}

#[test]
fn a_build_of_folds_goes_on_after_a_fault_at_each_operation() {
    let case = Case::new("parquet", FOLDS);
    let expected = case.built();
    let counting = Dying::new(Fault::Never);
    case.build(on(&counting, OUT)).run().unwrap();
    let faults = (1..=counting.operations()).flat_map(|at| {
        [(at, Fault::Before(at)), (at, Fault::After(at))].into_iter().take(1 + at % 2)
    });
    let others = [(0, Fault::SaysTaken), (0, Fault::SaysTakenOfItsOwn)];
    for (at, fault) in faults.chain(others) {
        let dying = Dying::new(fault);
        let _ = case.build(on(&dying, OUT)).run();
        let store = dying.store;
        let resume = Dataset::open_all(on(&store, OUT)).is_ok() || at % 2 == 0;
        let again = Build { resume, ..case.build(on(&store, OUT)) }.run();
        again.unwrap_or_else(|error| panic!("operation {at}: {}", error.message()));
        assert_same(&store.files(), &expected, &format!("operation {at}"));
    }
}

#[test]
fn only_a_dataset_is_replaced() {
    let (case, dir) = (Case::new("virtual", FOLDS), tempfile::tempdir().unwrap());
    let out = dir.path().join("d");
    let build = |overwrite: bool| Build { overwrite, ..case.build(&out) }.run();
    build(false).unwrap();
    assert!(matches!(build(false), Err(DatasetError::Exists(_))));
    build(true).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
    fs::write(out.join("notes.md"), "mine").unwrap();
    assert!(matches!(build(true), Err(DatasetError::Foreign { .. })));
    fs::remove_file(out.join("notes.md")).unwrap();

    // Bars that no fold names are someone's own.
    let parts = dir.path().join("parts");
    let split = "[[split.part]]\nname = \"train\"\nfraction = 0.5\n[[split.part]]\nname = \"test\"\nfraction = 0.5\n";
    let case = Case::new("virtual", split);
    case.build(&parts).run().unwrap();
    fs::copy(out.join("bars.arrow"), parts.join("bars.arrow")).unwrap();
    assert_eq!(foreign_entries(Folder::from(&parts)).unwrap().as_deref(), Some("bars.arrow"));
}
