//! `[[label]]` tables as recipes write them.

use barloom_labels::Touch;
use serde::{Serialize, Serializer};

use super::{BarrierSettings, Classes, LabelKind, LabelSettings, ScaleSetting};
use crate::choice::Choice;
use crate::scaler::ALL;

/// The horizon: one, several, or the bounds of it.
#[derive(Serialize)]
#[serde(untagged)]
enum Horizon {
    One(usize),
    Several(Vec<usize>),
}

#[derive(Serialize)]
struct WrittenLabel<'a> {
    name: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    horizon: Option<Horizon>,
    #[serde(skip_serializing_if = "Option::is_none")]
    up: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    down: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<&'a ScaleSetting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    touch: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_bar: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vertical: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    across: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<&'a Classes>,
}

#[derive(Serialize)]
struct WrittenClasses<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    quantiles: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edges: Option<&'a [f64]>,
}

impl Serialize for ScaleSetting {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(number) => to.serialize_f64(*number),
            Self::Expression(text) => to.serialize_str(text),
        }
    }
}

impl Serialize for Classes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            Self::Quantiles { count, fit } => {
                WrittenClasses { quantiles: Some(*count), fit: fit.as_deref(), edges: None }
            }
            Self::Edges(edges) => WrittenClasses { quantiles: None, fit: None, edges: Some(edges) },
        };
        written.serialize(to)
    }
}

impl Serialize for LabelSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut written = WrittenLabel {
            name: &self.name,
            kind: self.kind.name(),
            horizon: None,
            up: None,
            down: None,
            scale: None,
            touch: None,
            same_bar: None,
            vertical: None,
            side: None,
            of: None,
            across: self.across.map(Choice::word),
            classes: self.classes.as_ref(),
        };
        match &self.kind {
            LabelKind::Return { horizons } => {
                written.horizon = Some(match horizons.as_slice() {
                    [one] => Horizon::One(*one),
                    several => Horizon::Several(several.to_vec()),
                });
            }
            LabelKind::TripleBarrier(barrier) => written.add(barrier),
            LabelKind::Volatility { horizon }
            | LabelKind::Excursion { horizon }
            | LabelKind::Path { horizon } => written.horizon = Some(Horizon::One(*horizon)),
            LabelKind::Trend { least, most } => {
                written.horizon = Some(Horizon::Several(vec![*least, *most]));
            }
            LabelKind::Expression { of } => written.of = Some(of),
        }
        written.serialize(to)
    }
}

impl<'a> WrittenLabel<'a> {
    fn add(&mut self, barrier: &'a BarrierSettings) {
        self.horizon = Some(Horizon::One(barrier.horizon));
        self.up = Some(barrier.up);
        self.down = Some(barrier.down);
        self.scale = Some(&barrier.scale);
        self.touch = Some(barrier.touch.word());
        self.same_bar = (barrier.touch == Touch::HighLow).then(|| barrier.same_bar.word());
        self.vertical = barrier.side.is_none().then(|| barrier.vertical.word());
        self.side = barrier.side.as_deref();
    }
}

impl LabelSettings {
    /// These settings with every key written that applies.
    pub(crate) fn written_out(&self) -> Self {
        let mut written = self.clone();
        if let Some(Classes::Quantiles { fit, .. }) = &mut written.classes {
            let part = crate::scaler::part_of(fit.as_deref());
            *fit = Some(part.unwrap_or(ALL).to_owned());
        }
        written
    }
}
