//! The drawings of docs/folds.md: made from folds as this crate makes them, so they cannot tell
//! something else. `WRITE_DOCS=1 cargo test -p barloom-splits --test drawings` writes them.

#[path = "drawings/svg.rs"]
mod svg;

use std::fs;
use std::path::Path;

use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series, Zone};
use barloom_splits::{Embargo, Fold, Lives, Purge, Role, Scheme, Train, paths};
use svg::Svg;

/// Okabe and Ito's colours, which people who see few colours can tell apart.
const TRAIN: &str = "#56b4e9";
const VALIDATION: &str = "#f0e442";
const TEST: &str = "#d55e00";
const PURGED: &str = "#999999";
const EMBARGO: &str = "#cc79a7";
const UNUSED: &str = "#eeeeee";
const PATHS: [&str; 5] = ["#e69f00", "#009e73", "#0072b2", "#cc79a7", "#d55e00"];

/// The side of a bar's cell.
const CELL: usize = 11;
/// The left end of the cells.
const LEFT: usize = 64;

/// A market of so many bars, a minute apart.
fn market(bars: i64) -> Market {
    let price = |name: &&str| Column::new(*name, vec![100.0; bars as usize]);
    let columns = PRICE_COLUMNS.iter().map(price).collect();
    let ts = (0..bars).map(|bar| bar * 60_000_000_000).collect();
    let series = Series::new("DEMO", ts, columns).expect("bars");
    Market::new(&[series], &[], MaxGap::None).expect("a market")
}

/// The use of each bar in a fold, as a colour.
fn uses(market: &Market, fold: &Fold, lives: &[u32], purge: Purge) -> Vec<&'static str> {
    let is_labelled = |row: usize| lives[row] > 0;
    let lives = &Lives::new(market, lives.to_vec());
    let with = purge.roles(market, fold, lives).expect("roles");
    let without = Purge { embargo: Embargo::Bars(0), ..purge };
    let without = without.roles(market, fold, lives).expect("roles");
    let is_in =
        |ranges: &[std::ops::Range<usize>], row: usize| ranges.iter().any(|r| r.contains(&row));
    let ts = market.ts();
    (0..market.len())
        .map(|row| {
            if is_in(with.rows(Role::Train), row) {
                TRAIN
            } else if is_in(with.rows(Role::Validation), row) {
                VALIDATION
            } else if is_in(with.rows(Role::Test), row) {
                TEST
            } else if is_in(without.rows(Role::Train), row)
                || is_in(without.rows(Role::Validation), row)
            {
                EMBARGO
            } else if is_labelled(row)
                && [&fold.train, &fold.validation]
                    .iter()
                    .any(|times| times.iter().any(|time| time.contains(&ts[row])))
            {
                PURGED
            } else {
                UNUSED
            }
        })
        .collect()
}

fn legend(svg: &mut Svg, y: usize, entries: &[(&str, &str)]) {
    let mut x = LEFT;
    for (colour, text) in entries {
        svg.rect(x, y, CELL, CELL, colour);
        svg.text(x + CELL + 5, y + CELL - 1, "start", text);
        x += CELL + 26 + text.len() * 7;
    }
}

fn cells(svg: &mut Svg, y: usize, uses: &[&str]) {
    for (bar, colour) in uses.iter().enumerate() {
        svg.rect(LEFT + bar * CELL, y, CELL - 1, CELL - 1, colour);
    }
}

/// Folds that walk forward, one a row.
fn walk_forward() -> String {
    let bars = 72;
    let market = market(bars);
    let length = barloom_splits::Length::Bars;
    let scheme = Scheme::WalkForward {
        train: Train::Lasts(length(30)),
        anchored: false,
        test: length(10),
        step: Some(length(10)),
        validation: Some(length(6)),
    };
    let folds = scheme.folds(&market, Zone::UTC).expect("folds");
    let lives = vec![3; bars as usize];
    let purge = Purge { embargo: Embargo::Bars(2), ..Purge::default() };
    let height = 40 + folds.len() * (CELL + 9) + 34;
    let mut svg = Svg::new(
        LEFT + bars as usize * CELL + 16,
        height,
        "Walk-forward folds",
        "Each row is a fold. Each cell is a bar. A fold trains, then validates, then tests, and the \
         next one does so ten bars later.",
    );
    svg.text(LEFT, 22, "start", "time, a cell for each bar");
    for (number, fold) in folds.iter().enumerate() {
        let y = 34 + number * (CELL + 9);
        svg.text(LEFT - 8, y + CELL - 1, "end", &format!("fold {number}"));
        cells(&mut svg, y, &uses(&market, fold, &lives, purge));
    }
    let colours = [
        (TRAIN, "train"),
        (VALIDATION, "validation"),
        (TEST, "test"),
        (PURGED, "purged"),
        (EMBARGO, "embargo"),
        (UNUSED, "not in this fold"),
    ];
    legend(&mut svg, height - 26, &colours);
    svg.end()
}

/// A fold of a purged k-fold with the bars that each label depends on.
fn purged_fold() -> String {
    let bars = 64;
    let market = market(bars);
    // Labels that live from 2 to 9 bars, as a triple barrier's do.
    let life = |row: u32| 2 + (row * row * 7 + row * 3) % 8;
    let ends = bars as u32;
    let lives = (0..ends).map(|row| if row + life(row) <= ends { life(row) } else { 0 }).collect();
    let lives: Vec<u32> = lives;
    let folds = Scheme::PurgedKFold { folds: 4 }.folds(&market, Zone::UTC).expect("folds");
    let purge = Purge { embargo: Embargo::Bars(3), ..Purge::default() };
    let fold = &folds[1];
    let uses = uses(&market, fold, &lives, purge);
    let (rows, top) = (8, 64);
    let height = top + rows * 13 + 48;
    let mut svg = Svg::new(
        LEFT + bars as usize * CELL + 16,
        height,
        "A purged fold",
        "Fold 1 of 4. Lines are the bars that each label depends on. Samples whose line meets that of \
         a test sample do not train, nor do those that begin within the embargo after it.",
    );
    let test: Vec<usize> = (0..bars as usize).filter(|row| uses[*row] == TEST).collect();
    let (first, last) = (test[0], *test.last().expect("test bars"));
    let end = test.iter().map(|row| row + lives[*row] as usize).max().expect("a life");
    svg.text(LEFT, 22, "start", "time, a cell for each bar");
    // The bars that test samples depend on.
    svg.rect(LEFT + first * CELL, 40, (end - first) * CELL - 1, height - 40 - 40, "#fbe9df");
    svg.text(LEFT + first * CELL + 4, 36, "start", "bars that the test depends on");
    cells(&mut svg, 44, &uses);
    svg.text(LEFT - 8, 44 + CELL - 1, "end", "use");
    svg.text(LEFT - 8, top + CELL, "end", "labels");
    for row in 0..bars as usize {
        if lives[row] == 0 {
            continue;
        }
        let y = top + 4 + row % rows * 13;
        let (x, width) = (LEFT + row * CELL + 2, lives[row] as usize * CELL - 5);
        svg.rect(x, y, width, 3, uses[row]);
        svg.rect(x, y - 2, 3, 7, uses[row]);
    }
    // A sample that trains meets no test sample.
    for row in (0..bars as usize).filter(|row| uses[*row] == TRAIN) {
        let own = row..row + lives[row] as usize;
        assert!(test.iter().all(|t| own.end <= *t || t + lives[*t] as usize <= own.start));
    }
    assert!(uses.contains(&PURGED) && uses.contains(&EMBARGO) && last > first);
    let colours = [
        (TRAIN, "train"),
        (TEST, "test"),
        (PURGED, "purged: its label meets a test label"),
        (EMBARGO, "embargo"),
        (UNUSED, "without a label"),
    ];
    legend(&mut svg, height - 26, &colours);
    svg.end()
}

/// The folds of a CPCV as rows, its groups as columns, and the path that takes each test.
fn cpcv() -> String {
    let market = market(60);
    let scheme = Scheme::Cpcv { groups: 6, tested: 2 };
    let folds = scheme.folds(&market, Zone::UTC).expect("folds");
    let paths = paths(&folds);
    let (width, row) = (56, 20);
    let height = 52 + folds.len() * row + 60;
    let mut svg = Svg::new(
        LEFT + 6 * width + 240,
        height,
        "Combinatorial purged cross-validation",
        "Rows are the 15 folds, columns the 6 groups. A fold tests two groups and trains on the \
         others. The number of a test is its path: each path tests every group once.",
    );
    for group in 0..6 {
        let x = LEFT + group * width + width / 2;
        svg.text(x, 36, "middle", &format!("group {group}"));
    }
    for (number, fold) in folds.iter().enumerate() {
        let y = 46 + number * row;
        svg.text(LEFT - 8, y + 13, "end", &format!("fold {number}"));
        for group in 0..6 {
            let x = LEFT + group * width;
            if !fold.groups.contains(&group) {
                svg.rect(x + 1, y, width - 2, row - 2, UNUSED);
                continue;
            }
            let path = paths.iter().position(|path| path[group] == number).expect("a path");
            svg.rect(x + 1, y, width - 2, row - 2, PATHS[path]);
            svg.white(x + width / 2, y + 13, &format!("path {path}"));
        }
    }
    let right = LEFT + 6 * width + 24;
    svg.text(right, 36, "start", "the folds of each path, by group");
    for (number, path) in paths.iter().enumerate() {
        let y = 46 + number * row;
        svg.rect(right, y + 2, CELL, CELL, PATHS[number]);
        let folds: Vec<String> = path.iter().map(ToString::to_string).collect();
        svg.text(right + 18, y + 13, "start", &format!("path {number}: {}", folds.join(", ")));
    }
    svg.rect(LEFT, height - 32, CELL, CELL, UNUSED);
    svg.text(LEFT + 18, height - 22, "start", "train, but for what is purged");
    svg.end()
}

#[test]
fn drawings_are_those_of_the_folds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
    let drawings = [
        ("walk-forward.svg", walk_forward()),
        ("purged-fold.svg", purged_fold()),
        ("cpcv.svg", cpcv()),
    ];
    for (name, text) in drawings {
        let path = folder.join(name);
        if std::env::var_os("WRITE_DOCS").is_some() {
            fs::create_dir_all(&folder).expect("docs/images");
            fs::write(&path, &text).expect("a drawing");
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "docs/images/{name} is another one: run \
             WRITE_DOCS=1 cargo test -p barloom-splits --test drawings"
        );
    }
}
