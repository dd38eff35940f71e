//! A market and the draws of its parts in a device's memory.

use std::sync::Arc;

use barloom_backend::{BackendError, BarTables, Draws, PreparedValues, Program};
use barloom_bars::{Market, SeriesSpan};
use barloom_rewards::{Formulas, Metric, SameBar, TreeTable};
use barloom_sampling::{Directions, GridAction, PositionOrder, Real};
use barloom_scaling::{ChannelScaler, last_divisor};

use crate::device::{Device, Memory};
use crate::{CudaError, layout};

/// The data that kernels read of a market, for all parts: structures with the device's addresses.
pub(crate) struct MarketTables {
    pub(crate) trading: layout::Trading,
    pub(crate) metrics: Vec<layout::Metric>,
    pub(crate) channels: Vec<layout::Channel>,
    /// The snapshot, without a place for its values.
    pub(crate) snapshot: layout::Snapshot,
    /// Times of bars.
    ts: u64,
    /// The memory of the addresses.
    _memory: Vec<Memory>,
}

/// The data that kernels read of the draws of one part.
pub(crate) struct DrawTables {
    pub(crate) draws: layout::Draws,
    /// The memory of the addresses, but for the market's.
    _memory: Vec<Memory>,
}

impl MarketTables {
    pub(crate) fn new(
        device: &Arc<Device>,
        market: &Market,
        program: &Program,
    ) -> Result<Self, BackendError> {
        let tables = BarTables::new(market, program)?;
        let mut upload = Upload { device, memory: Vec::new(), known: Vec::new() };
        let trading = upload.trading(market, program, &tables)?;
        let metrics = upload.metrics(market, program, &tables)?;
        let channels = upload.channels(program, &tables)?;
        let snapshot = layout::Snapshot {
            columns: tables.snapshot.columns() as u64,
            values: upload.temporary(tables.snapshot.values())?,
            ..layout::Snapshot::default()
        };
        let ts = upload.slice(market.ts())?;
        Ok(Self { trading, metrics, channels, snapshot, ts, _memory: upload.memory })
    }
}

impl DrawTables {
    /// The draws of a part of this market.
    pub(crate) fn new(
        device: &Arc<Device>,
        market: &MarketTables,
        draws: &Draws,
    ) -> Result<Self, CudaError> {
        let mut upload = Upload { device, memory: Vec::new(), known: Vec::new() };
        let draws = upload.draws(draws, market.ts)?;
        Ok(Self { draws, _memory: upload.memory })
    }
}

struct Upload<'a> {
    device: &'a Arc<Device>,
    memory: Vec<Memory>,
    /// Host addresses and lengths of what was uploaded, and where it is now.
    known: Vec<((usize, usize), u64)>,
}

impl Upload<'_> {
    /// The address of these values on the device; 0 for none. Values that stay where they are
    /// while the tables are made are uploaded once.
    fn slice<T: bytemuck::NoUninit>(&mut self, values: &[T]) -> Result<u64, CudaError> {
        if values.is_empty() {
            return Ok(0);
        }
        let key = (values.as_ptr().addr(), size_of_val(values));
        if let Some((_, address)) = self.known.iter().find(|(known, _)| *known == key) {
            return Ok(*address);
        }
        let address = self.temporary(values)?;
        self.known.push((key, address));
        Ok(address)
    }

    /// As [`slice`](Self::slice), for values that will be gone.
    fn temporary<T: bytemuck::NoUninit>(&mut self, values: &[T]) -> Result<u64, CudaError> {
        if values.is_empty() {
            return Ok(0);
        }
        let memory = self.device.upload(bytemuck::cast_slice(values))?;
        let address = memory.address();
        self.memory.push(memory);
        Ok(address)
    }

    fn draws(&mut self, draws: &Draws, ts: u64) -> Result<layout::Draws, CudaError> {
        let (sampler, ranges) = (&draws.sampler, draws.positions.ranges());
        let settings = sampler.settings();
        // Without weights there is no division, which is slow.
        let copied = draws.positions.ranks() > draws.positions.count();
        let copies: Vec<u64> = ranges.iter().filter(|_| copied).map(|range| range.copies).collect();
        let column = |f: fn(&barloom_windows::PositionRange) -> u64| -> Vec<u64> {
            ranges.iter().map(f).collect()
        };
        let grid = sampler.grid();
        let directions: Vec<i8> = grid.iter().map(|action| action.direction).collect();
        let reals = |of: fn(&GridAction) -> f64| -> Vec<f64> { grid.iter().map(of).collect() };
        Ok(layout::Draws {
            grid_dir: self.temporary(&directions)?,
            grid_dollar: self.temporary(&reals(|action| action.dollars))?,
            grid_sl: self.temporary(&reals(|action| action.stop))?,
            grid_tp: self.temporary(&reals(|action| action.target))?,
            base: sampler.first_seed(),
            actions_per_state: sampler.actions_per_state(),
            ranks: sampler.positions(),
            sequential: u64::from(sampler.order() == PositionOrder::Sequential),
            equity: self.real(&settings.equity)?,
            balance_offset: self.real(&settings.balance_offset)?,
            sl_dist: self.real(&settings.sl_dist)?,
            tp_dist: self.real(&settings.tp_dist)?,
            act_dollar: self.real(&settings.act_dollar)?,
            act_sl: self.real(&settings.act_sl)?,
            act_tp: self.real(&settings.act_tp)?,
            position: self.directions(&settings.position)?,
            act_dir: self.directions(&settings.act_dir)?,
            ranges: ranges.len() as u64,
            first_rank: self.temporary(&column(|range| range.first_rank))?,
            copies: self.temporary(&copies)?,
            start: self.temporary(&column(|range| range.start as u64))?,
            series_start: self.temporary(&column(|range| range.series_start as u64))?,
            series: self.temporary(&column(|range| u64::from(range.series)))?,
            ts,
        })
    }

    fn real(&mut self, real: &Real) -> Result<layout::Real, CudaError> {
        let plain = layout::Real::default();
        Ok(match real {
            Real::Constant(x) => layout::Real { kind: layout::REAL_CONSTANT, lo: *x, ..plain },
            Real::Range { lo, hi } => {
                layout::Real { kind: layout::REAL_RANGE, lo: *lo, hi: *hi, ..plain }
            }
            Real::Choice(list) => layout::Real {
                kind: layout::REAL_CHOICE,
                choices: self.temporary(list)?,
                count: list.len() as u64,
                ..plain
            },
        })
    }

    fn directions(&mut self, of: &Directions) -> Result<layout::Directions, CudaError> {
        Ok(layout::Directions { choices: self.temporary(&of.0)?, count: of.0.len() as u64 })
    }

    fn trading(
        &mut self,
        market: &Market,
        program: &Program,
        tables: &BarTables,
    ) -> Result<layout::Trading, CudaError> {
        let (settings, tables) = (&program.reward, tables.pricer.tables());
        let mut trading = layout::Trading {
            starts: self.slice(tables.starts)?,
            honoured: u64::from(settings.honours_barriers()),
            target_first: u64::from(settings.same_bar == SameBar::TargetFirst),
            pays_once: u64::from(settings.pays_once()),
            side_cost: settings.side_cost(),
            carry: settings.carry(),
            forward: settings.forward as u64,
            steps: settings.steps() as u64,
            open: self.slice(market.open())?,
            levels: tables.horizon.len() as u64,
            ..layout::Trading::default()
        };
        for (level, blocks) in trading.blocks.iter_mut().zip(&tables.horizon) {
            let values = self.slice(blocks.as_flattened().as_flattened())?;
            *level = layout::Blocks { values, count: blocks.len() as u64 };
        }
        Ok(trading)
    }

    fn metrics(
        &mut self,
        market: &Market,
        program: &Program,
        tables: &BarTables,
    ) -> Result<Vec<layout::Metric>, CudaError> {
        let (settings, tables) = (&program.reward, tables.pricer.tables());
        let [short_losses, long_losses] = &tables.losses;
        let [shorts, longs] = &tables.cumulative;
        let rate = |span: &SeriesSpan| settings.bars_per_year.at(span.start);
        let rates: Vec<f64> = market.series().iter().map(rate).collect();
        let common = layout::Metric {
            frel: u64::from(settings.formulas == Formulas::FrelV1),
            bars_per_year: self.temporary(&rates)?,
            eps: settings.eps,
            enters_at_open: u64::from(settings.enters_at_open()),
            close: self.slice(market.close())?,
            changes: self.tree(&tables.changes)?,
            extremes: self.tree(&tables.extremes)?,
            returns: self.tree(&tables.returns)?,
            losses: [self.tree(short_losses)?, self.tree(long_losses)?],
            cumulative: [self.tree(shorts)?, self.tree(longs)?],
            ..layout::Metric::default()
        };
        let of = |metric: &Metric| {
            let clip = settings.clip.filter(|_| metric.is_clipped());
            let [clip_lo, clip_hi] = clip.unwrap_or_default();
            let clipped = u64::from(clip.is_some());
            let metric = number(*metric).ok_or_else(|| CudaError::Call {
                device: self.device.name().to_owned(),
                call: "prepare".into(),
                what: format!("there is no kernel for reward.metric {}", metric.name()),
            })?;
            Ok(layout::Metric { metric, clipped, clip_lo, clip_hi, ..common })
        };
        settings.metrics.iter().map(of).collect()
    }

    fn tree(&mut self, table: &TreeTable<'_>) -> Result<layout::Tree, CudaError> {
        let mut tree = layout::Tree { levels: table.len() as u64, ..layout::Tree::default() };
        for (nodes, level) in tree.nodes.iter_mut().zip(table) {
            *nodes = self.slice(level)?;
        }
        Ok(tree)
    }

    fn channels(
        &mut self,
        program: &Program,
        tables: &BarTables,
    ) -> Result<Vec<layout::Channel>, CudaError> {
        let (reference, mut channels) = (&tables.reference, Vec::new());
        for prepared in &tables.channels {
            let mut channel =
                layout::Channel { lookback: program.lookback as u64, ..layout::Channel::default() };
            channel.scaler = match prepared.scaler() {
                ChannelScaler::None => layout::SCALER_NONE,
                ChannelScaler::LastClose | ChannelScaler::Log1pLast | ChannelScaler::Last => {
                    layout::SCALER_OVER
                }
                ChannelScaler::LogReturn => layout::SCALER_LOG_RETURN,
                ChannelScaler::Zscore => layout::SCALER_ZSCORE,
                ChannelScaler::Minmax => layout::SCALER_MINMAX,
            };
            match prepared.values() {
                PreparedValues::Single(values) => channel.singles = self.slice(values)?,
                PreparedValues::Double(values) => channel.doubles = self.slice(values)?,
            }
            match (prepared.scaler(), prepared.values()) {
                (ChannelScaler::LastClose, _) => channel.over = self.slice(reference.close())?,
                (ChannelScaler::Log1pLast, PreparedValues::Single(values)) => {
                    let over: Vec<f32> =
                        values.iter().map(|x| x.max(std::f32::consts::LN_2)).collect();
                    channel.over = self.temporary(&over)?;
                }
                (ChannelScaler::Last, PreparedValues::Single(values)) => {
                    let over: Vec<f32> = values.iter().map(|x| last_divisor(*x)).collect();
                    channel.over = self.temporary(&over)?;
                }
                (ChannelScaler::LogReturn, _) => channel.less = self.slice(reference.ln_close())?,
                _ => {}
            }
            channels.push(channel);
        }
        Ok(channels)
    }
}

/// A metric's number, if there is a kernel for it.
fn number(metric: Metric) -> Option<u64> {
    Some(match metric {
        Metric::Pnl => layout::METRIC_PNL,
        Metric::Return => layout::METRIC_RETURN,
        Metric::PnlPct => layout::METRIC_PNL_PCT,
        Metric::LogReturn => layout::METRIC_LOG_RETURN,
        Metric::RMultiple => layout::METRIC_R_MULTIPLE,
        Metric::Barrier => layout::METRIC_BARRIER,
        Metric::Car => layout::METRIC_CAR,
        Metric::Sharpe => layout::METRIC_SHARPE,
        Metric::Sortino => layout::METRIC_SORTINO,
        Metric::Calmar => layout::METRIC_CALMAR,
        _ => return None,
    })
}
