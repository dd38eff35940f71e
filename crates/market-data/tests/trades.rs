//! Bars of trades, and coarser bars of bars.

use barloom_bars::MaxGap;
use barloom_doctor::check;
use barloom_market_data::{
    Adjust, Aggregate, Bars, EmptyBars, Loaded, MarketDataError, OnBadBar, PartialBar, ReadOptions,
    read, read_bytes,
};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
/// 2023-11-14 22:13:00 UTC, s.
const BEGIN: i64 = 1_699_999_980;

fn options(spec: &str) -> ReadOptions {
    let aggregate = Some(Aggregate::new(spec.parse().unwrap()));
    ReadOptions { aggregate, ..ReadOptions::default() }
}

fn of(name: &str, text: &str, spec: &str) -> Result<Bars, MarketDataError> {
    read_bytes(name, text.as_bytes(), &options(spec))
}

fn load(name: &str, text: &str, spec: &str) -> Loaded {
    of(name, text, spec).and_then(|b| b.into_series(OnBadBar::Error)).unwrap()
}

fn column<'a>(loaded: &'a Loaded, name: &str) -> &'a [f64] {
    loaded.series[0].require(name).unwrap()
}

/// Minutes after the first bar's usual time.
fn minutes(loaded: &Loaded, series: usize) -> Vec<i64> {
    loaded.series[series].ts().iter().map(|t| (t - BEGIN * SECOND) / MINUTE).collect()
}

/// Trades as Kraken ships them: seconds after the begin, price, size.
fn kraken(trades: &[(i64, f64, f64)]) -> String {
    let line = |(at, price, size): &(i64, f64, f64)| format!("{},{price},{size}\n", BEGIN + at);
    trades.iter().map(line).collect()
}

#[test]
fn files_as_exchanges_ship_them() {
    let ms = BEGIN * 1_000;
    let (a, b, c) = (ms, ms + 30_000, ms + 61_500);
    let kraken = kraken(&[(0, 10.0, 2.0), (30, 12.0, 1.0), (61, 11.0, 1.0)]);
    let spot = format!(
        "1,10.0,2.0,20.0,{a},True,True\n2,12.0,1.0,12.0,{b},False,True\n\
         3,11.0,1.0,11.0,{c},True,True\n"
    );
    let spot_aggregated = format!(
        "1,10.0,2.0,1,2,{a},true,true\n2,12.0,1.0,3,3,{b},false,true\n\
         3,11.0,1.0,4,4,{c},true,true\n"
    );
    let futures = format!(
        "id,price,qty,quote_qty,time,is_buyer_maker\n1,10.0,2.0,20.0,{a},true\n\
         2,12.0,1.0,12.0,{b},false\n3,11.0,1.0,11.0,{c},true\n"
    );
    let futures_aggregated = format!(
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n\
         1,10.0,2.0,1,2,{a},true\n2,12.0,1.0,3,3,{b},false\n3,11.0,1.0,4,4,{c},true\n"
    );
    for text in [kraken, spot, spot_aggregated, futures, futures_aggregated] {
        let has_side = text.to_lowercase().contains("true");
        let loaded = load("ADAUSDT-trades-2023-11.csv", &text, "1m");
        assert_eq!(minutes(&loaded, 0), [0, 1], "{text}");
        for (name, values) in [
            ("open", [10.0, 11.0]),
            ("high", [12.0, 11.0]),
            ("low", [10.0, 11.0]),
            ("close", [12.0, 11.0]),
            ("volume", [3.0, 1.0]),
            ("quote_volume", [32.0, 11.0]),
            ("count", [2.0, 1.0]),
            ("vwap", [32.0 / 3.0, 11.0]),
        ] {
            assert_eq!(column(&loaded, name), values, "{name} of {text}");
        }
        let variance = column(&loaded, "trade_variance");
        let log = libm::log(1.2);
        assert!((variance[0] - log * log).abs() < 1e-15 && variance[1] == 0.0);
        // The makers of the first and the last trade are buyers.
        let bought = loaded.series[0].column("buy_volume");
        assert_eq!(bought, has_side.then_some(&[1.0, 0.0][..]), "{text}");
        assert_eq!(loaded.notes, ["3 trades of 1 symbol became 2 bars of 1m"]);
    }
}

#[test]
fn sides_are_those_of_the_aggressor() {
    let rows = |sides: [&str; 3]| {
        let [a, b, c] = sides;
        format!("time,side,price,size\n{BEGIN},{a},10,2\n{BEGIN},{b},11,1\n{BEGIN},{c},12,4\n")
    };
    let only = |name: &str| ReadOptions { columns: Some(vec![name.to_owned()]), ..options("1m") };
    let read = |text: &str, options: &ReadOptions| {
        let bars = read_bytes("x.csv", text.as_bytes(), options)?;
        Ok::<_, MarketDataError>(bars.into_series(OnBadBar::Error)?.series.remove(0))
    };
    for (sides, bought) in [
        (["buy", "sell", "BUY"], Some(6.0)),
        (["s", "b", "s"], Some(1.0)),
        (["", "sell", "unknown"], Some(0.0)),
        (["", "", ""], None),
        (["XNAS", "buy", "buy"], None),
        (["\"buy\"", "sell", "sell"], Some(2.0)),
    ] {
        let series = read(&rows(sides), &options("1m")).unwrap();
        let found = series.column("buy_volume").map(|values| values[0]);
        assert_eq!(found, bought, "{sides:?}");
    }
    let series = read(&rows(["buy", "sell", "buy"]), &only("buy_volume")).unwrap();
    assert_eq!(series.column("buy_volume"), Some(&[6.0][..]));
    assert_eq!(series.columns().len(), 5, "it, and prices");
    // Who needs no sides reads none, and no returns.
    let series = read(&rows(["XNAS", "", "buy"]), &only("vwap")).unwrap();
    assert!(series.column("vwap").is_some() && series.column("trade_variance").is_none());
    let error = read(&rows(["buy", "XNAS", "buy"]), &only("buy_volume")).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("buy, sell"), "{error}");
    let irregular = rows(["buy", "sell", "ask"]) + "\n";
    let error = read(&irregular, &only("buy_volume")).unwrap_err().to_string();
    assert!(error.contains("line 4"), "{error}");
    let databento = "ts_event,rtype,publisher_id,instrument_id,action,side,price,size\n\
        1699999980000000000,0,1,7,T,A,10.5,2\n1699999980000000001,0,1,7,T,B,10.5,3\n\
        1699999980000000002,0,1,7,T,N,10.5,4\n";
    let series = read(databento, &options("1m")).unwrap();
    assert_eq!(series.column("buy_volume"), Some(&[3.0][..]));
    let json = r#"[{"time": 1699999980000, "price": 10, "size": 2, "isBuyerMaker": false},
        {"time": 1699999981000, "price": 11, "size": 3, "isBuyerMaker": true}]"#;
    let bars = read_bytes("x.json", json.as_bytes(), &options("1m")).unwrap();
    let series = bars.into_series(OnBadBar::Error).unwrap().series.remove(0);
    assert_eq!(series.column("buy_volume"), Some(&[2.0][..]));
}

#[test]
fn mean_prices_of_coarser_bars_are_weighted_by_volume() {
    let text = "time,open,high,low,close,volume,vwap\n1699999980,1,9,1,2,1,2\n\
        1700000040,2,9,1,3,3,6\n";
    let of = |columns: &[&str]| {
        let columns = Some(columns.iter().map(|name| (*name).to_owned()).collect());
        let options = ReadOptions { columns, ..options("1h") };
        let bars = read_bytes("x.csv", text.as_bytes(), &options).unwrap();
        let series = bars.into_series(OnBadBar::Error).unwrap().series.remove(0);
        series.column("vwap").unwrap().to_vec()
    };
    assert_eq!(of(&["vwap", "volume"]), [5.0]);
    assert_eq!(of(&["vwap"]), [5.0], "whatever else is wanted");
}

#[test]
fn mean_prices_are_adjusted_as_prices_are() {
    let text = "time,open,high,low,close,volume,vwap,adj_close,buy_volume\n\
        2024-01-02,10,12,8,10,100,11,5,40\n2024-01-03,6,6,6,6,50,6,6,20\n";
    let of = |adjust: Adjust| {
        let options = ReadOptions { adjust: Some(adjust), ..ReadOptions::default() };
        let bars = read_bytes("acme.csv", text.as_bytes(), &options).unwrap();
        bars.into_series(OnBadBar::Error).unwrap()
    };
    let loaded = of(Adjust::AdjClose);
    assert_eq!(column(&loaded, "high"), [6.0, 6.0]);
    assert_eq!(column(&loaded, "vwap"), [5.5, 6.0]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.csv");
    std::fs::write(&path, "20240102,0.8,0.5\n").unwrap();
    let loaded = of(Adjust::Factors(vec![path.to_string_lossy().into_owned()]));
    for (name, expected) in [
        ("high", [12.0 * 0.4, 6.0]),
        ("vwap", [11.0 * 0.4, 6.0]),
        ("volume", [200.0, 50.0]),
        ("buy_volume", [80.0, 20.0]),
    ] {
        assert_eq!(column(&loaded, name), expected, "{name}");
    }
}

#[test]
fn trades_need_to_be_told_what_to_become() {
    let text = kraken(&[(0, 10.0, 2.0)]);
    let error = read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("holds trades"), "{said}");
}

#[test]
fn a_bar_may_have_trades_of_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let days = [path("XBT-2023-11-14.csv"), path("XBT-2023-11-15.csv")];
    std::fs::write(&days[0], kraken(&[(0, 10.0, 1.0), (100, 11.0, 1.0)])).unwrap();
    std::fs::write(&days[1], kraken(&[(110, 12.0, 1.0), (130, 13.0, 1.0)])).unwrap();
    let of = |spec: &str, files: &[String]| {
        let bars = read(files, &options(spec)).and_then(|b| b.into_series(OnBadBar::Error));
        bars.unwrap()
    };
    let loaded = of("1m", &days);
    assert_eq!(minutes(&loaded, 0), [0, 1, 2]);
    assert_eq!(column(&loaded, "close"), [10.0, 12.0, 13.0]);
    assert_eq!(column(&loaded, "count"), [1.0, 2.0, 1.0]);
    let twice = [days[0].clone(), days[1].clone(), days[0].clone()];
    let error = read(&twice, &options("1m")).unwrap_err().to_string();
    assert!(error.contains("14.csv: it is named twice"), "{error}");
    let turned = of("1m", &[days[1].clone(), days[0].clone()]);
    assert_eq!(column(&turned, "close"), [10.0, 12.0, 13.0], "in any order of files");
    let ticks = of("3 ticks", &days);
    assert_eq!(column(&ticks, "close"), [12.0, 13.0]);
    let mut whole = options("3 ticks");
    whole.aggregate = whole.aggregate.map(|a| Aggregate { partial: PartialBar::Drop, ..a });
    let whole = read(&days, &whole).unwrap().into_series(OnBadBar::Error).unwrap();
    assert_eq!(column(&whole, "close"), [12.0]);
}

#[test]
fn newest_first_is_turned_round() {
    let trades = [(0, 10.0, 1.0), (5, 11.0, 1.0), (5, 12.0, 1.0), (70, 13.0, 1.0)];
    let mut turned = trades;
    turned.reverse();
    let [straight, turned] = [trades, turned].map(|trades| load("x.csv", &kraken(&trades), "1m"));
    assert_eq!(column(&straight, "close"), [12.0, 13.0]);
    assert_eq!(column(&turned, "close"), [12.0, 13.0]);
    assert!(turned.notes[0].contains("newest trade is first"), "{:?}", turned.notes);
    let ticks = load("x.csv", &kraken(&[(70, 13.0, 1.0), (0, 10.0, 1.0)]), "1 ticks");
    assert_eq!(column(&ticks, "close"), [10.0, 13.0]);
}

#[test]
fn symbols_are_kept_apart() {
    let text = "time,symbol,price,size\n\
                2024-01-02 09:30:01,A,10,1\n2024-01-02 09:30:02,B,20,5\n\
                2024-01-02 09:30:03,A,11,1\n2024-01-02 09:31:00,B,21,5\n";
    let loaded = load("x.csv", text, "1m");
    let shape: Vec<_> = loaded.series.iter().map(|s| (s.symbol(), s.len())).collect();
    assert_eq!(shape, [("A", 1), ("B", 2)]);
    assert_eq!(column(&loaded, "volume"), [2.0]);
}

#[test]
fn unusable_trades_are_told_and_dropped() {
    let text = "time,price,size\n2024-01-02 09:30:01,10,1\n2024-01-02 09:30:02,,1\n\
                2024-01-02 09:30:03,-1,1\n2024-01-02 09:30:04,11,-2\n,12,1\n\
                2024-01-02 09:30:05,12,1\n";
    let bars = of("x.csv", text, "1m").unwrap();
    let report = check(&bars);
    assert_eq!(report.errors(), 4);
    let found: Vec<_> = report.findings.iter().map(|f| (f.kind.as_str(), f.count)).collect();
    assert_eq!(found, [("bad_trade_price", 2), ("bad_trade_size", 1), ("no_time", 1)]);
    assert_eq!((report.findings[0].places[0].row, report.findings[2].places[0].row), (3, 6));
    assert!(report.to_string().contains("price of a trade is missing"), "{report}");
    let error = bars.clone().into_series(OnBadBar::Error).unwrap_err().to_string();
    assert!(error.contains("x.csv, line 3") && error.contains("4 such"), "{error}");
    let loaded = bars.into_series(OnBadBar::Drop).unwrap();
    assert_eq!(column(&loaded, "count"), [2.0]);
    assert_eq!(loaded.dropped.values().sum::<u64>(), 4);
    let late = kraken(&[(300, 10.0, 1.0), (0, 11.0, 1.0), (301, 12.0, 1.0)]);
    let report = check(&of("x.csv", &late, "2 ticks").unwrap());
    assert_eq!(report.findings[0].kind, "trade_out_of_order");
    assert_eq!(check(&of("x.csv", &late, "1m").unwrap()).errors(), 0);
}

#[test]
fn bars_and_trades_of_a_symbol_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let files = [path("XBT-1m.csv"), path("XBT-trades.csv")];
    std::fs::write(&files[0], "time,open,high,low,close\n2024-01-02,1,2,1,2\n").unwrap();
    std::fs::write(&files[1], "time,price,size\n2024-01-03,1,2\n").unwrap();
    let error = read(&files, &options("1d")).unwrap_err().to_string();
    assert!(error.contains("holds trades of XBT, of which another file holds bars"), "{error}");
}

#[test]
fn coarser_bars_of_bars() {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for minute in 0..10 {
        let price = 10 + minute;
        let high = if minute == 3 { 0 } else { price + 1 };
        text += &format!("2024-01-02 09:3{minute},{price},{high},{price},{price},1\n");
    }
    let bars = of("x.csv", &text, "5m").unwrap();
    assert_eq!(check(&bars).errors(), 1);
    assert!(bars.clone().into_series(OnBadBar::Error).is_err());
    let loaded = bars.into_series(OnBadBar::Drop).unwrap();
    assert_eq!(column(&loaded, "volume"), [4.0, 5.0]);
    assert_eq!(column(&loaded, "close"), [14.0, 19.0]);
    // What a dropped bar belongs to is parted from the bars around it.
    assert_eq!(loaded.series[0].breaks(), [1]);
    let error = of("x.csv", &text, "90s").unwrap().into_series(OnBadBar::Drop).unwrap_err();
    assert!(error.to_string().contains("lasts 1m, beyond the end"), "{error}");
    let error = of("x.csv", &text, "10 ticks").unwrap().into_series(OnBadBar::Drop).unwrap_err();
    assert!(error.to_string().contains("are made of trades"), "{error}");
}

#[test]
fn empty_intervals_are_filled_if_asked() {
    let text = kraken(&[(0, 10.0, 1.0), (200, 11.0, 1.0), (9_000, 12.0, 1.0)]);
    let mut options = options("1m");
    options.aggregate = options.aggregate.map(|a| Aggregate { empty: EmptyBars::Fill, ..a });
    options.max_gap = MaxGap::Limit(10 * MINUTE);
    let bars = read_bytes("x.csv", text.as_bytes(), &options).unwrap();
    let loaded = bars.into_series(OnBadBar::Error).unwrap();
    assert_eq!(minutes(&loaded, 0), [0, 1, 2, 3, 150]);
    assert_eq!(column(&loaded, "close"), [10.0, 10.0, 10.0, 11.0, 12.0]);
    assert_eq!(column(&loaded, "volume"), [1.0, 0.0, 0.0, 1.0, 1.0]);
}
