//! Content digests of the bundled bars under many recipes, as the first build of each version of
//! the semantics made them. A change that moves one bit of one sample shows here; these lines
//! change with `barloom_dataset::SEMANTICS` or `FORMAT_VERSION` alone.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A recipe and the digest of its content.
const GOLDEN: &[(&str, &str)] = &[
    ("", "xxh3-128:fbd930c5380db342a2f0a62e484386dd"),
    ("[dataset]\nlookback = 1\nforward = 1", "xxh3-128:376d117e17b63b7cc151b2f613f0e72a"),
    (
        "[dataset]\nlookback = 100\nforward = 1_000\n[reward]\nmetric = [\"pnl\", \"log_return\", \"r_multiple\", \"barrier\", \"car\", \"sharpe\", \"sortino\", \"calmar\", \"pnl_pct\"]",
        "xxh3-128:631d01ea7072c53043299665dbe8ad9e",
    ),
    (
        "[dataset]\nactions_per_state = 4\npositions = \"sequential\"\n[reward]\nentry = \"next_close\"\nsame_bar = \"target_first\"\ncosts = \"once\"\ncarry_bps = 0.5\nmetric = [\"sortino\", \"calmar\"]",
        "xxh3-128:b1d22818eda87ab22103fe2567066f95",
    ),
    (
        "[reward]\nbarriers = \"ignore\"\nmetric = [\"return\", \"sharpe\", \"calmar\"]",
        "xxh3-128:2668ff4419d6651cd127692c6fc5357b",
    ),
    (
        "[dataset]\nlookback = 200\nforward = 200\n[reward]\nformulas = \"frel-v1\"\nmetric = [\"car\", \"sharpe\", \"sortino\", \"calmar\"]",
        "xxh3-128:8488b557bad6fb3590d10cb1b93d61b9",
    ),
    (
        "[scaling]\nopen = \"log_return\"\nhigh = \"zscore\"\nlow = \"minmax\"\nclose = \"none\"\nvolume = \"zscore\"",
        "xxh3-128:4ad552c68ef65d32b5b48e347984f5e2",
    ),
    (
        "[data]\nchannels = [\"close\", \"volume\"]\n[sampling]\nact_dir = [1, -1]\nact_sl = { choice = [0.01, 0.02] }\nequity = 1e5",
        "xxh3-128:28e8c9014bb64daf21e27d557615d213",
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
