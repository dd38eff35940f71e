//! Which crate may depend on which.

/// The crates from the bottom up, and what each depends on.
pub(crate) const LAYERS: &[(&str, &[&str])] = &[
    ("schema", &[]),
    ("memory", &[]),
    ("files", &[]),
    ("columnar", &[]),
    ("bars", &[]),
    ("market-data", &["memory", "files", "columnar", "bars"]),
    ("sampling", &["schema"]),
    ("windows", &["bars"]),
    ("scaling", &["memory"]),
    ("rewards", &["memory"]),
    (
        "backend",
        &["schema", "memory", "bars", "sampling", "windows", "scaling", "rewards"],
    ),
    ("recipe", &["schema", "bars", "sampling", "scaling", "rewards"]),
    ("plan", &["bars", "sampling", "windows", "scaling", "rewards", "recipe", "backend"]),
    (
        "conformance",
        &["bars", "sampling", "windows", "scaling", "rewards", "recipe", "plan", "backend"],
    ),
    ("backend-cpu", &["bars", "sampling", "windows", "scaling", "rewards", "backend"]),
    ("cuda-driver", &[]),
    (
        "backend-cuda",
        &[
            "schema",
            "memory",
            "bars",
            "sampling",
            "windows",
            "scaling",
            "rewards",
            "backend",
            "cuda-driver",
        ],
    ),
    ("loader", &["schema", "memory", "sampling", "scaling", "backend"]),
    (
        "dataset",
        &["schema", "files", "columnar", "bars", "market-data", "recipe", "plan", "backend"],
    ),
    (
        "engine",
        &[
            "bars",
            "market-data",
            "rewards",
            "recipe",
            "plan",
            "backend",
            "backend-cpu",
            "backend-cuda",
            "dataset",
        ],
    ),
    ("orchestrator", &["files", "bars", "market-data", "rewards", "recipe", "dataset", "engine"]),
    (
        "python",
        &[
            "schema",
            "market-data",
            "recipe",
            "backend",
            "dataset",
            "loader",
            "engine",
            "orchestrator",
        ],
    ),
];
