use super::compiler::{ARCHITECTURE, NVRTC};
use super::*;

/// A folder laid out like the workspace, with the stand-in kernels.
fn house() -> tempfile::TempDir {
    let house = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(house.path().join(KERNELS)).expect("a folder");
    fs::create_dir_all(house.path().join("docs")).expect("a folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kernels");
    for entry in fs::read_dir(data).expect("stand-in kernels") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name");
        fs::copy(&path, house.path().join(KERNELS).join(name)).expect("a copy");
    }
    house
}

/// PTX as NVRTC would write it, with one kernel's name.
fn ptx_of(version: &str, kernel: &str) -> String {
    let target = ARCHITECTURE.replace("compute_", "sm_");
    format!(
        "//\n// Cuda compilation tools, release 12.4, V{version}\n//\n\n\
         .version 8.4\n.target {target}\n.address_size 64\n\n.visible .entry {kernel}()\n{{\nret;\n}}\n"
    )
}

/// A house whose PTX, manifest and table belong to its kernels.
fn built() -> tempfile::TempDir {
    let house = house();
    let sources = Sources::read(house.path()).expect("kernels");
    let ptx = ptx_of(NVRTC.version(), "scale");
    let manifest = Manifest::new(&sources, &ptx).expect("a manifest");
    let table = format!("sha256 {}\n", manifest.ptx_sha256);
    let json = manifest.to_json().expect("JSON");
    write(house.path(), &[(PTX, ptx), (MANIFEST, json), (TABLE, table)]).expect("written");
    house
}

/// Appends to a file.
fn touch(house: &Path, name: &str, text: &str) {
    let path = house.join(name);
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, before + text).expect("written");
}

#[test]
fn nothing_is_stale_before_there_is_ptx() {
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(stale(empty.path()).expect("readable"), Vec::<String>::new());
    assert_eq!(stale(house().path()).expect("readable"), Vec::<String>::new());
}

#[test]
fn nothing_is_stale_after_a_build() {
    let house = built();
    assert_eq!(stale(house.path()).expect("readable"), Vec::<String>::new());
    // Not a source of the kernels.
    touch(house.path(), &format!("{KERNELS}/README.md"), "words");
    assert_eq!(stale(house.path()).expect("readable"), Vec::<String>::new());
}

#[test]
fn whatever_changes_after_a_build_is_named() {
    type Change = fn(&Path);
    let unit = format!("{KERNELS}/{UNIT}");
    let mean = format!("{KERNELS}/mean.cuh");
    let fresh = format!("{KERNELS}/fresh.cuh");
    let cases: [(&str, &str, Change); 9] = [
        (&unit, "it changed", |h| touch(h, "crates/backend-cuda/kernels/kernels.cu", "//")),
        (&mean, "it changed", |h| touch(h, "crates/backend-cuda/kernels/mean.cuh", " ")),
        (&mean, "it is gone", |h| fs::remove_file(h.join(KERNELS).join("mean.cuh")).unwrap()),
        (&fresh, "it is new", |h| touch(h, "crates/backend-cuda/kernels/fresh.cuh", "")),
        (PTX, "manifest.json says", |h| touch(h, PTX, "\n")),
        (PTX, "cargo xtask ptx", |h| fs::remove_file(h.join(PTX)).unwrap()),
        (MANIFEST, "cargo xtask ptx", |h| fs::remove_file(h.join(MANIFEST)).unwrap()),
        (MANIFEST, "trailing characters", |h| touch(h, MANIFEST, "}")),
        (MANIFEST, "compiler and flags", |h| {
            let text = fs::read_to_string(h.join(MANIFEST)).unwrap();
            fs::write(h.join(MANIFEST), text.replace("fmad=false", "fmad=true")).unwrap();
        }),
    ];
    for (file, what, change) in cases {
        let house = built();
        change(house.path());
        let found = stale(house.path()).expect("readable");
        assert_eq!(found.len(), 1, "{file}, {what}: {found:?}");
        assert!(found[0].starts_with(&format!("{file}: ")), "{found:?}");
        assert!(found[0].contains(what), "{what}: {found:?}");
    }
}

#[test]
fn a_table_of_other_ptx_is_named() {
    let house = built();
    fs::write(house.path().join(TABLE), "sha256 of something else").expect("written");
    let found = stale(house.path()).expect("readable");
    assert!(found.len() == 1 && found[0].starts_with(TABLE), "{found:?}");
}

#[test]
fn another_compiler_is_refused() {
    let house = house();
    let sources = Sources::read(house.path()).expect("kernels");
    let refused = |ptx: &str| Manifest::new(&sources, ptx).expect_err("refused").to_string();
    let said = refused(&ptx_of("12.8.93", "scale"));
    assert!(said.contains("12.8.93") && said.contains(NVRTC.version()), "{said}");
    let ours = ptx_of(NVRTC.version(), "scale");
    assert!(refused(&ours.replace(".version 8.4", ".version 8.7")).contains("8.7"));
    assert!(refused(&ours.replace("sm_75", "sm_90")).contains("compute_90"));
    assert!(refused("not PTX").contains("NVRTC"));
}

#[test]
fn the_pinned_versions_are_read() {
    for wheel in [NVRTC, compiler::NVCC] {
        assert!(wheel.version().starts_with("12."), "{}", wheel.version());
    }
}

#[test]
fn check_tells_the_first_line_that_differs() {
    let house = built();
    let stored = fs::read_to_string(house.path().join(PTX)).expect("PTX");
    let json = fs::read_to_string(house.path().join(MANIFEST)).expect("a manifest");
    let same = [(PTX, stored.clone()), (MANIFEST, json)];
    check(house.path(), &same).expect("no difference");
    let other = [(PTX, stored.replace("scale", "cut"))];
    let said = check(house.path(), &other).expect_err("a difference").to_string();
    let place =
        format!("{PTX}:9: checked in \".visible .entry scale()\", built \".visible .entry cut()\"");
    assert!(said.contains(&place), "{said}");
    fs::remove_file(house.path().join(PTX)).expect("removed");
    let said = check(house.path(), &same).expect_err("a file is gone").to_string();
    assert!(said.contains(&format!("{PTX}: it is not there")), "{said}");
    assert_eq!(
        first_difference("a\nb", "a").expect("longer"),
        "2: checked in \"b\", built the end"
    );
    assert_eq!(first_difference("a", "a\n").expect("longer"), "2: checked in the end, built \"\"");
}

#[test]
fn without_a_compiler_the_error_says_how_to_get_one() {
    let target = tempfile::tempdir().expect("a folder");
    let said = Compiler::find(target.path(), None).err().expect("none there").to_string();
    for words in ["cargo xtask ptx --install", "--nvrtc PATH", "BARLOOM_NVRTC", NVRTC.version()] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let given = target.path().join("libnvrtc.so.12");
    let said = Compiler::find(target.path(), Some(&given)).err().expect("none there");
    assert!(format!("{said:#}").contains("libnvrtc.so.12"), "{said:#}");
    assert!(Ptxas::find(target.path()).expect("no error").is_none());
}

/// The environment that `cargo xtask ptx --install` made.
fn installed() -> (Compiler, Ptxas, PathBuf) {
    let metadata = MetadataCommand::new().no_deps().exec().expect("a workspace");
    let target = metadata.target_directory.into_std_path_buf();
    let compiler = Compiler::find(&target, None).expect("a compiler");
    let ptxas = Ptxas::find(&target).expect("the pinned one").expect("a ptxas");
    (compiler, ptxas, target)
}

#[test]
#[ignore = "needs the compilers that `cargo xtask ptx --install` gets"]
fn kernels_compile_to_the_same_bytes_anywhere() {
    let (compiler, ptxas, _) = installed();
    let built: Vec<_> = [house(), house()]
        .iter()
        .map(|h| build(h.path(), &compiler, Some(&ptxas), &h.path().join("scratch")).expect("PTX"))
        .collect();
    assert_eq!(built[0], built[1]);
    let [(MANIFEST, manifest), (PTX, ptx), (TABLE, table)] = &built[0][..] else {
        panic!("three files: {:?}", built[0]);
    };
    for kernel in ["scale", "deviation"] {
        assert!(ptx.contains(&format!(".visible .entry {kernel}(")), "{ptx}");
        for target in ["sm_75", "sm_80", "sm_90"] {
            assert!(table.contains(&format!("| `{kernel}` | {target} | ")), "{table}");
        }
    }
    for exact in ["div.rn.f64", "sqrt.rn.f64", "mul.rn.f64", "add.rn.f64"] {
        assert!(ptx.contains(exact), "{exact}: {ptx}");
    }
    for name in [UNIT, "mean.cuh", "numbers.cuh"] {
        assert!(manifest.contains(name), "{manifest}");
    }
    let house = house();
    write(house.path(), &built[0]).expect("written");
    check(house.path(), &built[1]).expect("no difference");
    assert_eq!(stale(house.path()).expect("readable"), Vec::<String>::new());
}

#[test]
#[ignore = "needs the compilers that `cargo xtask ptx --install` gets"]
fn kernels_that_fuse_or_do_not_compile_are_refused() {
    let (compiler, _, target) = installed();
    let refused = |body: &str| {
        let house = house();
        let kernel = format!("extern \"C\" __global__ void more(double* x) {{ {body} }}\n");
        touch(house.path(), &format!("{KERNELS}/{UNIT}"), &kernel);
        let said = build(house.path(), &compiler, None, &target).expect_err("refused");
        format!("{said:#}")
    };
    assert!(refused("x[0] = fma(x[1], x[2], x[3]);").contains("fma.rn.f64 rounds once"));
    assert!(refused("x[0] = exp(x[1]);").contains("fma.rn.f64 rounds once"));
    assert!(refused("x[0] = __fdividef(float(x[1]), 3.0f);").contains("is approximate"));
    assert!(refused("atomicAdd(x, x[1]);").contains("sums in the order"));
    let said = refused("x[0] = nothing;");
    assert!(said.contains("kernels.cu(") && said.contains("nothing"), "{said}");
    let said = refused("}\n#include \"no_such.cuh\"\nvoid f() {");
    assert!(said.contains("no_such.cuh"), "{said}");
}
