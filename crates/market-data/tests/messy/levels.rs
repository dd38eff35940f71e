//! Headers of several lines, and names with two levels.

use super::*;

/// The lines that yfinance and pandas write above prices of one ticker or several.
#[test]
fn headers_of_two_levels_are_symbols() {
    let rows = "2015-01-02,24.2375,24.7053,23.7986,24.6942,212818400\n\
                2015-01-05,23.5547,24.0868,23.3685,24.007,257142000\n";
    for header in [
        "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n",
        "Ticker,AAPL,AAPL,AAPL,AAPL,AAPL\nPrice,Close,High,Low,Open,Volume\nDate,,,,,\n",
        ",Close,High,Low,Open,Volume\n,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n",
        ",Close,High,Low,Open,Volume\nDate,AAPL,AAPL,AAPL,AAPL,AAPL\n",
        "Date,Close,High,Low,Open,Volume\n,AAPL,AAPL,AAPL,AAPL,AAPL\n",
        ",Close,High,Low,Open,Volume\n,AAPL,AAPL,AAPL,AAPL,AAPL\n",
    ] {
        for header in [header.to_owned(), header.repeat(2)] {
            let text = header.clone() + rows;
            let series = read(text.as_bytes(), &ReadOptions::default())
                .unwrap_or_else(|error| panic!("{header}{error}"));
            assert_eq!((series.len(), series[0].symbol()), (1, "AAPL"), "{header}");
            assert_eq!(days(&series[0]), ["2015-01-02 00:00:00", "2015-01-05 00:00:00"]);
            for (name, value) in
                [("open", 24.6942), ("high", 24.7053), ("low", 23.7986), ("close", 24.2375)]
            {
                assert_eq!(series[0].column(name).unwrap()[0], value, "{header}");
            }
            assert_eq!(series[0].column("volume").unwrap()[1], 257_142_000.0);
        }
    }
    let two = "Price,Close,Close,High,High,Low,Low,Open,Open\nTicker,A,B,A,B,A,B,A,B\n\
               Date,,,,,,,,\n2024-01-02,2,,3,,1,,2,\n2024-01-03,3,30,4,40,2,20,3,x\n";
    let error = read(two.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("line 5, column Open B: \"x\""), "{error}");
    let series = read(two.replace('x', "30").as_bytes(), &ReadOptions::default()).unwrap();
    let shape: Vec<_> = series.iter().map(|s| (s.symbol(), s.len())).collect();
    assert_eq!(shape, [("A", 2), ("B", 1)]);
    assert_eq!(series[1].column("low"), Some(&[20.0][..]));
    // Names may be told, and are those of all symbols.
    let text = two.replace('x', "30").replace("Close", "Kurs");
    let rename = BTreeMap::from([("Kurs".into(), "close".into())]);
    let error = read(text.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(!error.contains("this reads it"), "no line of names is skipped: {error}");
    let csv = CsvOptions { rename, ..CsvOptions::default() };
    let _ = read(text.as_bytes(), &with(csv));
}

#[test]
fn lines_of_names_are_never_skipped() {
    let rows = "2015-01-02,24.2,24.7,23.7,24.6,200\n2015-01-05,23.5,24.0,23.3,24.0,300\n";
    for header in [
        // The symbols are in no line.
        "Price,Close,High,Low,Open,Volume\nDate,,,,,\n",
        "Kurs,Hoch,Tief,Anfang,Ende,Menge\n",
        "a,b,c,d,e,f\ng,h,i,j,k,l\n",
        "Close\n",
        "2015-01-01,24.2,24.7,23.7,24.6,100,1\nDatum\n",
        "2014-01-01,24,25,23\nx,1,2,3,4,5\n",
    ] {
        let text = header.to_owned() + rows;
        let error = read(text.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
        assert!(!error.contains("skip_rows"), "{header}: {error}");
    }
    for banner in ["A remark,and more\n", "Report,,,,,\n", "\n# made by hand\n"] {
        let text = format!("{banner}date,close,high,low,open,volume\n{rows}");
        let lines = banner.lines().count();
        assert_eq!(proposal(text.as_bytes()), format!("skip_rows = {lines}"), "{banner}");
    }
}

#[test]
fn units_and_columns_of_no_whole_symbol_are_no_levels() {
    let rows = "2024-01-02,10,11,9,10.5,100\n2024-01-03,10.5,11,9,10.6,100\n";
    for (header, part) in [
        ("Date,Open,High,Low,Close,Volume\nUTC,USD,USD,USD,USD,shares\n", "column 6"),
        ("Date,Open,High,Low,Close,Volume\n,USD,USD,USD,USD,\n", "line 2"),
        ("Date,Open,High,Low,Close,Volume\n,(USD),(USD),(USD),(USD),(USD)\n", "line 2"),
        ("Price,Close,High,Low,Open,Volume\nTicker,A,A,A,A,B\nDate,,,,,\n", "column 6"),
    ] {
        let text = format!("{header}{rows}");
        let error = read(text.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{header}: {error}");
    }
    let whole =
        format!("Price,Close,High,Low,Open,Volume\nTicker,USD,USD,USD,USD,USD\nDate,,,,,\n{rows}");
    let series = read(whole.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!((series[0].symbol(), series[0].column("volume").unwrap()[0]), ("USD", 100.0));
}

#[test]
fn three_thousand_symbols_in_levels() {
    let (mut names, mut symbols, mut row) = (String::new(), String::new(), String::new());
    for symbol in 0..3_000 {
        names += ",Open,High,Low,Close,Volume";
        symbols += &format!(",S{symbol}").repeat(5);
        row += &format!(",1,2,1,1.5,{symbol}");
    }
    let text = format!(
        "Price{names}\nTicker{symbols}\nDate{}\n2024-01-02{row}\n2024-01-03{row}\n",
        ",".repeat(15_000)
    );
    let series = read(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(series.len(), 3_000);
    let last = series.iter().find(|one| one.symbol() == "S2999").unwrap();
    assert_eq!(last.column("volume"), Some(&[2_999.0; 2][..]));
}
