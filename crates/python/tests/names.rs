//! Names of settings in Python. In Rust, as only Rust can walk through all of them.

use std::path::Path;

use barloom_engine::Setting;

#[path = "../src/names.rs"]
mod names;

use names::argument;

/// The setting after this one; none after the last. A new one does not compile before it is here.
fn after(setting: Setting<'_>) -> Option<Setting<'static>> {
    Some(match setting {
        Setting::Out => Setting::Overwrite,
        Setting::Overwrite => Setting::Resume,
        Setting::Resume => Setting::Shard,
        Setting::Shard => Setting::Rows,
        Setting::Rows => Setting::Chunk,
        Setting::Chunk => Setting::Bars,
        Setting::Bars => Setting::Backend("cpu"),
        Setting::Backend(_) => Setting::Timezone,
        Setting::Timezone => Setting::Aggregate("1m"),
        Setting::Aggregate(_) => Setting::Csv("skip_rows = 1"),
        Setting::Csv(_) => Setting::Check,
        Setting::Check => Setting::Rebuild(Path::new("d")),
        Setting::Rebuild(_) => return None,
    })
}

#[test]
fn no_argument_is_a_flag() {
    let all: Vec<_> = std::iter::successors(Some(Setting::Out), |last| after(*last)).collect();
    assert_eq!(all.len(), 13);
    for setting in all {
        let argument = argument(setting);
        assert!(!argument.is_empty() && !argument.contains("--"), "{setting:?}: {argument}");
    }
}

#[test]
fn values_are_written_as_in_python() {
    for (setting, told) in [
        (Setting::Overwrite, "overwrite=True"),
        (Setting::Backend("cpu"), "backend=\"cpu\""),
        (Setting::Aggregate("1m"), "aggregate=\"1m\""),
        (
            Setting::Csv(
                r#"skip_rows = 1, decimal = ",", has_header = false, rename = { "<A>" = "b = \"c" }"#,
            ),
            r#"csv={"skip_rows": 1, "decimal": ",", "has_header": False, "rename": { "<A>": "b = \"c" }}"#,
        ),
    ] {
        assert_eq!(argument(setting), told);
    }
}
