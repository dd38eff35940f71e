//! docs/features.md has the functions that there are, and docs/from-pandas.md has expressions.

use std::fmt::Write;

use barloom_features::functions::{Group, Memory, OWN};
use barloom_features::{Features, Options};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/features.md");
const BEGIN: &str =
    "<!-- functions: written by `WRITE_DOCS=1 cargo test -p barloom-features --test docs` -->\n";
const END: &str = "<!-- end of functions -->\n";

/// The functions as tables.
fn tables() -> String {
    let mut text = String::new();
    for group in Group::ALL {
        write!(text, "\n### {}\n\n| function | value |\n|---|---|\n", group.title()).unwrap();
        for function in OWN.iter().filter(|function| function.group == group) {
            let memory = match function.memory() {
                Memory::Finite => "",
                Memory::Fading => " *Fades*.",
                Memory::FromStart => " *From the start*.",
            };
            let signature = function.signature();
            writeln!(text, "| `{signature}` | {}{memory} |", function.doc).unwrap();
        }
    }
    text += "\n*Fades*: all earlier bars count, with weights that fade (see \"Earlier bars\"). *From the start*: the \
             value depends on the first bar of the segment or period.\n";
    #[cfg(feature = "ta")]
    text.push_str(&indicators());
    text
}

/// The indicators as a table.
#[cfg(feature = "ta")]
fn indicators() -> String {
    use barloom_features::ta::{self, Input, WarmUp};
    let mut text = "\n### Indicators of TA-Lib\n\nPrices are implied: `ta.atr(14)` takes the bars' high, low and \
                    close. Parameters have TA-Lib's names and defaults. The last column has the bars that a value \
                    depends on, with the defaults: a number, the number after which *fading* ones count less than \
                    1e-8, or *start* where the first bar of the segment always counts.\n\n\
                    | call | outputs | bars |\n|---|---|---|\n"
        .to_owned();
    for indicator in ta::all() {
        let columns = indicator.inputs().iter().filter_map(|input| match input {
            Input::Column(name) => Some(name.clone()),
            _ => None,
        });
        let parameters = indicator.parameters().iter();
        let parameters = parameters.map(|one| format!("{}={}", one.name, one.default));
        let arguments: Vec<String> = columns.chain(parameters).collect();
        let outputs = match indicator.outputs() {
            [_] => String::new(),
            several => several.join(", "),
        };
        let bars = match indicator.warm_up(&indicator.defaults()) {
            WarmUp::Finite { rows } => rows.to_string(),
            WarmUp::Recursive { rows } => format!("fading, {rows}"),
            WarmUp::FromFirstRow => "start".to_owned(),
        };
        let (name, arguments) = (indicator.name(), arguments.join(", "));
        writeln!(text, "| `ta.{name}({arguments})` | {outputs} | {bars} |").unwrap();
    }
    text
}

#[test]
#[cfg_attr(not(feature = "ta"), ignore = "the page has the indicators of TA-Lib")]
fn the_page_has_all_functions() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the begin of the tables");
    let (written, after) = rest.split_once(END).expect("their end");
    let tables = tables();
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{tables}\n{END}{after}")).unwrap();
        return;
    }
    let fresh = written == format!("{tables}\n");
    assert!(
        fresh,
        "docs/features.md is not fresh: WRITE_DOCS=1 cargo test -p barloom-features --test docs"
    );
}

#[test]
#[cfg_attr(not(feature = "ta"), ignore = "it has indicators of TA-Lib")]
fn the_pairs_are_expressions() {
    let page = std::fs::read_to_string(PAGE.replace("features.md", "from-pandas.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let pairs: Vec<&str> = rows.filter_map(|row| row.rsplit('`').nth(1)).collect();
    assert!(pairs.len() >= 10, "{pairs:?}");
    for text in pairs {
        let features = vec![("it".to_owned(), text.to_owned())];
        let features =
            Features::new(features, Options::default()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(
            features.columns().all(|c| ["open", "high", "low", "close", "volume"].contains(&c))
        );
    }
}
