//! The measurements drawn over the number of tasks, both by powers of ten.

use std::fmt::Write as _;
use std::path::Path;

use crate::{Row, SIZES};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
/// The plane of the lines, from its left upper corner; names stand to the right of it.
const LEFT: f64 = 80.0;
const TOP: f64 = 20.0;
const RIGHT: f64 = 560.0;
const BOTTOM: f64 = 480.0;

/// The powers of ten at the lower and the upper end of the times, in milliseconds.
const FIRST: i32 = -1;
const LAST: i32 = 4;

/// The distance of two names, so that none covers another.
const LINE: f64 = 17.0;

/// Of about the same brightness, so that they can be told apart on white and on black.
const COLOURS: [&str; 8] = [
    "#2f6fdb", "#c2410c", "#15803d", "#9333ea", "#b45309", "#0e7490", "#be185d", "#6b7280",
];

/// Writes the rows that are times as an SVG image.
pub(crate) fn draw(rows: &[Row], path: &Path) -> anyhow::Result<()> {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#6b7280\">\n\
         <title>Times by the number of tasks</title>\n"
    );
    for power in FIRST..=LAST {
        let y = height_of(10_f64.powi(power));
        let label = 10_f64.powi(power);
        writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#6b7280\" stroke-opacity=\".25\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label} ms</text>",
            LEFT - 8.0,
            y + 4.0
        )?;
    }
    for size in SIZES {
        let x = place_of(size);
        writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{size} tasks</text>",
            BOTTOM + 20.0
        )?;
    }
    let mut times: Vec<&Row> = rows.iter().filter(|row| row.unit == "ms").collect();
    let last = |row: &Row| row.values.last().copied().unwrap_or_default();
    times.sort_by(|one, other| last(other).total_cmp(&last(one)));
    let mut free = TOP;
    for (row, colour) in times.into_iter().zip(COLOURS.into_iter().cycle()) {
        let points = SIZES.iter().zip(&row.values);
        let points: Vec<String> = points
            .map(|(size, value)| format!("{:.1},{:.1}", place_of(*size), height_of(*value)))
            .collect();
        let end = height_of(last(row));
        let label = end.max(free);
        free = label + LINE;
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <path d=\"M{RIGHT} {end:.1}L{:.1} {label:.1}\" stroke=\"{colour}\" stroke-opacity=\".5\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            points.join(" "),
            RIGHT + 14.0,
            RIGHT + 18.0,
            label + 4.0,
            row.name.replace('`', "")
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(std::fs::write(path, svg)?)
}

fn place_of(size: u32) -> f64 {
    let log = |size: u32| f64::from(size).log10();
    let [first, .., last] = SIZES;
    LEFT + (RIGHT - LEFT) * (log(size) - log(first)) / (log(last) - log(first))
}

fn height_of(millis: f64) -> f64 {
    let (first, last) = (f64::from(FIRST), f64::from(LAST));
    let share = (millis.log10().clamp(first, last) - first) / (last - first);
    BOTTOM - (BOTTOM - TOP) * share
}
