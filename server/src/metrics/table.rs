//! Counters by words of closed lists. A cell is made when it is first counted, and
//! found without a lock from then on.

use std::sync::OnceLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// A label: its name and one of its words.
pub(super) type Label = (&'static str, &'static str);

/// What stands for a word that is on no list. That it is counted at all is a mistake of
/// ours, and yet no reason to show the word.
pub(super) const OTHER: &str = "other";

/// A list of words, and the label that they stand under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) label: &'static str,
    /// The last one is [`OTHER`].
    pub(super) all: &'static [&'static str],
}

impl Words {
    /// Where a word stands; the last place for one that is on no list.
    pub(super) fn place(&self, word: &str) -> usize {
        self.all.iter().position(|known| *known == word).unwrap_or(self.all.len() - 1)
    }

    pub(super) fn at(&self, place: usize) -> Label {
        (self.label, self.all[place])
    }
}

/// A counter for every word of a list.
#[derive(Debug)]
pub(super) struct Row {
    words: Words,
    family: Family<[Label; 1], Counter>,
    cells: Vec<Counter>,
}

impl Row {
    /// Every cell at 0: what has never happened shows, too.
    pub(super) fn new(words: Words) -> Self {
        let family = Family::<[Label; 1], Counter>::default();
        let cells =
            (0..words.all.len()).map(|place| family.get_or_create_owned(&[words.at(place)])).collect();
        Self { words, family, cells }
    }

    /// For a registry.
    pub(super) fn family(&self) -> Family<[Label; 1], Counter> {
        self.family.clone()
    }

    pub(super) fn count(&self, word: &str) {
        self.cells[self.words.place(word)].inc();
    }
}

/// A counter for every pair of two lists' words.
#[derive(Debug)]
pub(super) struct Table {
    rows: Words,
    columns: Words,
    family: Family<[Label; 2], Counter>,
    cells: Vec<OnceLock<Counter>>,
}

impl Table {
    pub(super) fn new(rows: Words, columns: Words) -> Self {
        let cells = (0..rows.all.len() * columns.all.len()).map(|_| OnceLock::new()).collect();
        Self { rows, columns, family: Family::default(), cells }
    }

    /// For a registry.
    pub(super) fn family(&self) -> Family<[Label; 2], Counter> {
        self.family.clone()
    }

    pub(super) fn count(&self, row: &str, column: &str) {
        self.count_at(self.rows.place(row), self.columns.place(column));
    }

    /// Makes every cell, at 0: what has never happened shows, too.
    pub(super) fn with_zeros(self) -> Self {
        for at in 0..self.cells.len() {
            self.cell(at / self.columns.all.len(), at % self.columns.all.len());
        }
        self
    }

    pub(super) fn count_at(&self, row: usize, column: usize) {
        self.cell(row, column).inc();
    }

    fn cell(&self, row: usize, column: usize) -> &Counter {
        let made = || self.family.get_or_create_owned(&[self.rows.at(row), self.columns.at(column)]);
        self.cells[row * self.columns.all.len() + column].get_or_init(made)
    }
}
