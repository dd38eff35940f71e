//! The corpora that the search starts from: small files as people have them, written here.
//!
//! `cargo test -p barloom-fuzz --test seeds -- --ignored` writes them again.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_dataset::{
    Build, FORMAT_VERSION, FileRecord, Manifest, MarketRecord, PartBuild, PartRecord, SEMANTICS,
    ShardRecord,
};
use barloom_fuzz::{read_samples, samples_recipe};
use barloom_market_data::{ReadOptions, read_bytes, write_market};
use barloom_plan::Plan;
use barloom_recipe::Recipe;
use barloom_schema::{SampleColumns, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

/// Name and bytes.
type Seeds = BTreeMap<&'static str, Vec<u8>>;

fn text(of: &[(&'static str, &str)]) -> Seeds {
    of.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect()
}

fn csv() -> Seeds {
    text(&[
        (
            "header",
            "Date,Open,High,Low,Close,Adj Close,Volume\n\
             2024-01-02,10,12,9,11,10.9,1000\n2024-01-03,11,13,10,12,11.9,1500\n\n\
             2024-01-04,\"12\",13,null,12,nan,0\n",
        ),
        (
            "semicolons",
            "time;symbol;o;h;l;c;v\n2024-01-02 09:30:00+01:00;A;1e1;12;9;11;5\n\
             2024-01-02T09:31:00Z;B;10;12;9;11;5\n2024-01-02 10:00:00.5 UTC;A;1;1;1;1;\n",
        ),
        (
            "tabs",
            "\u{feff}date\ttime\topen\thigh\tlow\tclose\n1/13/2024\t14:30\t1\t1\t1\t1\n\
             1/14/2024\t14:30\t1\t1\t1\t1\n",
        ),
        ("unnamed", ",open,high,low,close,note\n20240102,1,2,1,2,a\n20240101,1,2,1,2,b\n"),
        (
            "epochs",
            "ts,open,high,low,close\n1700000000,1,1,1,1\n1700000060000,1,1,1,1\n\
             1700000120000000,1,1,1,1\n-1,1,1,1,1\n1700000180000000000,1,-1,1,1\n",
        ),
        ("bare", "20240102 09:30:00,1,2,1,2,5\n2024/01/02 09:31,1,2,1,2,5\n"),
        (
            "json-records",
            "{\"meta\":{\"symbol\":\"A\"},\"values\":[{\"t\":1704153600.5,\"o\":10,\"h\":12,\"l\":9,\"c\":11,\"v\":\"5\"},\
             {\"v\":null,\"t\":1704240000,\"mid\":{\"x\":\"\\u0041\"},\"o\":10,\"h\":12,\"l\":9,\"c\":11}]}\n",
        ),
        (
            "json-columns",
            "{\"ticks\":[1704153600000,1704240000000],\"open\":[1,1],\"high\":[2,2],\"low\":[1,1],\"close\":[2,2]}",
        ),
    ])
}

const KLINES: &str = "1711670400000,3.5,4,3,3.75,100,1711670459999,350,7,50,175,0\n\
                      1711670460000,3.75,4,3,3.5,100,1711670519999,350,7,50,175,0\n";

fn klines() -> Seeds {
    let mut seeds = text(&[
        ("text", KLINES),
        ("micros", "1735689600000000,1,2,1,2,100,1735689659999999,150,7,50,75,0\n"),
        (
            "header",
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,\
             taker_buy_volume,taker_buy_quote_volume,ignore\n\
             1711670400000,1.5,2,1,1.75,100,1711670459999,150,7,50,75,0\n",
        ),
    ]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(KLINES.as_bytes()).unwrap();
    seeds.insert("gzip", gzip.finish().unwrap());
    let zipped = |members: &[&str], method| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(zip::DateTime::default());
        for name in members {
            zip.start_file(*name, options).unwrap();
            zip.write_all(KLINES.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let deflated = zip::CompressionMethod::Deflated;
    seeds.insert("zip", zipped(&["BTCUSDT_240329-1m-2024-03.csv"], deflated));
    seeds.insert(
        "stored",
        zipped(&["a/ES-2024-03.csv", "b/202403.csv"], zip::CompressionMethod::Stored),
    );
    seeds
}

fn batch(names: [&str; 6], mut columns: Vec<ArrayRef>) -> RecordBatch {
    let prices = [10.0, 12.0, 9.0, 11.0];
    columns.extend(prices.map(|price| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..5).map(|i| price + f64::from(i))))
    }));
    RecordBatch::try_from_iter(names.into_iter().zip(columns)).unwrap()
}

/// Bars with times and symbols of several types.
fn batches() -> [RecordBatch; 4] {
    let minutes = || (0..5).map(|i| 1_700_000_000_000 + i * 60_000);
    let symbols: ArrayRef = Arc::new(StringArray::from(vec!["A", "A", "A", "B", "B"]));
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let coded = cast(&symbols, &dictionary).unwrap();
    let zoned = TimestampNanosecondArray::from_iter_values(minutes().map(|ms| ms * 1_000_000));
    let prices = ["open", "high", "low", "close"];
    let named = |a, b| [a, b, prices[0], prices[1], prices[2], prices[3]];
    let volume: ArrayRef =
        Arc::new(Float32Array::from(vec![Some(1.0), None, Some(3.0), Some(0.0), Some(5.0)]));
    [
        batch(named("symbol", "ts"), vec![coded, Arc::new(zoned.with_timezone("UTC"))]),
        batch(
            named("time", "volume"),
            vec![Arc::new(TimestampMillisecondArray::from_iter_values(minutes())), volume],
        ),
        batch(
            named("date", "time"),
            vec![
                Arc::new(Date32Array::from(vec![19_000; 5])),
                Arc::new(StringArray::from(vec!["09:30", "09:31", "09:32", "09:33:30", "09:34"])),
            ],
        ),
        batch(
            named("open_time", "count"),
            vec![
                Arc::new(Int64Array::from_iter_values(minutes())),
                Arc::new(Int32Array::from(vec![1; 5])),
            ],
        ),
    ]
}

fn market() -> Market {
    let ts = |first: i64| (0..6).map(|bar| first + bar * 60_000_000_000).collect::<Vec<_>>();
    let names = ["open", "high", "low", "close", "volume"];
    let columns = || names.map(|name| Column::new(name, vec![7.0; 6])).to_vec();
    let first = 1_704_067_200_000_000_000;
    let a = Series::new("A", ts(first), columns()).unwrap().with_breaks(vec![3]).unwrap();
    let b = Series::new("B", ts(first + 7), columns()).unwrap();
    Market::new(&[a, b], &names.map(str::to_owned), MaxGap::Auto).unwrap()
}

fn arrow() -> Seeds {
    let mut seeds = Seeds::new();
    let [zoned, plain, apart, numbers] = batches();
    let file = |batch: &RecordBatch, packed| {
        let options = IpcWriteOptions::default().try_with_compression(packed).unwrap();
        let schema = batch.schema();
        let mut file = FileWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
        file.write(batch).unwrap();
        file.finish().unwrap();
        file.into_inner().unwrap()
    };
    seeds.insert("zoned", file(&zoned, None));
    seeds.insert("lz4", file(&plain, Some(CompressionType::LZ4_FRAME)));
    seeds.insert("zstd", file(&numbers, Some(CompressionType::ZSTD)));
    let mut stream = StreamWriter::try_new(Vec::new(), &apart.schema()).unwrap();
    stream.write(&apart).unwrap();
    stream.finish().unwrap();
    seeds.insert("stream", stream.into_inner().unwrap());
    let mut stored = Vec::new();
    write_market(&mut stored, &market()).unwrap();
    seeds.insert("bars", stored);
    seeds
}

fn parquet() -> Seeds {
    let write = |batch: &RecordBatch, properties: WriterPropertiesBuilder| {
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        bytes
    };
    let [zoned, plain, apart, numbers] = batches();
    let properties = WriterProperties::builder;
    let delta = properties()
        .set_dictionary_enabled(false)
        .set_column_encoding("open_time".into(), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding("open".into(), Encoding::BYTE_STREAM_SPLIT);
    let zstd = properties().set_compression(Compression::ZSTD(ZstdLevel::default()));
    let snappy =
        properties().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(2));
    let mut seeds = Seeds::new();
    seeds.insert("zoned", write(&zoned, properties()));
    seeds.insert("zstd", write(&plain, zstd));
    seeds.insert("snappy", write(&apart, snappy));
    seeds.insert("delta", write(&numbers, delta));
    seeds.insert("lz4", write(&plain, properties().set_compression(Compression::LZ4_RAW)));
    seeds
}

fn recipe() -> Seeds {
    let mut seeds = text(&[
        (
            "split",
            "[split]\nembargo = 3\nlookback_from = \"history\"\n[[split.part]]\n\
             name = \"train\"\nfraction = 0.8\n[[split.part]]\nname = \"test\"\nfraction = 0.2\n",
        ),
        (
            "dates",
            "[[split.part]]\nname = \"a\"\nuntil = 2024-01-01\n[[split.part]]\nname = \"b\"\n\
             until = 2024-02-01T10:00:00.5+01:00\n[[split.part]]\nname = \"c\"\n\
             until = \"2024-03-01\"\n",
        ),
        (
            "every",
            "[data]\nbars = \"x/*.csv\"\nchannels = [\"close\", \"my col\", \"volume\"]\n\
             max_gap = \"36h\"\non_bad_bar = \"drop\"\ntimezone = \"America/New_York\"\n\
             stamp = \"close\"\n[dataset]\nsamples = \"all\"\nseed = 0x10\npositions = \
             \"sequential\"\nactions_per_state = 3\n[sampling]\nequity = 1e4\nact_dir = 1\n\
             act_sl = { choice = [0.1, 0.2, 0.2] }\nposition = [0, 1]\n[scaling]\nclose = \
             \"zscore\"\n\"my col\" = \"minmax\"\nvolume = \"none\"\n[reward]\nmetric = [\"car\", \
             \"pnl\", \"calmar\"]\nclip = [-10, 10]\nbars_per_year = 252\nbarriers = \"ignore\"\n\
             costs = \"once\"\nentry = \"next_close\"\n[output]\nformat = \"virtual\"\n\
             shard_rows = 4096\ncompression = \"zstd(9)\"\n",
        ),
    ]);
    seeds.insert("init", Recipe::init_text(Recipe::default().reward.formulas).into_bytes());
    seeds.insert("frel", Recipe::frel_v1().to_toml().into_bytes());
    seeds
}

fn manifest() -> Seeds {
    let recipe = Recipe::default();
    let sha256 = format!("sha256:{}", "0".repeat(64));
    let file =
        |name: &str| FileRecord { name: name.into(), bytes: 10, checksum: "sha256:00".into() };
    let shard = ShardRecord { first: 0, rows: 20, files: vec![file("samples/00000.parquet")] };
    let mut manifest = Manifest {
        format_version: FORMAT_VERSION,
        semantics: SEMANTICS,
        barloom_version: "0.1.0".into(),
        format: "parquet".into(),
        samples: 20,
        positions: 5,
        part: None,
        recipe_digest: recipe.digest(),
        recipe: recipe.to_json(),
        schema: Schema::of_samples(&SampleColumns {
            channels: &recipe.data.channels.iter().map(String::as_str).collect::<Vec<_>>(),
            lookback: recipe.dataset.lookback,
            metrics: &["return"],
            ..SampleColumns::default()
        }),
        scalers: Default::default(),
        market: MarketRecord::new(&market(), &BTreeMap::from([("no_time".to_owned(), 3)]), 0),
        features: None,
        files: ["bars.arrow", "recipe.toml", "scalers.json"].map(file).to_vec(),
        shards: vec![shard.clone()],
        content_digest: Some(sha256.clone()),
        summary: None,
        manifest_digest: sha256.clone(),
    };
    let text = |manifest: &Manifest| serde_json::to_string_pretty(manifest).unwrap() + "\n";
    let mut seeds = Seeds::from([("parquet", text(&manifest).into_bytes())]);
    // The digest of a piece's manifest is that of the whole piece, which comes last.
    let empty = Manifest { manifest_digest: String::new(), ..manifest.clone() };
    let piece = format!(
        "{{\"piece\":{{\"index\":0,\"count\":2}},\"manifest\":{},\"digest\":\"{sha256}\"}}\n",
        serde_json::to_string(&empty).unwrap()
    );
    seeds.insert("piece", piece.into_bytes());
    let record = format!(
        "{{\"of\":\"{sha256}\",\"number\":0,\"first\":0,\"rows\":20,\"files\":{},\"blocks\":[\"{}\"],\
         \"tally\":{{\"actions\":{{\"hold\":20,\"long\":0,\"short\":0}},\"exits\":[20,0,0,0],\
         \"metrics\":[{{\"blocks\":[[0,0,0]],\"min\":0,\"max\":0,\"clipped\":0,\"nan\":0,\
         \"infinite\":0,\"histogram\":[[32768,20]]}}]}},\"digest\":\"{sha256}\"}}\n",
        serde_json::to_string(&shard.files).unwrap(),
        "0".repeat(32)
    );
    seeds.insert("record", record.into_bytes());
    manifest.part = Some(PartRecord {
        index: 1,
        name: "test".into(),
        start_ns: Some(-5),
        end_ns: None,
        fold: None,
    });
    manifest.recipe = serde_json::Value::Null;
    manifest.format = "npy".into();
    let files = ["samples/00000.open.npy", "samples/00000.reward.npy"].map(file).to_vec();
    manifest.shards = vec![
        ShardRecord { files, ..shard },
        ShardRecord { first: 20, rows: 1, files: vec![file("samples/00001.close.npy")] },
    ];
    manifest.samples = 21;
    seeds.insert("npy", text(&manifest).into_bytes());
    manifest.shards.clear();
    manifest.format = "virtual".into();
    seeds.insert("virtual", text(&manifest).into_bytes());
    seeds
}

/// Shards as builds write them, and one that was packed.
fn samples() -> Seeds {
    let shard = |output: &str, format: &str| {
        let market = Arc::new(market());
        let text = samples_recipe(format) + output;
        let recipe = Recipe::from_toml(&text, "seed").unwrap().resolve(&market).unwrap();
        let plan = Plan::new(&recipe, &market, None).unwrap();
        let session = plan.session(&CpuBackend::default(), Arc::clone(&market)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("d");
        let parts = vec![PartBuild { plan, session }];
        Build { threads: 1, ..Build::new(&out, &recipe, &market, parts) }.run().unwrap();
        std::fs::read(out.join(format!("samples/00000.{format}"))).unwrap()
    };
    let arrow = shard("", "arrow");
    let file = FileReader::try_new(Cursor::new(&arrow), None).unwrap();
    let schema = file.schema();
    let lz4 = Some(CompressionType::LZ4_FRAME);
    let options = IpcWriteOptions::default().try_with_compression(lz4).unwrap();
    let mut packed = FileWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    file.for_each(|batch| packed.write(&batch.unwrap()).unwrap());
    packed.finish().unwrap();
    Seeds::from([
        ("parquet", shard("", "parquet")),
        ("zstd", shard("compression = \"zstd\"\nbyte_stream_split = true\n", "parquet")),
        ("lz4", packed.into_inner().unwrap()),
        ("arrow", arrow),
    ])
}

fn all() -> [(&'static str, Seeds); 7] {
    [
        ("csv", csv()),
        ("klines", klines()),
        ("arrow", arrow()),
        ("parquet", parquet()),
        ("recipe", recipe()),
        ("manifest", manifest()),
        ("samples", samples()),
    ]
}

#[test]
#[ignore = "it writes the corpora"]
fn write_seeds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, seeds) in all() {
        let folder = corpus.join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in seeds {
            std::fs::write(folder.join(format!("seed-{name}")), bytes).unwrap();
        }
    }
}

/// A seed that is refused at the door shows the search nothing.
#[test]
fn seeds_are_read() {
    let is_read = |name: &str, bytes: &[u8]| {
        read_bytes(name, bytes, &ReadOptions::default()).map(drop).map_err(|e| e.to_string())
    };
    for (target, seeds) in all() {
        for (seed, bytes) in seeds {
            let read = match target {
                "recipe" => Recipe::from_toml(std::str::from_utf8(&bytes).unwrap(), "seed")
                    .map(drop)
                    .map_err(|e| e.to_string()),
                "manifest" => serde_json::from_slice::<serde_json::Value>(&bytes)
                    .map(drop)
                    .map_err(|e| e.to_string()),
                "samples" => read_samples(&bytes).map_err(|e| e.to_string()),
                "csv" => is_read("ACME.csv", &bytes),
                "klines" => is_read("BTCUSDT-1m-2024-03.zip", &bytes),
                _ => is_read("x", &bytes),
            };
            assert_eq!(read, Ok(()), "{target}/{seed}");
        }
    }
}
