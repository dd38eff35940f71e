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
    ("recipe", &["schema", "bars", "sampling", "scaling", "rewards"]),
    (
        "backend",
        &["schema", "memory", "bars", "sampling", "windows", "scaling", "rewards", "recipe"],
    ),
    (
        "conformance",
        &["bars", "sampling", "windows", "scaling", "rewards", "recipe", "backend"],
    ),
    ("backend-cpu", &["bars", "sampling", "windows", "scaling", "rewards", "recipe", "backend"]),
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
    ("dataset", &["schema", "files", "columnar", "bars", "market-data", "recipe", "backend"]),
    ("loader", &["schema", "memory", "sampling", "scaling", "backend", "dataset"]),
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
