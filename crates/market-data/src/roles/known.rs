//! Names of columns that are known without options, as [`normalise`](super::normalise) writes them.
//!
//! A name is in these lists only if it means one thing in files of bars. Names that can mean two
//! things (`last`, `price`, `first`) are proposed instead (`text/propose.rs`).

/// Names of the time of a row, the first of which is taken.
pub(super) const TIME: &[&str] = &[
    "ts",
    "timestamp",
    "timestamp_utc",
    "datetime",
    "date_time",
    "open_time",
    "opentime",
    "ts_event",
    "time_utc",
    "gmt_time",
    "date",
    "time",
    "transact_time",
    "trade_time",
    // Polygon, tushare, NSE, MetaStock, CoinAPI, futu, MOEX, Dukascopy, Deribit.
    "window_start",
    "trade_date",
    "tradedate",
    "traddt",
    "date1",
    "dtyyyymmdd",
    "time_period_start",
    "time_key",
    "local_time",
    "dates",
    "utc",
    "utc_time",
    "date/time",
    "datetime_(utc)",
    "date_(utc)",
    "time_(utc)",
    "timestamp_(utc)",
    // Chinese, Korean, Japanese, German, Polish, French.
    "交易时间",
    "日期时间",
    "时间",
    "交易日期",
    "日期",
    "일시",
    "날짜",
    "일자",
    "日時",
    "日付",
    "日付け",
    "datum",
    "data",
    // Beside a date these are rather of something else: a contract's first day, a row's entry.
    "start_time",
    "starttime",
    "start_date",
    "begin",
    "created_time",
    "createdtime",
    "ticks",
    "index",
    "__index_level_0__",
    "unnamed:_0",
    "",
];

/// Names of a date, and of the time of day beside it: together they are one time.
pub(super) const DATE_AND_TIME: &[(&str, &[&str])] = &[
    ("date", &["time", "minute"]),
    ("dtyyyymmdd", &["time"]),
    ("trade_date", &["trade_time"]),
    ("日期", &["时间"]),
    ("날짜", &["시간"]),
    ("일자", &["시간"]),
    ("日付", &["時刻", "時間"]),
    ("datum", &["zeit", "uhrzeit"]),
];

/// Names of the symbol of a row, the first of which is taken.
pub(super) const SYMBOL: &[&str] = &[
    "symbol",
    "ticker",
    "stock",
    "instrument",
    "sym",
    "pair",
    "tic",
    "ts_code",
    "tckrsymb",
    "instrument_name",
    "inst_id",
    "instid",
    "mnemonic",
    "#ric",
    "ric",
    "stock_code",
    "股票代码",
    "证券代码",
    "合约代码",
    "代码",
    "종목코드",
    "銘柄コード",
    "コード",
    "code",
    "name",
];

/// Names of the symbol that also name other things, as patterns of candles: they are it only where
/// their text repeats no time of its own ([`check_weak`](crate::panel::check_weak)).
pub(super) const WEAK_SYMBOL: &[&str] = &["code", "name"];

/// Names of a further part of the symbol: NSE lists one symbol in several series.
pub(super) const SERIES: &[&str] = &["series", "sctysrs"];

/// A column of bars, and its names. All names of a list mean the same.
pub(super) const BARS: [(&str, &[&str]); 5] = [
    (
        "open",
        &[
            "open",
            "open_price",
            "openprice",
            "price_open",
            "opnpric",
            "startprice",
            "px_open",
            "开盘",
            "开盘价",
            "시가",
            "始値",
            "eröffnung",
            "eroeffnung",
            "eröffnungskurs",
            "erster",
            "otwarcie",
            "ouverture",
        ],
    ),
    (
        "high",
        &[
            "high",
            "high_price",
            "highprice",
            "price_high",
            "hghpric",
            "maxprice",
            "px_high",
            "最高",
            "最高价",
            "고가",
            "高値",
            "hoch",
            "tageshoch",
            "najwyzszy",
            "plus_haut",
        ],
    ),
    (
        "low",
        &[
            "low",
            "low_price",
            "lowprice",
            "price_low",
            "lwpric",
            "minprice",
            "px_low",
            "最低",
            "最低价",
            "저가",
            "安値",
            "tief",
            "tagestief",
            "najnizszy",
            "plus_bas",
        ],
    ),
    (
        "close",
        &[
            "close",
            "close_price",
            "closeprice",
            "price_close",
            "clspric",
            "endprice",
            "close/last",
            "px_last",
            "收盘",
            "收盘价",
            "종가",
            "終値",
            "schluss",
            "schlusskurs",
            "zamkniecie",
            "clôture",
        ],
    ),
    (
        "volume",
        &[
            "volume",
            "vol",
            "vol.",
            "total_traded_quantity",
            "tottrdqty",
            "ttl_trd_qnty",
            "ttltradgvol",
            "tradedvolume",
            "volume_traded",
            "px_volume",
            "成交量",
            "거래량",
            "出来高",
            "stücke",
            "stuecke",
            "wolumen",
        ],
    ),
];

/// The same columns in one letter. They count only where all four prices are there.
pub(super) const LETTERS: [(&str, &str); 5] =
    [("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"), ("volume", "v")];

/// The time of rows whose columns are letters.
pub(super) const TIME_LETTER: &str = "t";

/// Names of a volume where there is none of the usual ones. Each means something else beside one:
/// a number of price changes, or a turnover.
pub(super) const SECOND_VOLUME: &[&str] =
    &["tick_volume", "tickvolume", "tickvol", "volumen", "umsatz"];

/// Other columns with several names.
pub(super) const OTHERS: &[(&str, &[&str])] = &[
    ("adj_close", &["adj_close", "adj._close", "adjclose", "adjusted_close", "調整後終値"]),
    ("tick_volume", &["tick_volume", "tickvolume", "tickvol"]),
];

/// Names of the price of a trade.
pub(super) const PRICE: &[&str] = &["price", "trade_price", "px"];

/// Names of the size of a trade. All mean the same.
pub(super) const SIZE: &[&str] = &["size", "quantity", "qty", "volume", "vol", "trade_size"];

/// The size of a trade where there is none of these: beside one it is what was paid.
pub(super) const AMOUNT: &str = "amount";

/// Names of the side of a trade's aggressor.
pub(super) const TAKER: &[&str] =
    &["side", "taker_side", "takerside", "aggressor_side", "aggressor", "trade_side"];

/// Names of flags that are true where the buyer was the maker.
pub(super) const BUYER_MAKER: &[&str] =
    &["is_buyer_maker", "isbuyermaker", "buyer_maker", "buyermaker"];

/// The same flags in one letter, beside a price and a size in one letter.
pub(super) const BUYER_MAKER_LETTER: &str = "m";

/// Price and size of a trade in one letter. They count only together.
pub(super) const TRADE_LETTERS: (&str, &[&str]) = ("p", &["q", "v"]);
