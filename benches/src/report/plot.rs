//! Charts as SVG and PNG, with a font of our own: no system font is looked for.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::report::steps::Steps;

/// Width and height in pixels.
const SIZE: (u32, u32) = (960, 600);
const FONT: &str = "sans-serif";
/// Prefix of the names of our own bars, which have another colour.
pub const OURS: &str = "barloom";
/// Colours that colour-blind readers tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The files' name, without extension.
    pub name: &'static str,
    /// The title.
    pub title: String,
    /// The values that are shown.
    pub body: Body,
}

/// The values that a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Lines over steps that stand at equal distances.
    Lines {
        /// The axis below, with its unit.
        x: String,
        /// The axis on the left, with its unit.
        y: String,
        /// The steps.
        steps: Vec<u64>,
        /// A name and a value a step, where there is one.
        lines: Vec<(String, Vec<Option<f64>>)>,
    },
    /// Horizontal bars.
    Bars {
        /// The axis below, with its unit.
        x: String,
        /// A name and a value a bar; positive.
        bars: Vec<(String, f64)>,
        /// True if the axis is logarithmic.
        log: bool,
    },
}

/// Draws a chart into `<folder>/<name>.svg` and `.png`.
///
/// # Errors
/// A file cannot be written.
pub fn draw(chart: &Chart, folder: &Path) -> Result<[PathBuf; 2]> {
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| anyhow!("the font that comes with the dejavu crate cannot be read"))?;
    let [svg, png] = ["svg", "png"].map(|kind| folder.join(format!("{}.{kind}", chart.name)));
    on(chart, &SVGBackend::new(&svg, SIZE).into_drawing_area())?;
    on(chart, &BitMapBackend::new(&png, SIZE).into_drawing_area())?;
    Ok([svg, png])
}

type Area<B> = DrawingArea<B, Shift>;

fn on<B: DrawingBackend>(chart: &Chart, area: &Area<B>) -> Result<()>
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    match &chart.body {
        Body::Lines { x, y, steps, lines } => line_chart(area, &chart.title, (x, y), steps, lines),
        Body::Bars { x, bars, log } => bar_chart(area, &chart.title, x, bars, *log),
    }?;
    area.present()?;
    Ok(())
}

fn line_chart<B: DrawingBackend>(
    area: &Area<B>,
    title: &str,
    (x, y): (&str, &str),
    steps: &[u64],
    lines: &[(String, Vec<Option<f64>>)],
) -> Result<()>
where
    B::ErrorType: 'static,
{
    let most = lines.iter().flat_map(|(_, values)| values.iter().flatten().copied());
    let most = most.fold(0.0, f64::max).max(1e-9);
    let across = Steps::new(steps.len(), 0.3);
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 22))
        .margin(16)
        .x_label_area_size(56)
        .y_label_area_size(92)
        .build_cartesian_2d(across, 0.0..most * 1.35)?;
    let step = |place: &f64| {
        let i = place.round() as usize;
        steps.get(i).map_or_else(String::new, |value| match value {
            exact if *exact < 100_000 => exact.to_string(),
            long => count(*long as f64),
        })
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&step)
        .y_label_formatter(&|value| count(*value))
        .label_style((FONT, 16))
        .axis_desc_style((FONT, 18))
        .draw()?;
    for ((name, values), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let points = || values.iter().enumerate().filter_map(|(i, v)| Some((i as f64, (*v)?)));
        chart
            .draw_series(LineSeries::new(points(), colour.stroke_width(3)))?
            .label(name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(3)));
        chart.draw_series(points().map(|point| Circle::new(point, 5, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .margin(8)
        .legend_area_size(34)
        .label_font((FONT, 16))
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

fn bar_chart<B: DrawingBackend>(
    area: &Area<B>,
    title: &str,
    x: &str,
    bars: &[(String, f64)],
    log: bool,
) -> Result<()>
where
    B::ErrorType: 'static,
{
    let scale = |value: f64| if log { value.max(1e-12).log10() } else { value };
    let values = || bars.iter().map(|(_, value)| scale(*value));
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    let least = if log { values().fold(f64::INFINITY, f64::min).floor() - 0.2 } else { 0.0 };
    let down = Steps::new(bars.len(), 0.7);
    let end = most + (most - least) * 0.22;
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 22))
        .margin(16)
        .x_label_area_size(56)
        .y_label_area_size(330)
        .build_cartesian_2d(least..end, down)?;
    // The first bar stands at the top.
    let name = |place: &f64| {
        let row = bars.len().checked_sub(1 + place.round() as usize);
        row.and_then(|row| bars.get(row)).map_or_else(String::new, |(name, _)| name.clone())
    };
    let axis = |value: &f64| count(if log { exponent(*value) } else { *value });
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(WHITE)
        .x_desc(x)
        .x_labels(if log { (end - least).ceil() as usize + 1 } else { 8 })
        .x_label_formatter(&axis)
        .y_label_formatter(&name)
        .label_style((FONT, 16))
        .axis_desc_style((FONT, 18))
        .draw()?;
    for (row, (name, value)) in bars.iter().rev().enumerate() {
        let (at, row) = (scale(*value), row as f64);
        let colour = COLOURS[usize::from(name.starts_with(OURS))];
        let corners = [(least, row - 0.32), (at, row + 0.32)];
        chart.draw_series([Rectangle::new(corners, colour.filled())])?;
        let style = (FONT, 16).into_font().color(&BLACK).pos(middle_left());
        let beside = at + (end - least) * 0.01;
        chart.draw_series([Text::new(count(*value), (beside, row), style)])?;
    }
    Ok(())
}

fn middle_left() -> plotters::style::text_anchor::Pos {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    Pos::new(HPos::Left, VPos::Center)
}

/// Ten to a whole power, for the labels of an axis.
fn exponent(power: f64) -> f64 {
    format!("1e{}", power.round()).parse().unwrap_or(f64::NAN)
}

/// A number in few characters: 12, 3.4 k, 5.6 M.
#[must_use]
pub fn count(value: f64) -> String {
    let short = |value: f64, unit: &str| {
        let digits = usize::from(value.abs() < 100.0 && value.fract().abs() > 0.05);
        format!("{value:.digits$}{unit}")
    };
    match value.abs() {
        v if v >= 1e9 => short(value / 1e9, " G"),
        v if v >= 1e6 => short(value / 1e6, " M"),
        v if v >= 1e3 => short(value / 1e3, " k"),
        v if v < 10.0 && value.fract().abs() > 1e-9 => format!("{value:.2}"),
        _ => short(value, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Chart, count, draw};

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.25, 12.0, 16_384.0, 1e6, 2.5e9].map(count);
        assert_eq!(texts, ["0", "0.25", "12", "16.4 k", "1 M", "2.5 G"]);
    }

    #[test]
    fn both_files_are_drawn_even_of_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = |lines| Body::Lines {
            x: "samples".into(),
            y: "samples / s".into(),
            steps: vec![10, 100],
            lines,
        };
        let bars = |bars| Body::Bars { x: "GB/s".into(), bars, log: true };
        let bodies = [
            lines(vec![("a".into(), vec![Some(1.0), None])]),
            lines(Vec::new()),
            bars(vec![("a".into(), 2.0), ("b".into(), 20_000.0)]),
            bars(vec![("alone".into(), 1.0)]),
        ];
        for body in bodies {
            let chart = Chart { name: "chart", title: "A title".into(), body };
            for file in draw(&chart, folder.path()).expect("a chart") {
                let bytes = std::fs::metadata(&file).expect("a file").len();
                assert!(bytes > 1_000, "{}: {bytes} bytes", file.display());
            }
        }
    }
}
