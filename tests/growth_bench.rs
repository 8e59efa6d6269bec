//! The cost of a board as it grows, measured from outside on the real program: `make growth-bench` prints
//! the table of BENCHMARKS.md, and draws it into the SVG file that is its argument.
//!
//! A board has ten events a task. Times are medians, and of searches and lists the slowest of a hundred,
//! in milliseconds.

#![expect(clippy::print_stdout, reason = "figures to be read are what it is for")]

#[path = "growth/board.rs"]
mod board;
#[path = "growth/chart.rs"]
mod chart;
#[expect(
    dead_code,
    unused_imports,
    reason = "it uses a part of what the tests need"
)]
mod harness;
#[path = "growth/measures.rs"]
mod measures;
mod memory;

use std::path::PathBuf;

/// The numbers of tasks.
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];

/// A line of the table.
struct Row {
    name: &'static str,
    unit: &'static str,
    /// At each size.
    values: Vec<f64>,
    /// The most that it may be at the largest size.
    bound: Option<f64>,
}

impl Row {
    /// The exponent of the power of the size that fits best: the slope of a line through the logarithms.
    fn exponent(&self) -> f64 {
        let points = SIZES.iter().zip(&self.values);
        let points: Vec<(f64, f64)> = points
            .map(|(size, value)| (f64::from(*size).ln(), value.ln()))
            .collect();
        let count = points.iter().fold(0.0, |count, _| count + 1.0);
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let along: f64 = points
            .iter()
            .map(|point| (point.0 - x) * (point.1 - y))
            .sum();
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        along / spread
    }
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut rows: Vec<Row> = Vec::new();
    for size in SIZES {
        for (at, measured) in runtime
            .block_on(measures::of(size))?
            .into_iter()
            .enumerate()
        {
            match rows.get_mut(at) {
                Some(row) => row.values.push(measured.value),
                None => rows.push(Row {
                    name: measured.name,
                    unit: measured.unit,
                    values: vec![measured.value],
                    bound: measured.bound,
                }),
            }
        }
    }
    print(&rows);
    if let Some(path) = std::env::args().skip(1).find(|it| !it.starts_with('-')) {
        chart::draw(&rows, &PathBuf::from(path))?;
    }
    Ok(())
}

fn print(rows: &[Row]) {
    println!("| | 1,000 | 10,000 | 100,000 | bound | exponent |");
    println!("|---|--:|--:|--:|--:|--:|");
    for row in rows {
        let values: Vec<String> = row.values.iter().map(|it| format!("{it:.1}")).collect();
        let bound = row
            .bound
            .map_or_else(String::new, |bound| format!("{bound:.0}"));
        let (name, unit) = (row.name, row.unit);
        println!(
            "| {name}, {unit} | {} | {bound} | {:.2} |",
            values.join(" | "),
            row.exponent()
        );
    }
}
