//! Files of bars into others: many into one, or each for itself into a folder by symbol.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use barloom_bars::Series;
use barloom_reading::OnBadBar;
use rayon::prelude::*;
use serde::Serialize;

use crate::names::{folder_of_symbol, stem};
use crate::new_folder::NewFolder;
use crate::paths::expand_all;
use crate::{Compression, Joined, Loaded, MarketDataError, ReadOptions, WriteOptions, read, write};

/// A conversion of files.
pub struct Conversion<'a> {
    /// Files, globs, folders.
    pub inputs: &'a [String],
    /// A file, or a folder.
    pub out: &'a Path,
    /// The ending of files in a folder; `None` if `out` is a file.
    pub folder_of: Option<&'a str>,
    /// The options for reading. Their watch receives the bytes of each file that was read, and stops
    /// the conversion.
    pub read: &'a ReadOptions,
    /// The treatment of unusable bars.
    pub on_bad_bar: OnBadBar,
    /// True if existing files may be replaced.
    pub overwrite: bool,
    /// The compression of Parquet columns.
    pub compression: Compression,
    /// Called once, before there is anything on disk that would be left if the process ended.
    pub begins: &'a (dyn Fn() + Sync),
}

/// The result of a conversion.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Converted {
    /// Files that were read.
    pub inputs: usize,
    /// Files that were written.
    pub files: usize,
    /// Bars that were written.
    pub bars: u64,
    /// Different symbols.
    pub symbols: usize,
    /// The number of dropped bars, by fault.
    pub dropped: BTreeMap<String, u64>,
    /// Number of bars whose high or low was widened to hold their open and close.
    pub widened: u64,
    /// Files that were joined into one series though their names differ by more than dates.
    pub joined: Vec<Joined>,
    /// Notes for the user.
    pub notes: Vec<String>,
}

impl Conversion<'_> {
    /// The files that inputs name and the bytes of each, in natural order.
    ///
    /// # Errors
    /// A path, glob or folder names no file.
    pub fn files(inputs: &[String]) -> Result<Vec<(String, u64)>, MarketDataError> {
        let files = expand_all(inputs)?;
        let size = |file: &String| fs::metadata(file).map_or(0, |metadata| metadata.len());
        Ok(files.iter().map(|file| (file.clone(), size(file))).collect())
    }

    /// Converts: into one file, in which files of one symbol are joined; or into a folder
    /// `symbol=AAPL` for each symbol, in which each file read is one (where bars are aggregated,
    /// which goes over files, there is one in all). What is written appears whole or not at all.
    ///
    /// # Errors
    /// A file cannot be read or holds no usable bars; the output is there, or cannot be written; it
    /// was stopped.
    pub fn run(&self) -> Result<Converted, MarketDataError> {
        let files = Self::files(self.inputs)?;
        match self.folder_of {
            None => self.to_file(&files),
            Some(ending) => self.to_folder(&files, ending),
        }
    }

    fn to_file(&self, files: &[(String, u64)]) -> Result<Converted, MarketDataError> {
        if !self.overwrite && fs::symlink_metadata(self.out).is_ok() {
            return Err(MarketDataError::Exists(self.out.to_path_buf()));
        }
        let names: Vec<String> = files.iter().map(|(file, _)| file.clone()).collect();
        let loaded = read(&names, self.read)?.into_series(self.on_bad_bar)?;
        files.iter().for_each(|(_, bytes)| (self.read.watch.progress)(*bytes));
        (self.begins)();
        write(self.out, &loaded.series, self.writing(true))?;
        let mut converted = Converted { inputs: files.len(), files: 1, ..Converted::default() };
        let symbols = converted.add(&loaded);
        converted.symbols = symbols.len();
        Ok(converted)
    }

    fn to_folder(
        &self,
        files: &[(String, u64)],
        ending: &str,
    ) -> Result<Converted, MarketDataError> {
        (self.begins)();
        let new = NewFolder::beside(self.out, self.overwrite)?;
        let mut converted = Converted { inputs: files.len(), ..Converted::default() };
        let mut symbols = BTreeSet::new();
        if self.read.aggregate.is_some() {
            let names: Vec<String> = files.iter().map(|(file, _)| file.clone()).collect();
            let loaded = read(&names, self.read)?.into_series(self.on_bad_bar)?;
            files.iter().for_each(|(_, bytes)| (self.read.watch.progress)(*bytes));
            let written: Result<(), MarketDataError> = loaded
                .series
                .par_iter()
                .try_for_each(|series| self.write_one(new.path(), series, "bars", ending));
            written?;
            converted.files = loaded.series.len();
            symbols = converted.add(&loaded);
        } else {
            let names = file_names(files);
            let one = |((file, bytes), name): (&(String, u64), &String)| {
                if (self.read.watch.stop)() {
                    let stopped = io::Error::new(io::ErrorKind::Interrupted, "it was stopped");
                    return Err(MarketDataError::io(self.out, "write")(stopped));
                }
                let bars = read(std::slice::from_ref(file), self.read)?;
                let loaded = bars.into_series(self.on_bad_bar)?;
                for series in &loaded.series {
                    self.write_one(new.path(), series, name, ending)?;
                }
                (self.read.watch.progress)(*bytes);
                let mut part = Converted { files: loaded.series.len(), ..Converted::default() };
                let symbols = part.add(&loaded);
                Ok((part, symbols))
            };
            let parts: Vec<Result<_, MarketDataError>> =
                files.par_iter().zip(&names).map(one).collect();
            for part in parts {
                let (part, of_part) = part?;
                converted.files += part.files;
                converted.bars += part.bars;
                for (fault, count) in part.dropped {
                    *converted.dropped.entry(fault).or_default() += count;
                }
                converted.widened += part.widened;
                converted.notes.extend(part.notes);
                symbols.extend(of_part);
            }
        }
        converted.symbols = symbols.len();
        new.finish()?;
        Ok(converted)
    }

    fn write_one(
        &self,
        folder: &Path,
        series: &Series,
        name: &str,
        ending: &str,
    ) -> Result<(), MarketDataError> {
        let folder = folder.join(folder_of_symbol(series.symbol()));
        fs::create_dir_all(&folder).map_err(MarketDataError::io(&folder, "create"))?;
        let path = folder.join(format!("{name}.{ending}"));
        write(&path, std::slice::from_ref(series), self.writing(false))
    }

    /// The options for writing; files in a folder of their symbol have no symbol column.
    fn writing(&self, symbols: bool) -> WriteOptions<'_> {
        WriteOptions {
            overwrite: self.overwrite,
            symbols,
            columns: None,
            compression: self.compression,
            stop: &*self.read.watch.stop,
        }
    }
}

impl Converted {
    /// Adds what was loaded; its symbols.
    fn add(&mut self, loaded: &Loaded) -> BTreeSet<String> {
        self.bars += loaded.series.iter().map(|series| series.len() as u64).sum::<u64>();
        self.dropped.clone_from(&loaded.dropped);
        self.widened = loaded.widened;
        self.joined.clone_from(&loaded.joined);
        self.notes.clone_from(&loaded.notes);
        loaded.series.iter().map(|series| series.symbol().to_owned()).collect()
    }
}

/// The names of output files: the inputs' own names without extensions. If two are equal, or a name
/// is empty, the whole paths are used.
fn file_names(files: &[(String, u64)]) -> Vec<String> {
    let stems: Vec<&str> = files.iter().map(|(file, _)| stem(file)).collect();
    let different: BTreeSet<&str> = stems.iter().copied().collect();
    if different.len() == stems.len() && !different.contains("") {
        return stems.into_iter().map(str::to_owned).collect();
    }
    let whole = |(file, _): &(String, u64)| {
        let path = file.trim_start_matches(['.', '/', '\\']);
        path.replace(['/', '\\', ':'], "-")
    };
    files.iter().map(whole).collect()
}
