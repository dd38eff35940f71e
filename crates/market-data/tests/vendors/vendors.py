"""Writes small files as vendors lay them out, and what pandas reads of each: expected.tsv.

Run `python vendors.py` in this folder; it needs pandas. The texts are made up, the layouts are not:
docs/bars.md says where each is known from. Every file is read here with its own explicit options, and
no code is shared with Barloom, which reads them without any.
"""

import io
import json
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
BARS = ["open", "high", "low", "close", "volume"]
rows = []


def add(name, text, read, encoding="utf-8"):
    """Writes a file, and keeps the bars that `read` makes of it."""
    (HERE / name).write_bytes(text.encode(encoding))
    frame = read(HERE / name, encoding)
    frame = frame.assign(ts=pd.to_datetime(frame["ts"], utc=True).astype("datetime64[ns, UTC]"))
    for symbol, group in frame.groupby("symbol", sort=False):
        for bar in group.sort_values("ts").itertuples():
            values = [repr(float(getattr(bar, column))) for column in BARS]
            rows.append([name, symbol, str(bar.ts.value), *values])


def table(renamed, symbol, when, **options):
    """A reader of delimited text: the names that columns get, and how times are made of them."""

    def read(path, encoding):
        frame = pd.read_csv(path, encoding=encoding, dtype=str, **options)
        frame.columns = [renamed.get(str(column).strip(), column) for column in frame.columns]
        number = {column: pd.to_numeric(frame[column]) for column in BARS}
        return frame.assign(
            **number,
            ts=when(frame),
            symbol=symbol(frame) if callable(symbol) else symbol,
        )

    return read


def at(format, *columns):
    """Times of columns that are joined by a blank."""

    def when(frame):
        text = frame[columns[0]]
        for column in columns[1:]:
            text = text + " " + frame[column]
        return pd.to_datetime(text, format=format)

    return when


ENGLISH = {name: name.lower() for name in ["Open", "High", "Low", "Close", "Volume"]}
ANGLE = {f"<{name.upper()}>": name for name in BARS} | {"<VOL>": "volume"}

add(
    "metatrader5.csv",
    "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    "2024.01.02\t00:05:00\t1.10427\t1.10429\t1.10425\t1.10428\t21\t1700\t12\n"
    "2024.01.02\t00:06:00\t1.10428\t1.10440\t1.10421\t1.10433\t35\t2900\t11\n",
    table(ANGLE, "metatrader5", at("%Y.%m.%d %H:%M:%S", "<DATE>", "<TIME>"), sep="\t"),
)
add(
    "metatrader4.csv",
    "2024.01.02,00:05,1.10427,1.10429,1.10425,1.10428,21\n"
    "2024.01.02,00:06,1.10428,1.10440,1.10421,1.10433,35\n",
    table({}, "metatrader4", at("%Y.%m.%d %H:%M", "date", "time"), names=["date", "time", *BARS]),
)
add(
    "finam.txt",
    "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n"
    "SBER;60;20240103;100000;271.90;273.20;271.63;273.05;3154780\n"
    "SBER;60;20240103;110000;273.05;273.44;272.71;273.22;1804330\n",
    table(ANGLE, "SBER", at("%Y%m%d %H%M%S", "<DATE>", "<TIME>"), sep=";"),
)
add(
    "metastock.txt",
    "<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n"
    "EURUSD,20240102,000100,1.1041,1.1043,1.1040,1.1042,4\n"
    "EURUSD,20240102,000200,1.1042,1.1046,1.1042,1.1045,4\n"
    "GBPUSD,20240102,000100,1.2731,1.2733,1.2730,1.2732,4\n",
    table(ANGLE, lambda f: f["<TICKER>"], at("%Y%m%d %H%M%S", "<DTYYYYMMDD>", "<TIME>")),
)
add(
    "dukascopy-gmt.csv",
    "Gmt time,Open,High,Low,Close,Volume\n"
    "31.01.2024 23:59:00.000,1.08182,1.08190,1.08177,1.08188,103.9\n"
    "01.02.2024 00:00:00.000,1.08188,1.08195,1.08180,1.08181,88.12\n",
    table(ENGLISH, "dukascopy-gmt", at("%d.%m.%Y %H:%M:%S.%f", "Gmt time")),
)
add(
    "dukascopy-local.csv",
    "Local time,Open,High,Low,Close,Volume\n"
    "31.01.2024 00:30:00.000 GMT+0100,1.08182,1.08190,1.08177,1.08188,103.9\n"
    "31.01.2024 00:31:00.000 GMT+0100,1.08188,1.08195,1.08180,1.08181,88.12\n",
    table(ENGLISH, "dukascopy-local", at("%d.%m.%Y %H:%M:%S.%f GMT%z", "Local time")),
)
add(
    "nasdaq.csv",
    "Date,Close/Last,Volume,Open,High,Low\n"
    "01/31/2024,$184.40,55467800,$187.04,$187.095,$184.35\n"
    "01/30/2024,$188.04,55859370,$190.94,$191.80,$187.47\n",
    lambda path, _: table(
        ENGLISH | {"Close/Last": "close"}, "nasdaq", at("%m/%d/%Y", "Date")
    )(io.StringIO(path.read_text().replace("$", "")), None),
)
add(
    "eodhd.csv",
    "Date,Open,High,Low,Close,Adjusted_close,Volume\n"
    "2024-01-02,187.15,188.44,183.885,185.64,184.9381,82488700\n"
    "2024-01-03,184.22,185.88,183.43,184.25,183.5534,58414500\n",
    table(ENGLISH, "eodhd", at("%Y-%m-%d", "Date")),
)
add(
    "tushare.csv",
    "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n"
    "000001.SZ,20240103,9.19,9.22,9.15,9.2,9.21,-0.01,-0.1086,733610.31,673673.613\n"
    "600000.SH,20240103,6.61,6.66,6.6,6.64,6.62,0.02,0.3021,184000.5,122100.25\n"
    "000001.SZ,20240102,9.39,9.42,9.21,9.21,9.39,-0.18,-1.9169,1158366.45,1075742.252\n"
    "600000.SH,20240102,6.63,6.67,6.6,6.62,6.62,0.0,0.0,175000.75,116300.5\n",
    table({"vol": "volume"}, lambda f: f["ts_code"], at("%Y%m%d", "trade_date")),
)
CHINESE = {"开盘": "open", "收盘": "close", "最高": "high", "最低": "low", "成交量": "volume"}
add(
    "eastmoney.csv",
    "日期,股票代码,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率\n"
    "2024-01-02,000001,9.39,9.21,9.42,9.21,1158366,1075742252.0,2.24,-1.92,-0.18,0.6\n"
    "2024-01-03,000001,9.19,9.20,9.22,9.15,733610,673673613.0,0.76,-0.11,-0.01,0.38\n",
    table(CHINESE, lambda f: f["股票代码"], at("%Y-%m-%d", "日期")),
)
NETEASE = {"开盘价": "open", "收盘价": "close", "最高价": "high", "最低价": "low", "成交量": "volume"}
add(
    "netease.csv",
    "日期,股票代码,名称,收盘价,最高价,最低价,开盘价,前收盘,涨跌额,涨跌幅,换手率,成交量,成交金额\n"
    "2024-01-03,'600000,浦发银行,6.64,6.66,6.6,6.61,6.62,0.02,0.3021,0.0627,18400050,122100250\n"
    "2024-01-02,'600000,浦发银行,6.62,6.67,6.6,6.63,6.62,0.0,0.0,0.0596,17500075,116300500\n",
    table(NETEASE, lambda f: f["股票代码"], at("%Y-%m-%d", "日期")),
    "gbk",
)
KOREAN = {"시가": "open", "고가": "high", "저가": "low", "종가": "close", "거래량": "volume"}
add(
    "krx.csv",
    '"일자","종가","대비","등락률","시가","고가","저가","거래량","거래대금","시가총액","상장주식수"\n'
    '"2024/01/03","77000","-2600","-3.27","78500","78800","77000","21753644","1691690224600",'
    '"459671","5969782550"\n'
    '"2024/01/02","79600","1100","1.40","78200","79800","78200","17142847","1356958225913",'
    '"475194","5969782550"\n',
    table(KOREAN, "krx", at("%Y/%m/%d", "일자")),
    "euc-kr",
)
JAPANESE = {"始値": "open", "高値": "high", "安値": "low", "終値": "close", "出来高": "volume"}
add(
    "tokyo.csv",
    "日付,始値,高値,安値,終値,出来高,売買代金\n"
    "2024-01-05,33397.52,33568.04,33257.43,33377.42,1650000,4100000\n"
    "2024-01-04,33193.05,33299.39,32693.18,33288.29,1790000,4300000\n",
    table(JAPANESE, "tokyo", at("%Y-%m-%d", "日付")),
    "shift-jis",
)
add(
    "investing-japan.csv",
    '"日付け","終値","始値","高値","安値","出来高","変化率 %"\n'
    '"2024年01月05日","141.25","140.8","142.1","140.2","1500","0.3%"\n'
    '"2024年01月04日","140.82","141.1","141.9","140.0","1400","-0.2%"\n',
    table(JAPANESE, "investing-japan", at("%Y年%m月%d日", "日付け")),
)
GERMAN = {"Eröffnung": "open", "Hoch": "high", "Tief": "low", "Schluss": "close", "Volumen": "volume"}
add(
    "onvista.csv",
    "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n"
    "02.01.2024;144.5;145.2;142.9;143.1;1500\n"
    "15.01.2024;143.1;144.0;141.7;142.2;1250\n",
    table(GERMAN, "onvista", at("%d.%m.%Y", "Datum"), sep=";"),
    "cp1252",
)
POLISH = {
    "Otwarcie": "open",
    "Najwyzszy": "high",
    "Najnizszy": "low",
    "Zamkniecie": "close",
    "Wolumen": "volume",
}
add(
    "stooq-poland.csv",
    "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\n"
    "2024-01-02,2342.88,2364.37,2322.62,2333.39,18634361\n"
    "2024-01-03,2327.93,2327.93,2264.96,2268.31,26530148\n",
    table(POLISH, "stooq-poland", at("%Y-%m-%d", "Data")),
)
FULL = {
    "OPEN_PRICE": "open",
    "HIGH_PRICE": "high",
    "LOW_PRICE": "low",
    "CLOSE_PRICE": "close",
    "TTL_TRD_QNTY": "volume",
}
add(
    "nse-full.csv",
    "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, "
    "AVG_PRICE, TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER\n"
    "XYZ, EQ, 02-Jan-2024, 35.2, 36, 36.8, 35.25, 35.65, 35.8, 35.96, 49077, 17.65, 370, 30000, 61.1\n"
    "XYZ, BE, 02-Jan-2024, 35.2, 36.1, 36.2, 36, 36.1, 36.1, 36.08, 77, 0.03, 3, -, -\n",
    table(
        FULL,
        lambda f: f["SYMBOL"] + "-" + f[" SERIES"].str.strip(),
        lambda f: pd.to_datetime(f[" DATE1"].str.strip(), format="%d-%b-%Y"),
    ),
)
UDIFF = {
    "OpnPric": "open",
    "HghPric": "high",
    "LwPric": "low",
    "ClsPric": "close",
    "TtlTradgVol": "volume",
}
add(
    "nse-udiff.csv",
    "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,OpnPric,HghPric,LwPric,"
    "ClsPric,LastPric,PrvsClsgPric,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd\n"
    "2024-07-08,2024-07-08,CM,NSE,STK,19585,INE000000001,XYZ,EQ,,36,36.8,35.25,35.8,35.65,35.2,49077,"
    "1764577.1,370\n"
    "2024-07-08,2024-07-08,CM,NSE,STK,19586,INE000000001,XYZ,BE,,36.1,36.2,36,36.1,36.1,35.2,77,1764.1,3\n",
    table(UDIFF, lambda f: f["TckrSymb"] + "-" + f["SctySrs"], at("%Y-%m-%d", "TradDt")),
)
add(
    "polygon-day.csv",
    "ticker,volume,open,close,high,low,window_start,transactions\n"
    "A,1287,138.2,138.6,138.9,138.1,1704171600000000000,40\n"
    "AA,3313,33.5,33.1,33.6,33.0,1704171600000000000,91\n"
    "A,1790,137.9,136.2,138.0,136.1,1704258000000000000,55\n"
    "AA,2950,33.0,32.2,33.1,32.1,1704258000000000000,80\n",
    table({}, lambda f: f["ticker"], lambda f: pd.to_datetime(f["window_start"].astype("int64"))),
)
XETRA = {
    "StartPrice": "open",
    "MaxPrice": "high",
    "MinPrice": "low",
    "EndPrice": "close",
    "TradedVolume": "volume",
}
add(
    "xetra.csv",
    "ISIN,Mnemonic,SecurityDesc,SecurityType,Currency,SecurityID,Date,Time,StartPrice,MaxPrice,MinPrice,"
    "EndPrice,TradedVolume,NumberOfTrades\n"
    "DE0007164600,SAP,SAP SE O.N.,Common stock,EUR,2505077,2021-12-30,08:00,124.6,124.9,124.5,124.7,9876,41\n"
    "DE0007164600,SAP,SAP SE O.N.,Common stock,EUR,2505077,2021-12-30,08:01,124.7,124.8,124.6,124.6,1204,12\n",
    table(XETRA, lambda f: f["Mnemonic"], at("%Y-%m-%d %H:%M", "Date", "Time")),
)
OKX = {"o": "open", "h": "high", "l": "low", "c": "close", "vol": "volume"}
add(
    "okx.csv",
    "ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm\n"
    "1704067260000,42290.1,42300.5,42280,42299.9,11.5,486000.25,486000.25,1\n"
    "1704067200000,42283.5,42295,42261,42290.1,27.4,1158000.5,1158000.5,1\n",
    table(OKX, "okx", lambda f: pd.to_datetime(f["ts"].astype("int64"), unit="ms")),
)
COINAPI = {f"price_{name}": name for name in BARS[:4]} | {"volume_traded": "volume"}
add(
    "coinapi.csv",
    "time_period_start,time_period_end,time_open,time_close,price_open,price_high,price_low,price_close,"
    "volume_traded,trades_count\n"
    "2024-01-01T00:00:00.0000000Z,2024-01-01T00:01:00.0000000Z,2024-01-01T00:00:00.1230000Z,"
    "2024-01-01T00:00:59.9000000Z,42283.5,42295,42261,42290.1,27.4,812\n"
    "2024-01-01T00:01:00.0000000Z,2024-01-01T00:02:00.0000000Z,2024-01-01T00:01:00.0500000Z,"
    "2024-01-01T00:01:59.7000000Z,42290.1,42300.5,42280,42299.9,11.5,499\n",
    table(COINAPI, "coinapi", lambda f: pd.to_datetime(f["time_period_start"])),
)
add(
    "futu.csv",
    "code,time_key,open,close,high,low,pe_ratio,turnover_rate,volume,turnover,change_rate,last_close\n"
    "HK.00700,2024-01-02 00:00:00,293.0,290.8,294.2,290.0,13.1,0.0011,10234567,2980000000.0,-1.02,293.8\n"
    "HK.00700,2024-01-03 00:00:00,288.0,287.6,290.0,286.2,13.0,0.0012,11345678,3270000000.0,-1.1,290.8\n",
    table({}, lambda f: f["code"], at("%Y-%m-%d %H:%M:%S", "time_key")),
)
add(
    "ninjatrader.txt",
    "20240102 093100;4770.25;4771.5;4769.75;4771;1250\n"
    "20240102 093200;4771;4772.25;4770.5;4772;980\n",
    table({}, "ninjatrader", at("%Y%m%d %H%M%S", "time"), sep=";", names=["time", *BARS]),
)
add(
    "kibot.txt",
    "01/02/2024,09:30,187.15,187.3,186.9,187.05,120345\n"
    "01/31/2024,09:30,187.04,187.1,186.8,186.95,98012\n",
    table({}, "kibot", at("%m/%d/%Y %H:%M", "date", "time"), names=["date", "time", *BARS]),
)
BLOOMBERG = {f"PX_{name.upper()}": name for name in BARS} | {"PX_LAST": "close"}
add(
    "bloomberg.csv",
    "Dates,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME\n"
    "2024-01-02,187.15,188.44,183.885,185.64,82488700\n"
    "2024-01-03,184.22,185.88,183.43,184.25,58414500\n",
    table(BLOOMBERG, "bloomberg", at("%Y-%m-%d", "Dates")),
)


def records(find, names, symbol, when):
    """A reader of JSON: the list of records in it, and pandas' names of their keys."""

    def read(path, _):
        whole = json.loads(path.read_text())
        frame = pd.DataFrame(find(whole)).rename(columns=names)
        number = {column: pd.to_numeric(frame[column]) for column in BARS}
        return frame.assign(**number, ts=when(frame), symbol=symbol)

    return read


LETTERS = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
add(
    "polygon.json",
    '{"ticker":"AAPL","queryCount":2,"adjusted":true,"results":['
    '{"v":82488700,"vw":185.9,"o":187.15,"c":185.64,"h":188.44,"l":183.885,"t":1704171600000,"n":1008871},'
    '{"v":58414500,"vw":184.3,"o":184.22,"c":184.25,"h":185.88,"l":183.43,"t":1704258000000,"n":656853}],'
    '"status":"OK","count":2}\n',
    records(lambda w: w["results"], LETTERS, "AAPL", lambda f: pd.to_datetime(f["t"], unit="ms")),
)
add(
    "alphavantage.json",
    '{\n "Meta Data": {"1. Information": "Daily Prices", "2. Symbol": "IBM"},\n'
    ' "Time Series (Daily)": {\n'
    '  "2024-01-03": {"1. open": "161.0", "2. high": "161.73", "3. low": "160.08", "4. close": "160.1", '
    '"5. volume": "4086065"},\n'
    '  "2024-01-02": {"1. open": "162.83", "2. high": "163.29", "3. low": "160.46", "4. close": "161.5", '
    '"5. volume": "3825044"}\n }\n}\n',
    records(
        lambda w: [{"day": day} | bar for day, bar in w["Time Series (Daily)"].items()],
        {f"{n}. {name}": name for n, name in enumerate(BARS, 1)},
        "IBM",
        lambda f: pd.to_datetime(f["day"]),
    ),
)
add(
    "yahoo-chart.json",
    '{"chart":{"result":[{"meta":{"currency":"USD","symbol":"MSFT","validRanges":["1d","5d"]},'
    '"timestamp":[1704205800,1704292200],"indicators":{"quote":[{"open":[373.86,369.01],'
    '"close":[370.87,370.6],"low":[366.77,368.51],"high":[375.9,373.26],"volume":[25258600,23083500]}],'
    '"adjclose":[{"adjclose":[367.94,367.67]}]}}],"error":null}}\n',
    records(
        lambda w: w["chart"]["result"][0]["indicators"]["quote"][0]
        | {"t": w["chart"]["result"][0]["timestamp"]},
        {},
        "MSFT",
        lambda f: pd.to_datetime(f["t"], unit="s"),
    ),
)
add(
    "binance.json",
    '[[1704067200000,"42283.58","42554.57","42261.02","42475.23","1271.68",1704070799999,"53957249.97",'
    '47134,"682.57","28957416.81","0"],'
    '[1704070800000,"42475.23","42775.00","42431.65","42613.56","1196.37",1704074399999,"50984743.28",'
    '46041,"605.47","25803108.35","0"]]\n',
    records(lambda w: w, dict(enumerate(["t", *BARS])), "binance", lambda f: pd.to_datetime(f["t"], unit="ms")),
)
add(
    "twelvedata.json",
    '{"meta":{"symbol":"TSLA","interval":"1min"},"values":['
    '{"datetime":"2024-01-02 15:59:00","open":"248.5","high":"248.6","low":"248.3","close":"248.48","volume":"410523"},'
    '{"datetime":"2024-01-02 15:58:00","open":"248.4","high":"248.55","low":"248.35","close":"248.5","volume":"398811"}],'
    '"status":"ok"}\n',
    records(lambda w: w["values"], {}, "TSLA", lambda f: pd.to_datetime(f["datetime"])),
)
add(
    "finnhub.json",
    '{"c":[185.64,184.25],"h":[188.44,185.88],"l":[183.885,183.43],"o":[187.15,184.22],"s":"ok",'
    '"t":[1704153600,1704240000],"v":[82488700,58414500]}\n',
    records(lambda w: w, LETTERS, "finnhub", lambda f: pd.to_datetime(f["t"], unit="s")),
)
add(
    "moex.json",
    '{"candles":{"metadata":{"open":{"type":"double"}},"columns":["open","close","high","low","value",'
    '"volume","begin","end"],"data":[[271.9,273.05,273.2,271.63,861130000.5,3154780,"2024-01-03 10:00:00",'
    '"2024-01-03 10:59:59"],[273.05,273.22,273.44,272.71,492700000.25,1804330,"2024-01-03 11:00:00",'
    '"2024-01-03 11:59:59"]]}}\n',
    records(
        lambda w: [dict(zip(w["candles"]["columns"], row)) for row in w["candles"]["data"]],
        {},
        "moex",
        lambda f: pd.to_datetime(f["begin"]),
    ),
)
add(
    "alpaca.json",
    '{"bars":{"AAPL":[{"c":185.64,"h":188.44,"l":183.885,"n":1008871,"o":187.15,"t":"2024-01-02T05:00:00Z",'
    '"v":82488700,"vw":185.9},{"c":184.25,"h":185.88,"l":183.43,"n":656853,"o":184.22,'
    '"t":"2024-01-03T05:00:00Z","v":58414500,"vw":184.3}]},"next_page_token":null}\n',
    records(lambda w: w["bars"]["AAPL"], LETTERS, "AAPL", lambda f: pd.to_datetime(f["t"])),
)
lines = pd.DataFrame(
    {
        "ts": ["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"],
        "open": [10.0, 11.0],
        "high": [12.0, 13.0],
        "low": [9.0, 10.0],
        "close": [11.0, 12.0],
        "volume": [7.0, None],
    }
)
add(
    "lines.jsonl",
    lines.to_json(orient="records", lines=True),
    lambda path, _: pd.read_json(path, lines=True).assign(symbol="lines"),
)
for orient in ["records", "columns", "index", "split", "table"]:
    frame = lines.set_index("ts") if orient in ["index", "table"] else lines
    add(
        f"pandas-{orient}.json",
        frame.to_json(orient=orient),
        lambda path, _, orient=orient: pd.read_json(
            io.StringIO(path.read_text()), orient=orient, convert_axes=False
        )
        .pipe(lambda f: f if "ts" in f.columns else f.rename_axis("ts").reset_index())
        .assign(symbol=f"pandas-{orient}"),
    )

with open(HERE / "expected.tsv", "w", encoding="utf-8") as out:
    print("file", "symbol", "ts", *BARS, sep="\t", file=out)
    for row in rows:
        print(*row, sep="\t", file=out)
