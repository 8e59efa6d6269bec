//! The text format: a line for each sample, and two lines about each family of them.

use std::fmt::{Display, Write};
use std::time::Duration;

use domain::text::one_line;
use kernel::Histogram;

/// A text that grows line by line.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family: all of its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{}\"", escape(value)))
            .collect();
        match labels.as_slice() {
            [] => self.line(format_args!("{name} {value}")),
            labels => self.line(format_args!("{name}{{{}}} {value}", labels.join(","))),
        }
    }

    /// A family of one sample, which is what it is now.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// A family of one sample, which only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (bound_us, count) in histogram.cumulative() {
            self.sample(&bucket, &[("le", &seconds(bound_us))], count);
        }
        let (count, sum_us) = histogram.total();
        self.sample(&bucket, &[("le", "+Inf")], count);
        self.sample(&format!("{name}_sum"), &[], seconds(sum_us));
        self.sample(&format!("{name}_count"), &[], count);
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        writeln!(self.0, "{line}").ok();
    }
}

fn seconds(us: u64) -> String {
    Duration::from_micros(us).as_secs_f64().to_string()
}

/// A value as it stands in a label, in one line: it may be somebody's text, which a terminal may show.
fn escape(value: &str) -> String {
    one_line(value).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_prometheus_expects() {
        let mut text = Text::default();
        text.family("runs", "gauge", "Runs.");
        text.sample("runs", &[("lane", "a\"b\n\u{1b}[2J"), ("outcome", "")], 7);
        let histogram = Histogram::default();
        histogram.observe(Duration::from_micros(300));
        histogram.observe(Duration::from_mins(1));
        text.histogram("lag", "Lag.", &histogram);
        let text = text.into_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "# HELP runs Runs.",
                "# TYPE runs gauge",
                r#"runs{lane="a\"b ",outcome=""} 7"#,
            ]
        );
        assert!(text.contains("lag_bucket{le=\"0.00025\"} 0\nlag_bucket{le=\"0.0005\"} 1\n"));
        assert!(text.ends_with("lag_bucket{le=\"+Inf\"} 2\nlag_sum 60.0003\nlag_count 2\n"));
    }
}
