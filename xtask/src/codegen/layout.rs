//! The constants and structures that host and kernels share.

use barloom_schema::{COLUMNS, ColumnField};

pub(crate) struct Struct {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) fields: &'static [Field],
    /// True if the columns of samples follow the fields, one array each that kernels write.
    pub(crate) has_columns: bool,
}

impl Struct {
    /// All fields: those of the table, and those of the schema.
    pub(crate) fn all_fields(&self) -> Vec<Field> {
        let columns = if self.has_columns { &COLUMNS[..] } else { &[] };
        let of_column =
            |one: &ColumnField| Field { name: one.name, of: Out(one.dtype.name()), doc: one.doc };
        self.fields.iter().copied().chain(columns.iter().map(of_column)).collect()
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) of: Type,
    pub(crate) doc: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum Type {
    U64,
    F64,
    /// Values that kernels read.
    In(&'static str),
    /// Values that kernels write.
    Out(&'static str),
    Struct(&'static str),
    Structs(&'static str, usize),
    /// Several arrays that kernels read.
    Ins(&'static str, usize),
}

const fn field(name: &'static str, of: Type, doc: &'static str) -> Field {
    Field { name, of, doc }
}

use Type::{F64, In, Ins, Out, Struct as Of, Structs, U64};

type Constants = (&'static str, &'static [(&'static str, u64)]);

/// Each spans `FAN` times the rows of the one below.
const MOST_LEVELS: usize = 12;

pub(crate) const CONSTANTS: &[Constants] = &[
    ("Threads of a block of every kernel.", &[("BLOCK_THREADS", 256)]),
    ("Nodes of a block of the horizon index, children of a node of a tree.", &[("FAN", 8)]),
    ("Rows of a leaf of a tree.", &[("LEAF", 64)]),
    ("Levels that a horizon below 2^31 can use.", &[("MOST_LEVELS", MOST_LEVELS as u64)]),
    (
        "The bits of 2^-40: how near a bar comes that reaches a barrier, as a fraction of it.",
        &[("TOUCH_BITS", 0x3D70_0000_0000_0000)],
    ),
    (
        "From a sample's seed to the next one's, and SplitMix64's increment.",
        &[("STRIDE", 0x78DD_E6E5_FD29_F054), ("GAMMA", 0x9E37_79B9_7F4A_7C15)],
    ),
    ("How a real is drawn.", &[("REAL_CONSTANT", 0), ("REAL_RANGE", 1), ("REAL_CHOICE", 2)]),
    (
        "Exit reasons as datasets number them.",
        &[("EXIT_NONE", 0), ("EXIT_STOP", 1), ("EXIT_TARGET", 2), ("EXIT_HORIZON", 3)],
    ),
    (
        "Reward metrics.",
        &[
            ("METRIC_PNL", 0),
            ("METRIC_RETURN", 1),
            ("METRIC_PNL_PCT", 2),
            ("METRIC_LOG_RETURN", 3),
            ("METRIC_R_MULTIPLE", 4),
            ("METRIC_BARRIER", 5),
            ("METRIC_CAR", 6),
            ("METRIC_SHARPE", 7),
            ("METRIC_SORTINO", 8),
            ("METRIC_CALMAR", 9),
        ],
    ),
    (
        "Channel scalers.",
        &[
            ("SCALER_NONE", 0),
            ("SCALER_OVER", 1),
            ("SCALER_LOG_RETURN", 2),
            ("SCALER_ZSCORE", 3),
            ("SCALER_MINMAX", 4),
        ],
    ),
];

pub(crate) const STRUCTS: &[Struct] = &[
    Struct {
        name: "Real",
        doc: "How a real field is drawn.",
        has_columns: false,
        fields: &[
            field("kind", U64, "REAL_CONSTANT, REAL_RANGE or REAL_CHOICE."),
            field("lo", F64, "The constant, or the least value of a range."),
            field("hi", F64, "The end of a range."),
            field("choices", In("f64"), "What to choose from."),
            field("count", U64, "How many choices there are."),
        ],
    },
    Struct {
        name: "Directions",
        doc: "How a direction is drawn.",
        has_columns: false,
        fields: &[
            field("choices", In("i8"), "What to choose from."),
            field("count", U64, "How many there are."),
        ],
    },
    Struct {
        name: "Draws",
        doc: "Draws and positions of samples.",
        has_columns: false,
        fields: &[
            field("base", U64, "The seed of sample 0."),
            field("actions_per_state", U64, "Samples in a row that share their state."),
            field("ranks", U64, "How many ranks the positions have."),
            field("sequential", U64, "1 if state j stands at rank j, else 0."),
            field("equity", Of("Real"), "Equity."),
            field("balance_offset", Of("Real"), "What balance is below equity."),
            field("sl_dist", Of("Real"), "Stop distance of the state."),
            field("tp_dist", Of("Real"), "Target distance of the state."),
            field("act_dollar", Of("Real"), "Notional of the action."),
            field("act_sl", Of("Real"), "Stop distance of the action."),
            field("act_tp", Of("Real"), "Target distance of the action."),
            field("position", Of("Directions"), "Position held."),
            field("act_dir", Of("Directions"), "Direction of the action."),
            field(
                "grid_dir",
                In("i8"),
                "`[actions_per_state]`: directions that are listed; null where actions are drawn.",
            ),
            field("grid_dollar", In("f64"), "`[actions_per_state]`: their notional."),
            field("grid_sl", In("f64"), "`[actions_per_state]`: their stop distance."),
            field("grid_tp", In("f64"), "`[actions_per_state]`: their target distance."),
            field("ranges", U64, "How many runs of positions there are: at least one."),
            field(
                "first_rank",
                In("u64"),
                "`[ranges]`: first rank of the first position, ascending.",
            ),
            field(
                "copies",
                In("u64"),
                "`[ranges]`: ranks of each position; null where all have one.",
            ),
            field("start", In("u64"), "`[ranges]`: row of the first position."),
            field("series_start", In("u64"), "`[ranges]`: first row of the series."),
            field("series", In("u64"), "`[ranges]`: index of the series."),
            field("ts", In("i64"), "`[rows of the market]`: open times, ns."),
        ],
    },
    Struct {
        name: "Samples",
        doc: "Columns of the samples of a launch, one value a sample.",
        has_columns: true,
        fields: &[
            field("count", U64, "How many samples there are."),
            field("first", U64, "Number of the first, where they are consecutive."),
            field(
                "listed",
                In("u64"),
                "`[samples]`: their numbers; null where they are consecutive.",
            ),
            field("row", Out("u64"), "Row t of the market; not part of a dataset."),
            field("unit_return", Out("f64"), "Profit per unit of notional; not part of a dataset."),
        ],
    },
    Struct {
        name: "Blocks",
        doc: "A level of the horizon index.",
        has_columns: false,
        fields: &[
            field("values", In("f64"), "`[count, 2, FAN]`: lows, then highs, of each block."),
            field("count", U64, "Blocks."),
        ],
    },
    Struct {
        name: "Trading",
        doc: "How actions are traded.",
        has_columns: false,
        fields: &[
            field("starts", In("f64"), "`[rows, 4]`: what a trade needs of its first row."),
            field("honoured", U64, "1 if barriers end trades, else 0."),
            field("target_first", U64, "1 if the target counts when one bar holds both, else 0."),
            field("pays_once", U64, "1 if costs are paid at the entry alone, else 0."),
            field("side_cost", F64, "Cost of a side per unit of notional."),
            field("carry", F64, "Carry a bar per unit of notional."),
            field("forward", U64, "F."),
            field("steps", U64, "Bars that a trade lives at most."),
            field("open", In("f64"), "`[rows]`: opens."),
            field("levels", U64, "Levels of the horizon index."),
            field("blocks", Structs("Blocks", MOST_LEVELS), "The levels, bars first."),
        ],
    },
    Struct {
        name: "Tree",
        doc: "Summaries of rows: the levels of a tree.",
        has_columns: false,
        fields: &[
            field("levels", U64, "Levels there are."),
            field(
                "nodes",
                Ins("f64", MOST_LEVELS),
                "`[nodes, size of a summary]` of each level, leaves first.",
            ),
        ],
    },
    Struct {
        name: "Metric",
        doc: "A reward metric.",
        has_columns: false,
        fields: &[
            field("metric", U64, "METRIC_..."),
            field("frel", U64, "1 for the FREL project's formulas, else 0."),
            field("bars_per_year", In("f64"), "`[series]`: bars a year."),
            field("eps", F64, "Added to denominators."),
            field("clipped", U64, "1 if values are clipped, else 0."),
            field("clip_lo", F64, "The least value."),
            field("clip_hi", F64, "The greatest value."),
            field("enters_at_open", U64, "1 if trades enter at an open, else 0."),
            field("close", In("f64"), "`[rows]`: closes."),
            field(
                "changes",
                Of("Tree"),
                "Changes of the close: moments, squares of falls and of rises.",
            ),
            field("extremes", Of("Tree"), "Closes: least, greatest, largest fall and rise."),
            field("returns", Of("Tree"), "Returns a bar: moments."),
            field("losses", Structs("Tree", 2), "Negative steps of shorts and of longs: moments."),
            field("cumulative", Structs("Tree", 2), "Cumulative steps of shorts and of longs."),
            field("value", Out("f64"), "`[samples]`: the reward."),
            field("was_clipped", Out("u8"), "`[samples]`: 1 where it was clipped, else 0."),
        ],
    },
    Struct {
        name: "Channel",
        doc: "A channel of windows.",
        has_columns: false,
        fields: &[
            field("scaler", U64, "SCALER_..."),
            field("lookback", U64, "L."),
            field("singles", In("f32"), "`[rows]`: values of SCALER_NONE and SCALER_OVER."),
            field("over", In("f32"), "`[rows]`: what SCALER_OVER divides by, of the row before t."),
            field("doubles", In("f64"), "`[rows]`: values of the other scalers."),
            field(
                "less",
                In("f64"),
                "`[rows]`: what SCALER_LOG_RETURN takes off, of the row before t.",
            ),
            field("windows", U64, "How many windows there are."),
            field(
                "rows_per_window",
                U64,
                "Samples that share a window: window w is of sample w * this.",
            ),
            field("shift", Out("f64"), "`[windows]`: mean or least value of a window."),
            field("width", Out("f64"), "`[windows]`: deviation or range; 0 for a constant window."),
            field("out", Out("f32"), "The first value of the first scaled window."),
            field("step", U64, "From a value of a window to the next, in values."),
            field("stride", U64, "From a window to the next, in values."),
        ],
    },
    Struct {
        name: "Snapshot",
        doc: "The columns of a snapshot.",
        has_columns: false,
        fields: &[
            field("columns", U64, "K."),
            field("values", In("f32"), "`[rows, K]`: scaled values."),
            field("out", Out("f32"), "`[samples, K]`: the snapshots."),
        ],
    },
];
