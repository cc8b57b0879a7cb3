//! Tables for people, and the same as JSON.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::args::Plan;
use crate::compare::Load;
use crate::sample::Figures;
use crate::server::Store;

/// What was measured so far. Each line is printed as soon as it is known.
pub(crate) struct Report {
    part: String,
    setting: Value,
    lines: Vec<Value>,
    rows: Vec<(String, Row)>,
    figures: Vec<(&'static str, String, f64)>,
}

/// One server under one load.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) load: Load,
    pub(crate) figures: Figures,
    pub(crate) ratios: Figures,
    pub(crate) rss_kib: u64,
}

/// One number of one store.
pub(crate) struct Figure;

impl Row {
    pub(crate) const HEAD: &str = "\
| connections | server | /s | of bare | CPU µs | of bare | p50 ms | p99 ms | p99.9 ms | of bare | RSS MB |
|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|";
}

impl Figure {
    pub(crate) const HEAD: &str = "| store | | |\n|---|---|---:|";
}

impl Report {
    pub(crate) fn new(plan: &Plan) -> Self {
        let cores = available_parallelism().map_or(0, usize::from);
        let setting = json!({
            "cores": cores, "rounds": plan.rounds, "visit_s": plan.visit.as_secs_f64(),
        });
        Self { part: String::new(), setting, lines: Vec::new(), rows: Vec::new(), figures: Vec::new() }
    }

    /// A new table.
    pub(crate) fn begin(&mut self, part: &str, head: &str) {
        part.clone_into(&mut self.part);
        println!("\n## {part}\n\n{head}");
    }

    pub(crate) fn row(&mut self, row: Row) {
        let Row { name, load, figures, ratios, rss_kib } = &row;
        let Figures { rate, cpu_us, p50_ms, p99_ms, p999_ms } = figures;
        let rss = crate::stored::number(*rss_kib) * 1_024.0 / 1e6;
        println!(
            "| {} | {name} | {rate:.0} | {:.2} | {cpu_us:.1} | {:.2} | {p50_ms:.3} | {p99_ms:.3} | {p999_ms:.3} | {:.2} | {rss:.1} |",
            load.connections, ratios.rate, ratios.cpu_us, ratios.p999_ms
        );
        self.lines.push(json!({
            "part": self.part, "server": name, "bytes": load.bytes, "connections": load.connections,
            "figures": figures, "of_bare": ratios, "rss_kib": rss_kib,
        }));
        self.rows.push((self.part.clone(), row));
    }

    pub(crate) fn figure(&mut self, store: Store, what: &str, value: f64, unit: &str) {
        let digits = if value < 100.0 { 2 } else { 0 };
        println!("| {store} | {what} | {value:.digits$} {unit} |");
        self.lines.push(json!({
            "part": self.part, "store": store.name(), "what": what, "value": value, "unit": unit,
        }));
        self.figures.push((store.name(), what.to_owned(), value));
    }

    /// A line of a table of its own kind: for people, and the same as JSON.
    pub(crate) fn line(&mut self, shown: &str, mut told: Value) {
        println!("{shown}");
        told["part"] = self.part.clone().into();
        self.lines.push(told);
    }

    /// A row's ratios to the bare server.
    pub(crate) fn of_bare(&self, part: &str, server: &str, connections: usize) -> Option<Figures> {
        let is_it = |(of, row): &&(String, Row)| {
            of == part && row.name == server && row.load.connections == connections
        };
        self.rows.iter().find(is_it).map(|(_, row)| row.ratios)
    }

    /// One number of one store, by its name.
    pub(crate) fn number(&self, store: &str, what: &str) -> Option<f64> {
        self.figures.iter().find(|(of, name, _)| *of == store && name == what).map(|(.., value)| *value)
    }

    /// One goal; `None` for what was not measured.
    pub(crate) fn goal(
        &mut self,
        what: &str,
        measured: Option<f64>,
        bound: (char, f64),
        reached: Option<bool>,
    ) {
        let shown = measured.map_or("-".to_owned(), |measured| format!("{measured:.2}"));
        let word = match reached {
            Some(true) => "reached",
            Some(false) => "**missed**",
            None => "not measured",
        };
        println!("| {what} | {shown} | {} {:.2} | {word} |", bound.0, bound.1);
        self.lines.push(json!({
            "part": self.part, "what": what, "value": measured, "bound": bound.1, "reached": reached,
        }));
    }

    pub(crate) fn finish(self, to: Option<&Path>) -> anyhow::Result<()> {
        let Some(to) = to else { return Ok(()) };
        let whole = json!({ "setting": self.setting, "measured": self.lines });
        Ok(fs::write(to, serde_json::to_string_pretty(&whole)?)?)
    }
}
