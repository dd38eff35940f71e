//! JSON of vendors.

use super::*;

#[test]
fn json_holds_tables_at_any_place() {
    let bar = |symbol: &str, open: u32| {
        format!(
            "{{\"{symbol}\":[{{\"t\":1704153600,\"o\":{open},\"h\":13,\"l\":9,\"c\":11,\"v\":7}}]}}"
        )
    };
    let json = |text: &str| load("x.json", text.as_bytes(), &ReadOptions::default()).unwrap();
    let two = format!(
        "{{\"bars\":{}}}",
        bar("A", 10).replace(
            "}]}",
            "}],\"B\":[{\"t\":1704153600,\"o\":12,\"h\":13,\"l\":9,\"c\":11,\"v\":7}]}"
        )
    );
    assert_eq!(symbols(&json(&two)), ["A", "B"]);
    assert_eq!(symbols(&json(&bar("BTC/USD", 10))), ["BTC/USD"]);
    assert_eq!(symbols(&json(&bar("results", 10))), ["x"]);
    // Records in records, as OANDA has them; escapes; blanks; numbers as text.
    let oanda = r#" { "instrument" : "EUR\u005fUSD", "candles": [ {"complete": true, "volume": "7",
        "time": "2024-01-02T00:00:00.000000000Z", "mid": {"o": "10", "h": "13", "l": "9", "c": "11"}} ] } "#;
    assert_eq!(shown(&json(oanda)), [format!("EUR_USD {JAN_2} [10.0, 13.0, 9.0, 11.0, 7.0]")]);
    // A mark that is missing in some records, and keys in another order.
    let loose = r#"[{"t":1704153600,"o":10,"h":13,"l":9,"c":11,"x":1,"v":7},
                    {"v":null,"c":11,"t":1704240000,"o":10,"h":13,"l":9}]"#;
    let series = json(loose);
    assert!(series[0].column("volume").unwrap()[1].is_nan());
    assert_eq!(series[0].column("x").unwrap()[0], 1.0);
    let bid_and_ask = oanda
        .replace("\"mid\"", "\"bid\"")
        .replace("}} ]", "}, \"ask\": {\"o\": 10, \"h\": 13, \"l\": 9, \"c\": 11}} ]");
    for (text, part) in [
        ("{\"a\": 1}", "without a table"),
        ("[]", "without a table"),
        ("[1, 2", "not readable as JSON"),
        (&*bid_and_ask, "without a table"),
        ("[{\"t\":1704153600,\"o\":\"ten\",\"h\":13,\"l\":9,\"c\":11}]", "row 1, column o"),
        (
            "{\"a\":[[1704153600,10,13,9,11]],\"b\":[[1704153600,10,13,9,11]],\"c\":{\"d\":[[1704153600,10,13,9,11]]}}",
            "x",
        ),
    ] {
        let bytes = text.as_bytes();
        if part == "x" {
            assert_eq!(json(text).len(), 3);
        } else {
            let found = error("x.json", bytes);
            assert!(found.contains(part), "{text}: {found}");
        }
    }
}

#[test]
fn json_tables_are_never_merged_nor_left_out() {
    let bars = r#"[{"t":1704153600,"o":10,"h":13,"l":9,"c":11,"v":7}]"#;
    let json = |text: &str| load("x.json", text.as_bytes(), &ReadOptions::default()).unwrap();
    let contracts = format!(r#"{{"instrument":"ES","contracts":{{"ESH4":{bars},"ESM4":{bars}}}}}"#);
    assert_eq!(symbols(&json(&contracts)), ["ESH4", "ESM4"]);
    let own = format!(
        r#"{{"symbol":"X","a":{{"symbol":"A","x":{bars}}},"b":{{"symbol":"B","x":{bars}}}}}"#
    );
    assert_eq!(symbols(&json(&own)), ["A", "B"]);
    for (one, other) in [("daily", "hourly"), ("bid", "ask")] {
        let mixed = format!(r#"{{"symbol":"AAPL","{one}":{bars},"{other}":{bars}}}"#);
        let found = error("x.json", mixed.as_bytes());
        assert!(found.contains(&format!("several keys: {one}, {other}")), "{found}");
    }
    let line = |at: usize| format!("{{\"symbol\":\"S{at}\",\"bars\":{bars}}}");
    let lines: Vec<String> = (0..10_001).map(line).collect();
    for many in [lines.join("\n"), format!("[{}]", lines.join(","))] {
        let found = error("x.json", many.as_bytes());
        assert!(found.contains("more than 10000 tables"), "{found}");
    }
    let keys: Vec<String> = (0..10_001).map(|at| format!("\"S{at}\":{bars}")).collect();
    let found = error("x.json", format!("{{{}}}", keys.join(",")).as_bytes());
    assert!(found.contains("more than 10000 tables"), "{found}");
}

#[test]
fn json_columns_and_keys_are_whole() {
    let columns =
        r#"{"t":[1704153600,1704240000],"o":[1,1],"h":[2,2],"l":[1,1],"c":[1,1],"v":[5]}"#;
    let found = error("x.json", columns.as_bytes());
    assert!(found.contains("columns of 2 values, but v has 1"), "{found}");
    let twice = r#"[{"t":1704153600,"o":1,"h":2,"l":1,"c":1.5,"c":1.2}]"#;
    let found = error("x.json", twice.as_bytes());
    assert!(found.contains("row 1 has the key c twice"), "{found}");
    // Names that differ by case alone: the exact one is renamed.
    let grouped = br#"{"results":[{"T":"A","c":2,"h":2,"l":1,"o":1,"t":1704153600000,"v":4},
        {"T":"B","c":2,"h":2,"l":1,"o":1,"t":1704153600000,"v":4}]}"#;
    let csv = CsvOptions {
        rename: std::collections::BTreeMap::from([("T".to_owned(), "symbol".to_owned())]),
        ..CsvOptions::default()
    };
    assert_eq!(symbols(&load("x.json", grouped, &with_csv(csv)).unwrap()), ["A", "B"]);
}
