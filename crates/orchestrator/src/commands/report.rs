//! The report of a build.

use barloom_engine::{BuiltPart, Loaded, Manifest, Summary, SymbolRecord};
use serde_json::{Value, json};

use crate::building::Done;
use crate::commands::folds::{folds_text, role_text};
use crate::text;

/// Kinds of warnings that a build shows.
const KINDS: usize = 4;

/// Says what the doctor warns of, in a few lines on standard error.
pub(crate) fn warn(loaded: &Loaded, bars: &[String]) {
    let warnings = &loaded.warnings;
    for warning in warnings.iter().take(KINDS) {
        tracing::warn!("{warning}");
    }
    let more = warnings.len().saturating_sub(KINDS);
    let more = if more == 0 { String::new() } else { format!("{more} more kinds; ") };
    if let Some(first) = bars.first().filter(|_| !warnings.is_empty()) {
        let others = if bars.len() > 1 { " ..." } else { "" };
        tracing::warn!("{more}barloom check {first}{others} lists them");
    }
}

/// The summary for people: what was built, how many, how fast and where; then what is in it;
/// digests last.
pub(crate) fn text(done: &Done) -> String {
    let mut out = built_text(done);
    out.push('\n');
    market_text(&mut out, done);
    for joined in &done.loaded.joined {
        text::line(&mut out, format_args!("joined       {joined}"));
    }
    for note in &done.loaded.notes {
        text::line(&mut out, format_args!("note         {note}"));
    }
    out.push_str(&parts_text(&done.parts));
    out
}

/// Describes each part, then gives the digests of all. Folds are a table.
pub(crate) fn parts_text(parts: &[BuiltPart]) -> String {
    let mut out = String::new();
    if let Some(folds) = folds_text(parts.iter().map(|part| &part.manifest)) {
        let is_shared = |name: &str| name.starts_with("../");
        let bytes_of = |part: &BuiltPart, shared: bool| -> u64 {
            let files = part.manifest.all_files();
            files.filter(|file| is_shared(&file.name) == shared).map(|file| file.bytes).sum()
        };
        let own: u64 = parts.iter().map(|part| bytes_of(part, false)).sum();
        let shared = parts.first().map_or(0, |part| bytes_of(part, true));
        let line = format_args!(
            "dataset      {}: {} in {}, {}",
            place(parts),
            text::counted(parts.iter().map(|part| part.manifest.samples).sum(), "sample"),
            text::counted(parts.len() as u64, "part"),
            text::bytes(own + shared)
        );
        text::line(&mut out, line);
        return out + &folds;
    }
    for part in parts {
        part_text(&mut out, part);
    }
    for part in parts {
        if let Some(digest) = &part.manifest.content_digest {
            let name =
                part.manifest.part.as_ref().map_or(String::new(), |p| format!("{}: ", p.name));
            text::line(&mut out, format_args!("content      {name}{digest}"));
        }
    }
    out
}

/// The sentence that says what was built, how many, how fast and where.
fn built_text(done: &Done) -> String {
    let made: u64 = done.parts.iter().map(|part| part.made).sum();
    let all: u64 = done.parts.iter().map(|part| part.manifest.samples).sum();
    let is_virtual = done.parts.iter().all(|part| part.manifest.format == "virtual");
    let place = place(&done.parts);
    let time = text::seconds(done.building);
    match made {
        0 if is_virtual => format!(
            "Wrote {place}: {}; samples are made when they are read.\n",
            text::counted(all, "sample")
        ),
        0 => format!("Built no sample in {place}: all exist, or none belongs to this piece.\n"),
        made => format!(
            "Built {} in {time} ({} a second): {place}\n",
            text::counted(made, "sample"),
            text::rate(made, done.building.as_secs_f64()),
        ),
    }
}

/// The folder of the dataset: that of its parts where it is split.
fn place(parts: &[BuiltPart]) -> String {
    let Some(first) = parts.first() else { return String::new() };
    let parent = first.path.parent().filter(|_| first.manifest.part.is_some());
    parent.unwrap_or(&first.path).display().to_string()
}

/// The summary for machines.
pub(crate) fn json(done: &Done) -> Value {
    let part = |part: &BuiltPart| json!({ "path": part.path, "piece": part.piece, "files": files(part), "made": part.made, "manifest": part.manifest });
    json!({
        "datasets": done.parts.iter().map(part).collect::<Vec<_>>(),
        "seconds": done.building.as_secs_f64(),
        "joined": done.loaded.joined,
        "notes": done.loaded.notes,
        "warnings": done.loaded.warnings,
    })
}

fn market_text(out: &mut String, done: &Done) {
    let Some(manifest) = done.parts.first().map(|p| &p.manifest) else { return };
    let market = &manifest.market;
    let symbols: Vec<&str> = market.symbols.iter().take(8).map(|s| s.symbol.as_str()).collect();
    let more = market.symbols.len().saturating_sub(symbols.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    text::line(
        out,
        format_args!(
            "bars         {} of {}{more}, {} to {} UTC",
            text::count(market.bars),
            symbols.join(", "),
            text::time(market.first_ts),
            text::time(market.last_ts)
        ),
    );
    text::line(
        out,
        format_args!(
            "segments     {}, the longest step inside one is {}",
            text::count(market.segments),
            text::duration(done.loaded.market.longest_step_ns())
        ),
    );
    if !market.dropped.is_empty() {
        text::line(out, format_args!("dropped      {}", text::dropped(&market.dropped)));
    }
    if market.widened > 0 {
        text::line(out, format_args!("widened      {}", text::counted(market.widened, "bar")));
    }
}

fn part_text(out: &mut String, part: &BuiltPart) {
    let manifest = &part.manifest;
    text::line(
        out,
        format_args!(
            "dataset      {}: {} from {}, {}, {}",
            part.path.display(),
            text::counted(manifest.samples, "sample"),
            text::counted(manifest.positions, "position"),
            manifest.format,
            text::bytes(manifest.all_files().map(|f| f.bytes).sum())
        ),
    );
    let lines = [weights_text(manifest), rates_text(manifest), time_text(manifest)];
    for line in lines.into_iter().flatten() {
        text::line(out, format_args!("{line}"));
    }
    if let Some(piece) = part.piece {
        let rows = manifest.shards.iter().map(|shard| shard.rows).sum();
        text::line(
            out,
            format_args!(
                "piece {:<6} {} of these in {}",
                format!("{}/{}", piece.index(), piece.count()),
                text::counted(rows, "sample"),
                text::counted(manifest.shards.len() as u64, "shard")
            ),
        );
    }
    if let Some(summary) = &manifest.summary {
        out.push_str(&summary_text(summary));
    }
    let stored: u64 = manifest.shards.iter().map(|shard| shard.rows).sum();
    if part.made > 0 && stored > part.made {
        let kept = text::counted(stored - part.made, "sample");
        text::line(out, format_args!("resumed      {kept} kept"));
    }
    let files = files(part);
    let shown = if files.len() > 8 {
        format!("{}, ... {}", files[..3].join(", "), files[files.len() - 3..].join(", "))
    } else {
        files.join(", ")
    };
    text::line(out, format_args!("files        {shown}"));
}

/// The weights of symbols, if they are not by length.
pub(crate) fn weights_text(manifest: &Manifest) -> Option<String> {
    let told = match manifest.recipe["dataset"].get("symbol_weights")? {
        Value::Object(given) => {
            let mut given: Vec<(&str, f64)> = given
                .iter()
                .map(|(name, weight)| (name.as_str(), weight.as_f64().unwrap_or_default()))
                .collect();
            given.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
            let shown = given.iter().take(8).map(|(name, weight)| match *name {
                "*" => format!("each other {weight}"),
                name => format!("{name} {weight}"),
            });
            let shown = shown.collect::<Vec<_>>().join(", ");
            match given.len().saturating_sub(8) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        }
        _ => "each symbol the same".to_owned(),
    };
    Some(format!("weights      {told}"))
}

/// Bars a year of each symbol, where they differ and a metric is annualised by them.
pub(crate) fn rates_text(manifest: &Manifest) -> Option<String> {
    let reward = &manifest.recipe["reward"];
    let annual = ["car", "sharpe", "sortino", "calmar"];
    let metrics = &reward["metric"];
    let asked = metrics.as_array().map_or(std::slice::from_ref(metrics), Vec::as_slice);
    if reward["bars_per_year"] != "auto"
        || !asked.iter().filter_map(Value::as_str).any(|metric| annual.contains(&metric))
    {
        return None;
    }
    let symbols = manifest.market.symbols.iter();
    let rate = |s: &SymbolRecord| Some(format!("{} {}", s.symbol, text::number(s.bars_per_year?)));
    let shown: Vec<String> = symbols.take(8).filter_map(rate).collect();
    let shown = shown.join(", ");
    Some(match manifest.market.symbols.len().saturating_sub(8) {
        0 => format!("bars a year  {shown}"),
        more => format!("bars a year  {shown} and {more} more"),
    })
}

/// The time of a part of a split.
pub(crate) fn time_text(manifest: &Manifest) -> Option<String> {
    let part = manifest.part.as_ref()?;
    if let Some(fold) = &part.fold {
        return Some(role_text(&part.name, fold));
    }
    let time = |ns: Option<i64>, none: &str| ns.map_or(none.to_owned(), text::time);
    let (start, end) = (time(part.start_ns, "the first bar"), time(part.end_ns, "the last bar"));
    let embargo = manifest.recipe["split"]["embargo"].as_u64().unwrap_or(0);
    let embargo = text::counted(embargo, "bar");
    Some(format!("part         {}: from {start} until {end} UTC, embargo {embargo}", part.name))
}

/// Actions, exits and rewards.
pub(crate) fn summary_text(summary: &Summary) -> String {
    let mut out = String::new();
    let actions = summary.actions;
    let all = actions.hold + actions.long + actions.short;
    if all == 0 {
        labels_text(&mut out, summary);
        return out;
    }
    text::line(
        &mut out,
        format_args!(
            "actions      hold {}, long {}, short {}",
            text::percent(actions.hold, all),
            text::percent(actions.long, all),
            text::percent(actions.short, all)
        ),
    );
    let [_, stop, target, horizon] = summary.exits;
    let trades = stop + target + horizon;
    text::line(
        &mut out,
        format_args!(
            "exits        stop {}, target {}, horizon {} of {} trades",
            text::percent(stop, trades),
            text::percent(target, trades),
            text::percent(horizon, trades),
            text::count(trades)
        ),
    );
    for reward in &summary.rewards {
        text::line(
            &mut out,
            format_args!(
                "reward       {}: mean {}, std {}, min {}, 5% {}, 50% {}, 95% {}, max {}",
                reward.metric,
                reward.mean.map_or_else(|| "overflow".into(), text::number),
                reward.std.map_or_else(|| "overflow".into(), text::number),
                text::number(reward.min),
                text::number(reward.p05),
                text::number(reward.p50),
                text::number(reward.p95),
                text::number(reward.max)
            ),
        );
        if reward.clipped + reward.nan + reward.infinite > 0 {
            text::line(
                &mut out,
                format_args!(
                    "             clipped {} ({}), NaN {}, infinite {}",
                    text::count(reward.clipped),
                    text::percent(reward.clipped, all),
                    text::count(reward.nan),
                    text::count(reward.infinite)
                ),
            );
        }
    }
    labels_text(&mut out, summary);
    out
}

/// The shares of classes, and the distributions of other labels.
fn labels_text(out: &mut String, summary: &Summary) {
    for label in &summary.labels {
        let all = label.classes.values().sum::<u64>() + label.missing;
        let share =
            |(class, count): (&i16, &u64)| format!("{class} {}", text::percent(*count, all));
        let mut parts: Vec<String> = label.classes.iter().map(share).collect();
        if let Some(numbers) = &label.numbers {
            parts.push(format!(
                "mean {}, std {}, min {}, max {}",
                numbers.mean.map_or_else(|| "overflow".into(), text::number),
                numbers.std.map_or_else(|| "overflow".into(), text::number),
                text::number(numbers.min),
                text::number(numbers.max)
            ));
        }
        if label.missing > 0 {
            parts.push(format!("missing {}", text::count(label.missing)));
        }
        if !parts.is_empty() {
            text::line(out, format_args!("label        {}: {}", label.label, parts.join(", ")));
        }
    }
}

fn files(part: &BuiltPart) -> Vec<&str> {
    let manifest = &part.manifest;
    let shards = manifest.shards.iter().flat_map(|s| &s.files).map(|f| f.name.as_str());
    let others = manifest.files.iter().map(|f| f.name.as_str());
    let last = if part.piece.is_some() { "piece.json" } else { "manifest.json" };
    shards.chain(others).chain([last]).collect()
}
