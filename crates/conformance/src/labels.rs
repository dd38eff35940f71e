//! Samples with labels and a weight, and samples without actions and rewards.

use std::sync::Arc;

use barloom_backend::{BackendError, Draws, PreparedMarket, Program, SampleBlock, Session};
use barloom_bars::Market;
use barloom_labels::{LabelColumn, MISSING_BARS, MISSING_CLASS, Values, weight_field};
use barloom_plan::Plan;
use barloom_schema::{DType, Field, Role, Schema};

use crate::Case;

/// Bars of the path.
const HORIZON: usize = 3;

/// The recipes of the suite that also have labels.
const LABELLED: [&str; 4] = [
    "defaults",
    "all metrics, several actions a state",
    "no barriers, every bar once",
    "a split with history and embargo",
];

/// The cases of some recipes with labels of every type: priced ones, and others without actions and
/// rewards.
pub(crate) fn cases(plain: &[Case]) -> Vec<Case> {
    let mut cases = Vec::new();
    for parts in plain.chunk_by(|a, b| Arc::ptr_eq(&a.plan.program, &b.plan.program)) {
        if !LABELLED.iter().any(|recipe| parts[0].name.contains(recipe)) {
            continue;
        }
        let market = &parts[0].market;
        let (fields, tables): (Vec<Field>, Vec<Values>) = tables(market).into_iter().unzip();
        for (priced, name) in [(true, "labels"), (false, "labels alone")] {
            let program =
                Program { labels: fields.clone(), priced, ..(*parts[0].plan.program).clone() };
            let program = Arc::new(program);
            cases.extend(parts.iter().map(|part| {
                let draws = Draws { labels: tables.clone(), ..(*part.plan.draws).clone() };
                let (program, draws) = (Arc::clone(&program), Arc::new(draws));
                let plan = Arc::new(Plan { program, draws, ..(*part.plan).clone() });
                let name = format!("{}, {name}", part.name);
                Case { name, market: Arc::clone(market), plan }
            }));
        }
    }
    cases
}

/// Tables of every type with their fields: any values, with missing ones.
fn tables(market: &Market) -> Vec<(Field, Values)> {
    let hash = |row: usize| (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let rows = || (0..market.len()).map(hash);
    let ends = |row: usize| {
        let of = market.segments().partition_point(|segment| segment.end <= row);
        market.segments().get(of).map_or(row, |segment| segment.end)
    };
    let number = |x: u64| if x.is_multiple_of(7) { f64::NAN } else { x as f64 / 3.0 - 1e6 };
    let class = |x: u64| if x.is_multiple_of(5) { MISSING_CLASS } else { (x % 3) as i8 - 1 };
    let bars = |x: u64| if x.is_multiple_of(5) { MISSING_BARS } else { (x % 64) as i32 };
    let path = Values::Path {
        close: market.close().iter().map(|close| libm::log(*close)).collect(),
        entry: (0..market.len())
            .map(|row| match row + HORIZON <= ends(row) {
                true => libm::log(market.open()[row]),
                false => f64::NAN,
            })
            .collect(),
        horizon: HORIZON,
    };
    let label = |name: &str, values: Values| {
        let doc = "a label of the suite".to_owned();
        let column = LabelColumn { name: name.to_owned(), values, unit: "", doc };
        (column.field(), column.values)
    };
    vec![
        label("tb", Values::I8(rows().map(class).collect())),
        label("tb_return", Values::F64(rows().map(number).collect())),
        label("tb_bars", Values::I32(rows().map(bars).collect())),
        label("tb_ambiguous", Values::U8(rows().map(|x| u8::from(x % 11 == 0)).collect())),
        label("path", path),
        (weight_field(), Values::F32(rows().map(|x| (x % 97) as f32 / 7.0).collect())),
    ]
}

/// Compares the labels of a row of a block, which stands at an arena row, with their tables.
pub(crate) fn are_those(
    plan: &Plan,
    at: usize,
    block: &SampleBlock,
    row: usize,
) -> Result<(), String> {
    for (number, table) in plan.draws.labels.iter().enumerate() {
        let field = &plan.program.labels[number];
        let expected: Vec<u8> = match table {
            Values::F32(values) => values[at].to_ne_bytes().to_vec(),
            Values::F64(values) => values[at].to_ne_bytes().to_vec(),
            Values::I8(values) => values[at].to_ne_bytes().to_vec(),
            Values::I32(values) => values[at].to_ne_bytes().to_vec(),
            Values::U8(values) => vec![values[at]],
            Values::Path { close, entry, horizon } => (0..*horizon)
                .flat_map(|k| match entry[at].is_nan() {
                    true => f32::NAN.to_ne_bytes(),
                    false => ((close[at + k] - entry[at]) as f32).to_ne_bytes(),
                })
                .collect(),
        };
        let got = &block.labels[number];
        if got.name() != field.name || got.rows(row..row + 1).bytes() != expected {
            let got = got.rows(row..row + 1);
            return Err(format!("{} {got:?}, expected the bytes {expected:?}", field.name));
        }
    }
    Ok(())
}

/// Holds a block's columns to the schema of its program: one for each field, of its type and as
/// many values a row; nothing that the schema does not name.
pub(crate) fn has_schema(program: &Program, block: &SampleBlock) -> Result<(), String> {
    let schema = program.with_columns(Schema::of_samples);
    let (rows, slices) = (block.rows(), block.slices(0..block.rows()));
    let expected: Vec<_> =
        schema.content().map(|field| (field.dtype, rows * field.values())).collect();
    let got: Vec<_> = slices.iter().map(|slice| (slice.dtype(), slice.len())).collect();
    if got != expected {
        return Err(format!("columns of {got:?} values, expected {expected:?}"));
    }
    let unpriced = block.equity.is_empty() && block.mae.is_empty() && block.rewards.is_empty();
    match program.priced || unpriced {
        true => Ok(()),
        false => Err("a sample without prices has a state, outcomes or rewards".into()),
    }
}

/// Blocks for other labels and tables of other markets are refused.
pub(crate) fn check_refusals(
    prepared: &Arc<dyn PreparedMarket>,
    session: &dyn Session,
    case: &Case,
) -> Result<(), String> {
    let Plan { program, draws, .. } = &*case.plan;
    let Some(first) = program.labels.first() else { return Ok(()) };
    let mut other = program.labels.clone();
    other[0] = Field { dtype: DType::F32, ..first.clone() };
    let mut block =
        SampleBlock::new(program.block_shape(), &other, 1).map_err(|error| text(&error))?;
    match session.fill(0, 1, &mut block) {
        Err(BackendError::BlockLabels { .. }) => {}
        other => return Err(format!("a block of other labels: {other:?}")),
    }
    let mut tables = vec![draws.labels.clone(), draws.labels.clone(), draws.labels.clone()];
    tables[0].pop();
    tables[1].rotate_left(1);
    tables[2][0] = Values::I8([1_i8].as_slice().into());
    for labels in tables {
        let wrong = Arc::new(Draws { labels, ..(**draws).clone() });
        match Arc::clone(prepared).session(wrong) {
            Err(BackendError::LabelTable { .. }) => {}
            Err(error) => return Err(format!("tables that do not fit: {error}")),
            Ok(_) => return Err("tables that do not fit make a session".into()),
        }
    }
    let weights = program.labels.iter().filter(|label| label.role == Role::Weight);
    if weights.count() == 1 { Ok(()) } else { Err("the suite has a weight".into()) }
}

fn text(error: &BackendError) -> String {
    error.to_string()
}
