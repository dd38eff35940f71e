//! TA-Lib's streams, which have a type for each function, and own ones, behind one interface.

use std::fmt::Debug;

use ta_lib::abstract_api::FuncId;
use ta_lib::{MAType, RetCode};

use super::compute::CORE;
use super::own;

/// The most outputs that a function has.
pub(super) const OUTPUTS: usize = 4;

/// A stream after its first value.
#[derive(Debug)]
pub(super) struct Handle(Box<dyn Live>);

impl Clone for Handle {
    fn clone(&self) -> Self {
        self.0.copy()
    }
}

impl Handle {
    pub(super) fn new(stream: impl Live + 'static) -> Self {
        Self(Box::new(stream))
    }

    /// Takes the next row and gives TA-Lib's outputs.
    pub(super) fn update(
        &mut self,
        row: &[f64],
        outputs: &mut [f64; OUTPUTS],
    ) -> Result<(), RetCode> {
        self.0.update(row, outputs)
    }

    fn update_all(&mut self, rows: &[&[f64]], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode> {
        let mut row = vec![0.0; rows.len()];
        for r in 0..rows[0].len() {
            for (value, column) in row.iter_mut().zip(rows) {
                *value = column[r];
            }
            self.update(&row, outputs)?;
        }
        Ok(())
    }
}

/// A stream of one function.
pub(super) trait Live: Debug + Send + Sync {
    /// Takes the next row and gives the function's outputs, from the first value on.
    fn update(&mut self, row: &[f64], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode>;
    fn copy(&self) -> Handle;
}

/// The number of an integer parameter or output, and of a real one.
fn number(value: impl Into<f64>) -> f64 {
    value.into()
}

macro_rules! parameter {
    (int, $value:expr) => {
        $value as i32
    };
    (real, $value:expr) => {
        $value
    };
    (average, $value:expr) => {
        MAType::try_from($value as i32)?
    };
}

macro_rules! outputs {
    ($from:expr, $to:expr, [value]) => {
        $to[0] = number($from)
    };
    ($from:expr, $to:expr, [values $($index:tt)*]) => {{
        let from = $from;
        $($to[$index] = number(from.$index);)*
    }};
}

macro_rules! handles {
    ($($id:ident $stream:ident $open:ident [$($input:tt)*] [$($kind:ident($param:tt))*] $outputs:tt;)*) => {
        impl Handle {
            /// Begins with the rows up to the first value, and gives TA-Lib's outputs of the last.
            /// Fails for functions that do not occur here, which are functions of their last rows
            /// alone.
            pub(super) fn open(
                id: FuncId,
                rows: &[&[f64]],
                params: &[f64],
                outputs: &mut [f64; OUTPUTS],
            ) -> Result<Self, RetCode> {
                if let Some(mut handle) = own::state(id.name(), params) {
                    handle.update_all(rows, outputs)?;
                    return Ok(handle);
                }
                match id {
                    $(FuncId::$id => {
                        let (stream, first) = CORE.$open(
                            $(rows[$input],)*
                            $(parameter!($kind, params[$param]),)*
                        )?;
                        outputs!(first, outputs, $outputs);
                        Ok(Self::new(stream))
                    })*
                    _ => Err(RetCode::FuncNotFound),
                }
            }
        }

        $(impl Live for ta_lib::$stream {
            fn update(&mut self, row: &[f64], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode> {
                outputs!(Self::update(self, $(row[$input]),*)?, outputs, $outputs);
                Ok(())
            }

            fn copy(&self) -> Handle {
                Handle::new(self.clone())
            }
        })*
    };
}

// A function, its stream and what opens it; the inputs, parameters and outputs that it has.
handles! {
    AD AdStream ad_open [0 1 2 3] [] [value];
    ADOSC AdoscStream adosc_open [0 1 2 3] [int(0) int(1)] [value];
    ADX AdxStream adx_open [0 1 2] [int(0)] [value];
    ADXR AdxrStream adxr_open [0 1 2] [int(0)] [value];
    APO ApoStream apo_open [0] [int(0) int(1) average(2)] [value];
    ASI AsiStream asi_open [0 1 2 3] [real(0)] [value];
    ATR AtrStream atr_open [0 1 2] [int(0)] [value];
    BBANDS BbandsStream bbands_open [0] [int(0) real(1) real(2) average(3)] [values 0 1 2];
    BBW BbwStream bbw_open [0] [int(0) real(1) real(2) average(3)] [value];
    CKSP CkspStream cksp_open [0 1 2] [int(0) real(1) int(2)] [values 0 1];
    CMO CmoStream cmo_open [0] [int(0)] [value];
    CRSI CrsiStream crsi_open [0] [int(0) int(1) int(2)] [value];
    CVI CviStream cvi_open [0 1] [int(0) int(1)] [value];
    DEMA DemaStream dema_open [0] [int(0)] [value];
    DOSC DoscStream dosc_open [0] [int(0) int(1) int(2) int(3)] [value];
    DX DxStream dx_open [0 1 2] [int(0)] [value];
    EFI EfiStream efi_open [0 1] [int(0)] [value];
    EMA EmaStream ema_open [0] [int(0)] [value];
    ERI EriStream eri_open [0 1 2] [int(0)] [values 0 1];
    HA HaStream ha_open [0 1 2 3] [] [values 0 1 2 3];
    KAMA KamaStream kama_open [0] [int(0)] [value];
    KC KcStream kc_open [0 1 2] [int(0) int(1) real(2)] [values 0 1 2];
    KDJ KdjStream kdj_open [0 1 2] [int(0) int(1) average(2) int(3) average(4)] [values 0 1 2];
    KSTEXT KstextStream kstext_open [0] [int(0) int(1) int(2) int(3) int(4) int(5) int(6) int(7) int(8) average(9) average(10)] [values 0 1];
    KVO KvoStream kvo_open [0 1 2 3] [int(0) int(1) int(2)] [values 0 1];
    MA MaStream ma_open [0] [int(0) average(1)] [value];
    MACD MacdStream macd_open [0] [int(0) int(1) int(2)] [values 0 1 2];
    MACDEXT MacdextStream macdext_open [0] [int(0) average(1) int(2) average(3) int(4) average(5)] [values 0 1 2];
    MACDFIX MacdfixStream macdfix_open [0] [int(0)] [values 0 1 2];
    MASSI MassiStream massi_open [0 1] [int(0) int(1)] [value];
    MCGD McgdStream mcgd_open [0] [int(0)] [value];
    MINUS_DI MinusDiStream minus_di_open [0 1 2] [int(0)] [value];
    MINUS_DM MinusDmStream minus_dm_open [0 1] [int(0)] [value];
    NATR NatrStream natr_open [0 1 2] [int(0)] [value];
    NVI NviStream nvi_open [0 1] [] [value];
    OBV ObvStream obv_open [0 1] [] [value];
    PERCENTB PercentbStream percentb_open [0] [int(0) real(1) real(2) average(3)] [value];
    PLUS_DI PlusDiStream plus_di_open [0 1 2] [int(0)] [value];
    PLUS_DM PlusDmStream plus_dm_open [0 1] [int(0)] [value];
    PPO PpoStream ppo_open [0] [int(0) int(1) average(2)] [value];
    PVI PviStream pvi_open [0 1] [] [value];
    PVO PvoStream pvo_open [0] [int(0) int(1) average(2)] [value];
    PVT PvtStream pvt_open [0 1] [] [value];
    RMA RmaStream rma_open [0] [int(0)] [value];
    RSI RsiStream rsi_open [0] [int(0)] [value];
    RVI RviStream rvi_open [0] [int(0) int(1)] [value];
    RVIR RvirStream rvir_open [0 1] [int(0) int(1)] [value];
    SAR SarStream sar_open [0 1] [real(0) real(1)] [value];
    SAREXT SarextStream sarext_open [0 1] [real(0) real(1) real(2) real(3) real(4) real(5) real(6) real(7)] [value];
    SMI SmiStream smi_open [0 1 2] [int(0) int(1) int(2) int(3)] [values 0 1];
    STC StcStream stc_open [0] [int(0) int(1) int(2)] [value];
    STOCH StochStream stoch_open [0 1 2] [int(0) int(1) average(2) int(3) average(4)] [values 0 1];
    STOCHF StochfStream stochf_open [0 1 2] [int(0) int(1) average(2)] [values 0 1];
    STOCHRSI StochrsiStream stochrsi_open [0] [int(0) int(1) int(2) average(3)] [values 0 1];
    SUPERTREND SupertrendStream supertrend_open [0 1 2] [int(0) real(1)] [values 0 1];
    T3 T3Stream t3_open [0] [int(0) real(1)] [value];
    TEMA TemaStream tema_open [0] [int(0)] [value];
    TRIX TrixStream trix_open [0] [int(0)] [value];
    TSI TsiStream tsi_open [0] [int(0) int(1)] [value];
    VIDYA VidyaStream vidya_open [0] [int(0) int(1)] [value];
    VWAP VwapStream vwap_open [0 1 2 3] [] [value];
    WAD WadStream wad_open [0 1 2] [] [value];
    WAVETREND WavetrendStream wavetrend_open [0 1 2] [int(0) int(1) int(2)] [values 0 1];
    ZIGZAG ZigzagStream zigzag_open [0 1] [real(0) int(1)] [values 0 1 2];
    ZLEMA ZlemaStream zlema_open [0] [int(0)] [value];
}
