//! Names of settings in Python: arguments of functions.

use barloom_engine::Setting;

/// The argument, with its value where it has one; a function as a whole.
pub(crate) fn argument(setting: Setting<'_>) -> String {
    let argument = match setting {
        Setting::Out => "out",
        Setting::Overwrite => "overwrite=True",
        Setting::Resume => "resume=True",
        Setting::Shard => "the command `barloom build`, in pieces",
        Setting::Rows => "rows",
        Setting::Chunk => "batch_size, a slice",
        Setting::Bars => "bars",
        Setting::Timezone => "timezone",
        Setting::Backend(name) => return format!("backend={name:?}"),
        Setting::Aggregate(length) => return format!("aggregate={length:?}"),
        Setting::Csv(keys) => return format!("csv={{{}}}", as_dict(keys)),
        Setting::Check => "`barloom.check`",
        Setting::Rebuild(dir) => {
            let dir = dir.display();
            return format!(
                "`barloom.build_dataset(\"{dir}/recipe.toml\", bars=\"{dir}/bars.arrow\", out=...)`"
            );
        }
    };
    argument.to_owned()
}

/// Keys of TOML as those of a dict: `skip_rows = 1` is `"skip_rows": 1`.
fn as_dict(keys: &str) -> String {
    let mut dict = String::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => string_end(rest),
            c if c.is_ascii_alphabetic() => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ if rest.starts_with(" = ") => 3,
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        match token {
            "true" => dict.push_str("True"),
            "false" => dict.push_str("False"),
            " = " => dict.push_str(": "),
            word if first.is_ascii_alphabetic() => {
                dict.push('"');
                dict.push_str(word);
                dict.push('"');
            }
            other => dict.push_str(other),
        }
        rest = after;
    }
    dict
}

/// The end of the text in quotes that `from` begins with.
fn string_end(from: &str) -> usize {
    let mut escaped = false;
    for (at, c) in from.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    from.len()
}
