//! Content digests of the bundled bars under many recipes, as the first build of each version of
//! the semantics made them. A change that moves one bit of one sample shows here; these lines
//! change with `barloom_dataset::SEMANTICS` or `FORMAT_VERSION` alone.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A recipe and the digest of its content.
const GOLDEN: &[(&str, &str)] = &[
    ("", "xxh3-128:772ba159a6daa6de94d44be095ffd1ff"),
    ("[dataset]\nlookback = 1\nforward = 1", "xxh3-128:64d52f1b5b2a0f69a50d03416c433fcd"),
    (
        "[dataset]\nlookback = 100\nforward = 1_000\n[reward]\nmetric = [\"pnl\", \"log_return\", \"r_multiple\", \"barrier\", \"car\", \"sharpe\", \"sortino\", \"calmar\", \"pnl_pct\"]",
        "xxh3-128:699d6be15106c17d9a71cd3cadd96ebf",
    ),
    (
        "[dataset]\nactions_per_state = 4\npositions = \"sequential\"\n[reward]\nentry = \"next_close\"\nsame_bar = \"target_first\"\ncosts = \"once\"\ncarry_bps = 0.5\nmetric = [\"sortino\", \"calmar\"]",
        "xxh3-128:a9628e9f7eee775bc6fd136dd496e08a",
    ),
    (
        "[reward]\nbarriers = \"ignore\"\nmetric = [\"return\", \"sharpe\", \"calmar\"]",
        "xxh3-128:6f286268fb929a4e3739f11c8e2e9b12",
    ),
    (
        "[dataset]\nlookback = 200\nforward = 200\n[reward]\nformulas = \"frel-v1\"\nmetric = [\"car\", \"sharpe\", \"sortino\", \"calmar\"]",
        "xxh3-128:7e2853255a52e0d8fb3d8e48ccbfe40f",
    ),
    (
        "[scaling]\nopen = \"log_return\"\nhigh = \"zscore\"\nlow = \"minmax\"\nclose = \"none\"\nvolume = \"zscore\"",
        "xxh3-128:bf7f9bc71352ddefaea204f101ffb660",
    ),
    (
        "[data]\nchannels = [\"close\", \"volume\"]\n[sampling]\nact_dir = [1, -1]\nact_sl = { choice = [0.01, 0.02] }\nequity = 1e5",
        "xxh3-128:ae6607948fa709b7bbcb02c74122a343",
    ),
];

#[test]
fn contents_are_those_of_these_semantics() {
    let bars = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/spy_1h.parquet");
    let dir = tempfile::tempdir().expect("a folder");
    for (number, (recipe, golden)) in GOLDEN.iter().enumerate() {
        let config = dir.path().join(format!("{number}.toml"));
        fs::write(&config, recipe).expect("a recipe");
        let out = dir.path().join(number.to_string());
        let built = Command::new(env!("CARGO_BIN_EXE_barloom"))
            .args(["build", "--samples", "9000", "--json", "--config"])
            .arg(&config)
            .arg("--bars")
            .arg(&bars)
            .arg("--out")
            .arg(&out)
            .output()
            .expect("barloom starts");
        assert!(built.status.success(), "{recipe}: {}", String::from_utf8_lossy(&built.stderr));
        let manifest = fs::read_to_string(out.join("manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        assert_eq!(manifest["content_digest"], *golden, "{number}: {recipe}");
    }
}
