//! Which crate may depend on which.

/// The crates from the bottom up, and what each depends on.
pub(crate) const LAYERS: &[(&str, &[&str])] = &[
    ("memory", &[]),
    ("files", &[]),
    ("columnar", &[]),
    ("bars", &[]),
    ("market-store", &["files", "columnar", "bars"]),
    ("market-data", &["memory", "files", "columnar", "bars", "market-store"]),
    ("sampling", &[]),
    ("windows", &["bars"]),
    ("scaling", &["memory"]),
    ("rewards", &["memory"]),
    ("recipe", &["bars", "sampling", "scaling", "rewards"]),
    ("backend", &["memory", "bars", "sampling", "windows", "scaling", "rewards", "recipe"]),
    ("backend-cpu", &["bars", "sampling", "windows", "scaling", "rewards", "recipe", "backend"]),
    ("cuda-driver", &[]),
    (
        "backend-cuda",
        &["memory", "bars", "sampling", "windows", "scaling", "rewards", "backend", "cuda-driver"],
    ),
    ("dataset", &["files", "columnar", "bars", "market-store", "recipe", "backend"]),
    ("loader", &["memory", "sampling", "scaling", "backend", "dataset"]),
    (
        "engine",
        &[
            "bars",
            "market-data",
            "rewards",
            "recipe",
            "backend",
            "backend-cpu",
            "backend-cuda",
            "dataset",
        ],
    ),
    ("orchestrator", &["files", "bars", "market-data", "rewards", "recipe", "dataset", "engine"]),
    (
        "python",
        &["market-data", "recipe", "backend", "dataset", "loader", "engine", "orchestrator"],
    ),
];
