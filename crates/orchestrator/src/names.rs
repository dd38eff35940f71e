//! Names of settings on the command line.

use barloom_engine::Setting;

/// The flag, with its value where it has one; a command as a whole.
pub(crate) fn flag(setting: Setting<'_>) -> String {
    let flag = match setting {
        Setting::Out => "--out",
        Setting::Overwrite => "--overwrite",
        Setting::Resume => "--resume",
        Setting::Shard => "--shard K/N",
        Setting::Rows => "--rows N",
        Setting::Chunk => "--chunk-rows",
        Setting::Bars => "--bars PATH",
        Setting::Timezone => "--timezone",
        Setting::Backend(name) => return format!("--backend {name}"),
        Setting::Aggregate(length) => return format!("--aggregate {length}"),
        Setting::Csv(keys) => return format!("--csv '{keys}'"),
        Setting::Check => "`barloom check`",
        Setting::Rebuild(dir) => {
            let dir = dir.display();
            return format!(
                "`barloom build --config {dir}/recipe.toml --bars {dir}/bars.arrow --out NEW`"
            );
        }
    };
    flag.to_owned()
}
