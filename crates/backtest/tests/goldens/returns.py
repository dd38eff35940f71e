"""Statistics of eight series of returns by empyrical and scipy, for tests/statistics.rs.

    pip install empyrical-reloaded==0.7.1 scipy
    python returns.py > returns.json
"""

from __future__ import annotations

import json
import math
import warnings

import empyrical
import numpy as np
import pandas as pd
from scipy import stats

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)


def series() -> dict[str, tuple[np.ndarray, float]]:
    """Returns, and periods a year."""
    one_trade = np.zeros(120)
    one_trade[40:60] = rng.normal(0.001, 0.01, 20)
    ruined = rng.normal(-0.02, 0.2, 60)
    ruined[30], ruined[31:] = -1.0, 0.0
    gaps = rng.normal(0.0005, 0.02, 200) * (rng.random(200) < 0.3)
    return {
        "flat": (np.zeros(50), 252.0),
        "one trade": (one_trade, 8766.0),
        "ruined": (ruined, 365.25),
        "daily": (rng.normal(0.0004, 0.012, 250), 252.0),
        "minute": (rng.normal(1e-6, 3e-4, 300), 98280.0),
        "short": (np.array([0.01, -0.02, 0.005]), 252.0),
        "gaps": (gaps, 1638.0),
        "all losses": (-np.abs(rng.normal(0.0, 0.004, 80)) - 1e-4, 252.0),
    }


def known(x: float) -> float | None:
    return float(x) if x is not None and math.isfinite(x) else None


def main() -> None:
    found = {}
    for name, (returns, a) in series().items():
        index = pd.date_range("2020-01-01", periods=len(returns), freq="D")
        one = pd.Series(returns, index=index)
        values = {
            "total_return": empyrical.cum_returns_final(one),
            "cagr": empyrical.annual_return(one, annualization=a),
            "volatility": empyrical.annual_volatility(one, annualization=a),
            "sharpe": empyrical.sharpe_ratio(one, annualization=a),
            "sortino": empyrical.sortino_ratio(one, annualization=a),
            "omega": empyrical.omega_ratio(one, annualization=1),
            "max_drawdown": empyrical.max_drawdown(one),
            "calmar": empyrical.calmar_ratio(one, annualization=a),
            "var": empyrical.value_at_risk(one, 0.05),
            "cvar": empyrical.conditional_value_at_risk(one, 0.05),
            "tail": empyrical.tail_ratio(one),
            "skew": stats.skew(returns),
            "kurtosis": stats.kurtosis(returns),
        }
        statistics = {key: known(value) for key, value in values.items()}
        found[name] = {"a_year": a, "returns": returns.tolist(), "statistics": statistics}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
