//! What to do about an error is said in the names of whoever shows it: no message names a flag of
//! the command line by itself.

use std::fmt::Debug;
use std::io;
use std::path::Path;

use barloom_backend::{BackendError, BlockShape, WindowLayout};
use barloom_bars::BarsError;
use barloom_dataset::{DatasetError, Piece};
use barloom_engine::{Error, LiveError, Setting, UnknownBackend};
use barloom_market_data::{MarketDataError, MarketStoreError};
use barloom_plan::PlanError;
use barloom_recipe::Recipe;
use barloom_rewards::RewardsError;

fn gone() -> io::Error {
    io::Error::other("the disk is gone")
}

fn a() -> String {
    "a".into()
}

fn of_datasets() -> Vec<DatasetError> {
    use DatasetError as E;
    let path = || Path::new("d").to_path_buf();
    vec![
        E::Io { path: path(), action: "write", source: gone() },
        E::Exists(path()),
        E::NeverReplaced(path()),
        E::NotOurs { path: path(), entries: a() },
        E::Foreign { path: path(), entries: a() },
        E::NotAFolder(path()),
        E::Mounted(path()),
        E::DanglingLink(path()),
        E::HoldsDataset { dir: path(), found: path().join("x") },
        E::InTheWay(path()),
        E::Unfinished { dir: path(), shards: 2 },
        E::Resumable { dir: path(), shards: 1, because: Box::new(E::Stopped) },
        E::Resumable { dir: path(), shards: 2, because: Box::new(E::Mounted(path())) },
        E::OtherBuild { path: path(), difference: a() },
        E::NoSharedBars { folder: path(), bars: path() },
        E::NoRoom { path: path(), needed: 2 << 20, free: 1 << 20 },
        E::TooManyShards { samples: 9, count: 9, most: 1 },
        E::TooManyToVerify { path: path(), samples: 9, most: 1 },
        E::VirtualPiece,
        E::Pieces { problem: a() },
        E::NotAPiece { path: path(), what: "no" },
        E::IsPiece { path: path(), piece: Piece::new(0, 2).expect("a piece") },
        E::Busy(path()),
        E::NoName(path()),
        E::NotADataset(path()),
        E::HasParts { path: path(), parts: a() },
        E::OlderFormat { path: path() },
        E::NewerFormat { path: path(), found: 9, known: 1 },
        E::OtherSemantics { path: path(), found: 1, known: 2 },
        E::OtherSemantics { path: path(), found: 3, known: 2 },
        E::Damaged { path: path(), problem: a() },
        E::Differs { path: path(), sample: 1, column: a(), stored: a(), made: a() },
        E::NoSuchSample { sample: 9, samples: 1 },
        E::Format { path: path(), problem: a() },
        E::Stopped,
        E::Plan(PlanError::MissingChannel { key: "data.channels", channel: a(), available: a() }),
        E::Backend(BackendError::NoMemory { rows: 1, bytes: 1 }),
        E::MarketStore(MarketStoreError::File { file: a(), problem: a() }),
        E::Recipe(Recipe::from_toml("x = 1", "r.toml").expect_err("no key")),
    ]
}

fn of_market_data() -> Vec<MarketDataError> {
    use MarketDataError as E;
    let path = || Path::new("x.csv").to_path_buf();
    let file = || E::File { file: a(), problem: a() };
    vec![
        E::Io { path: path(), action: "read", source: gone() },
        E::NoFile { pattern: a() },
        E::TimeZone("Mars".into()),
        E::TimeFormat("%".into()),
        E::Csv { key: "names", problem: a() },
        E::UnknownEnding(path()),
        file(),
        E::LeftOut { file: a(), format: "JSON", feature: "json" },
        E::Cell { file: a(), place: a(), column: a(), got: a(), expected: a() },
        E::MissingColumn { symbol: a(), column: a(), available: a(), nearest: Some(a()) },
        E::NoTrades { symbol: a(), spec: a() },
        E::BadBars { first: a(), count: 2, what: "bars", hint: String::new() },
        E::Exists(path()),
        E::Foreign { path: path(), entry: a() },
        E::Trades { file: a() },
        E::Adjust { problem: a() },
        E::Stopped,
        E::Proposed { error: Box::new(file()), keys: "skip_rows = 1".into() },
        E::Bars(BarsError::NoSeries),
    ]
}

fn of_backends() -> Vec<BackendError> {
    use BackendError as E;
    let shape = || BlockShape {
        lookback: 1,
        channels: 1,
        metrics: 1,
        snapshot: 0,
        layout: WindowLayout::PerChannel,
        rows_per_window: 1,
        labels: 0,
        priced: true,
    };
    vec![
        E::Rewards(RewardsError::Columns { open: 1, high: 1, low: 1, close: 2 }),
        E::OutOfRange { first: 1, end: 2, samples: 1 },
        E::MissingInput { at: 0, row: 1, lookback: 1 },
        E::NoMemory { rows: 1, bytes: 1 },
        E::BlockTooSmall { rows: 2, capacity: 1 },
        E::BlockShape { got: shape(), expected: shape() },
        E::BlockLabels { got: a(), expected: a() },
        E::LabelTable { label: a(), problem: a() },
        E::NoWindow { at: 1, row: 1, lookback: 2 },
        E::NoHorizon { at: 1, row: 1, forward: 2 },
        E::Direction { at: 1, direction: 3 },
        E::Value { column: "stop", at: 1, value: 0.5 },
        E::Lengths { rows: 1, other: 2 },
        E::OtherMarket,
        E::StatesApart { sample: 1, other: 2, actions_per_state: 1 },
        E::Device(a()),
    ]
}

fn of_engine() -> Vec<Error> {
    vec![
        Error::Recipe(Recipe::from_toml("x = 1", "r.toml").expect_err("no key")),
        Error::Bars(BarsError::NoSeries),
        Error::MarketData(Box::new(MarketDataError::NoFile { pattern: a() })),
        Error::Plan(PlanError::MissingChannel {
            key: "data.channels",
            channel: a(),
            available: a(),
        }),
        Error::MissingFeatures {
            error: Box::new(PlanError::NoStoredScaler { key: a() }),
            ways: a(),
        },
        Error::FeaturesRoom { features: 2, bars: 1, bytes: 16 },
        Error::Join { name: a(), because: Box::new(MarketDataError::NoFile { pattern: a() }) },
        Error::Backend(BackendError::OtherMarket),
        Error::Dataset(Box::new(DatasetError::Stopped)),
        Error::RecipeFile { path: "r.toml".into(), source: gone() },
        Error::NoBars,
        Error::NoFeatures,
        Error::UnknownBackend(UnknownBackend(a())),
        Error::NoCuda,
        Error::Decisions { column: a(), row: Some(1), problem: a() },
        Error::Live(LiveError::Adjusted),
        Error::Live(LiveError::NoSymbol { symbol: a(), known: a() }),
        Error::Live(LiveError::NoColumn { symbol: a(), column: a(), needed: a() }),
        Error::Live(LiveError::BadBar { symbol: a(), ts: 1, fault: a() }),
        Error::Live(LiveError::NotAfter { symbol: a(), ts: 1, last: 2 }),
        Error::Live(LiveError::Ended { symbol: a(), ts: 1, close: 2 }),
        Error::Live(LiveError::NotReady { symbol: a(), why: a() }),
        Error::Live(LiveError::Join { join: a(), problem: a() }),
        Error::Live(LiveError::State(a())),
        Error::Predictions { problem: a() },
        Error::Backtest(barloom_backtest::BacktestError::Order {
            order: 1,
            field: "stop",
            got: a(),
            expected: "b",
        }),
        Error::TooManySamples,
    ]
}

/// Fails if a variant of the enum in a source file is not among the errors.
fn all_are_there(source: &str, errors: &[impl Debug]) {
    let told: Vec<String> = errors.iter().map(|error| format!("{error:?}")).collect();
    let body = source.split_once("Error {\n").expect("an enum").1;
    let body = body.split_once("\n}\n").expect("its end").0;
    let mut variants = 0;
    for line in body.lines().filter_map(|line| line.strip_prefix("    ")) {
        if !line.starts_with(|c: char| c.is_ascii_uppercase()) {
            continue;
        }
        let end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len());
        let (name, rest) = (&line[..end], |told: &str| told[end..].to_owned());
        variants += 1;
        let found = told
            .iter()
            .any(|told| told.starts_with(name) && !rest(told).starts_with(char::is_alphanumeric));
        assert!(found, "{name} is not looked at");
    }
    assert!(variants > 5, "{variants}");
}

#[test]
fn no_message_has_a_flag_of_its_own() {
    let (datasets, market_data) = (of_datasets(), of_market_data());
    let (backends, engine) = (of_backends(), of_engine());
    all_are_there(include_str!("../../dataset/src/error.rs"), &datasets);
    all_are_there(include_str!("../../market-data/src/error.rs"), &market_data);
    all_are_there(include_str!("../../backend/src/error.rs"), &backends);
    all_are_there(include_str!("../src/error.rs"), &engine);
    let all = engine
        .into_iter()
        .chain(datasets.into_iter().map(Error::from))
        .chain(market_data.into_iter().map(Error::from))
        .chain(backends.into_iter().map(Error::from));
    let mut advised = 0;
    for error in all {
        let named = error.message_with(&|setting| format!("<{setting}>"));
        for word in ["--", "out=", "bars=", "=True"] {
            assert!(!named.contains(word) && !error.to_string().contains(word), "{named}");
        }
        assert_eq!(named.replace(['<', '>'], ""), error.message().replace(['<', '>'], ""));
        advised += usize::from(named.contains('<'));
    }
    assert!(advised > 20, "{advised}");
}

/// The reader names its own options, and the engine their table in a recipe.
#[test]
fn options_of_text_have_their_place_in_recipes() {
    let of = |problem: &str| {
        Error::from(MarketDataError::File { file: "x.csv".into(), problem: problem.into() })
            .message()
    };
    let place = "csv options are keys under [data.csv] in the recipe";
    let said = "it says csv.day_first = true";
    assert_eq!(of(said), format!("x.csv: {said}; {place}"));
    assert_eq!(of("it is empty, as y.csv.gz is"), "x.csv: it is empty, as y.csv.gz is");
}

#[test]
fn advice_has_the_callers_names() {
    let flag = |setting: Setting<'_>| match setting {
        Setting::Out => "--out".to_owned(),
        Setting::Overwrite => "--overwrite".to_owned(),
        other => panic!("{other:?}"),
    };
    let error = Error::from(DatasetError::Exists("d".into()));
    assert_eq!(
        error.message_with(&flag),
        "d already exists; pass --overwrite to replace it, or choose another --out"
    );
    assert_eq!(
        Error::from(MarketDataError::TimeZone("Mars".into())).message(),
        "data.timezone: \"Mars\" is not an IANA time zone such as UTC or America/New_York; choose \
         another timezone"
    );
}
