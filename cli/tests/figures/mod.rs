//! What Prometheus reads at `/metrics`, read strictly: OpenMetrics 1.0 as the standard
//! writes it, not as lenient readers take it.

use std::collections::{BTreeMap, BTreeSet};

/// One line: a figure, and what it is of.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All that was told at once.
#[derive(Debug)]
pub(crate) struct Figures(pub(crate) Vec<Sample>);

impl Figures {
    /// Reads an exposition, and panics at the first thing that is wrong with it.
    pub(crate) fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the last line is # EOF");
        let mut reader = Reader::default();
        body.lines().for_each(|line| reader.line(line));
        reader.histograms_add_up();
        Self(reader.samples)
    }

    /// The sum of all samples of a name that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &Sample| {
            labels.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|found| found == value))
        };
        self.0.iter().filter(|sample| sample.name == name && has(sample)).map(|sample| sample.value).sum()
    }

    /// Every label's value is a word that this list knows.
    pub(crate) fn assert_labels_are_words(&self) {
        for sample in &self.0 {
            for (label, value) in &sample.labels {
                let is_known = is_word(label, value);
                assert!(is_known, "{label}={value:?} of {} is on no list", sample.name);
            }
        }
    }
}

/// Whether a label may have this value.
pub(crate) fn is_word(label: &str, value: &str) -> bool {
    let words = match label {
        "le" => return value == "+Inf" || value.parse::<f64>().is_ok(),
        "version" => return value == env!("CARGO_PKG_VERSION"),
        "status" => {
            return value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit()) || value == "other";
        }
        "route" => {
            "share|reveal|create|generate|look|burn|recent|status|authcheck|unrouted|create page|secret page|\
             receipt page|burn page|robots|hint|healthz|readyz|openapi|redirect|none|other"
        }
        "outcome" => {
            "shared|revealed|generated|looked|burned|listed|nominal|gone|wrong passphrase|locked out|\
             lost the race|refused|turned away|fault|told|asked|repeated|panicked|shared, recipient not told|\
             generated, recipient not told|redirected|sent|failed|tried again|no room|done|too slow|other"
        }
        "fault" => "unavailable|unconfirmed|undecipherable|busy|full|entropy|breach|other",
        "operation" => "create|front|attempt|settle|receipt|recent|note_mail|sweep|bind|usage|ping|other",
        "error" => "unavailable|unconfirmed|damaged|other",
        "guess" => "none|open|burn|other",
        "answer" => "granted|gone|locked_out|other",
        "state" => "new|received|burned",
        _ => "",
    };
    words.split('|').any(|word| word == value)
}

#[derive(Default)]
struct Reader {
    /// Name and kind of the family that is being told.
    family: Option<(String, String)>,
    told: BTreeSet<String>,
    series: BTreeSet<String>,
    samples: Vec<Sample>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        match line.strip_prefix("# ") {
            Some(rest) => self.descriptor(rest),
            None => self.sample(line),
        }
    }

    fn descriptor(&mut self, rest: &str) {
        let mut words = rest.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_else(|| panic!("{rest:?} is no descriptor"));
        let (what, name, told) = (word(), word(), word());
        assert!(is_name(name), "{name:?} is no name");
        match what {
            "HELP" => {
                assert!(self.told.insert(name.to_owned()), "{name} is told twice");
                assert!(!told.is_empty());
                self.family = Some((name.to_owned(), String::new()));
            }
            "TYPE" => {
                assert!(["counter", "gauge", "histogram"].contains(&told), "{told} is no type of ours");
                let family = self.family.as_mut().filter(|family| family.0 == name);
                family.unwrap_or_else(|| panic!("{name} has no HELP before its TYPE")).1 = told.to_owned();
            }
            "UNIT" => assert!(name.ends_with(&format!("_{told}")), "{name} is not in {told}"),
            _ => panic!("{what} is no descriptor"),
        }
    }

    fn sample(&mut self, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?} is no sample"));
        assert!(self.series.insert(series.to_owned()), "{series} is told twice");
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => (name, labels(rest.strip_suffix('}').expect("labels end with }"))),
            None => (series, BTreeMap::new()),
        };
        let (family, kind) = self.family.as_ref().expect("a sample has a family before it");
        let suffix =
            name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{name} is not of {family}"));
        let suffixes: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_sum", "_count", "_bucket"],
            _ => panic!("{family} has no TYPE"),
        };
        assert!(suffixes.contains(&suffix), "{name} is no {kind}");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{value:?} is no number"));
        assert!(value >= 0.0, "{line}");
        self.samples.push(Sample { name: name.to_owned(), labels, value });
    }

    /// Buckets count up, end with all, and agree with the count.
    fn histograms_add_up(&self) {
        let mut open: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        for sample in self.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le").expect("a bucket has a bound");
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            let key = (sample.name.replace("_bucket", "_count"), format!("{labels:?}"));
            let before = open.insert(key, (bound, sample.value)).unwrap_or((f64::NEG_INFINITY, 0.0));
            assert!(before.0 < bound && before.1 <= sample.value, "{sample:?}");
        }
        for sample in self.samples.iter().filter(|sample| sample.name.ends_with("_count")) {
            let last = open[&(sample.name.clone(), format!("{:?}", sample.labels))];
            assert_eq!(last, (f64::INFINITY, sample.value), "{sample:?}");
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    name.starts_with(|sign: char| sign.is_ascii_alphabetic()) && name.chars().all(is_sign)
}

/// `a="x",b="y"`, with no sign in a value that would have to be escaped.
fn labels(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"").expect("a label has a value in quotes");
        let (value, behind) = behind.split_once('"').expect("a value ends");
        assert!(is_name(name) && !value.contains(['\\', '\n']), "{name}={value:?}");
        assert!(labels.insert(name.to_owned(), value.to_owned()).is_none(), "{name} stands twice");
        rest = behind.strip_prefix(',').unwrap_or_else(|| {
            assert!(behind.is_empty(), "{behind:?} stands behind a value");
            ""
        });
    }
    labels
}
