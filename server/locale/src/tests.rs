//! What holds between the languages. That no text is missing, the compiler sees.

use std::collections::BTreeSet;

use waxseal_core::contract::locale::LOCALES;
use waxseal_core::time::{Timestamp, Ttl};

use crate::{Plural, Words, machine};

/// Texts that are the same in English for a reason.
const SAME: &[(&str, &str, &str)] = &[
    ("de", "Create.passphrase", "the German word, too"),
    ("de", "Receipt.passphrase", "the German word, too"),
    ("fr", "Create.secret", "the French word, too"),
    ("fr", "Shown.secret", "the French word, too"),
    ("fr", "Receipt.mail", "the French word, too"),
    ("es", "Frame.error", "the Spanish word, too"),
    ("de", "Front.passphrase", "the German word, too"),
    ("fr", "Units.minutes.one", "the French word, too"),
    ("fr", "Units.minutes.other", "the French word, too"),
];

/// Every text of a language, with its name. A new group of texts does not compile
/// until it stands here.
fn texts(words: &Words) -> Vec<(&'static str, &'static str)> {
    let Words {
        tag: _,
        name: _,
        direction: _,
        rule: _,
        group: _,
        grouped_from: _,
        months: _,
        write_date: _,
        units,
        frame,
        create,
        problems,
        receipt,
        burn,
        front,
        attempts_left,
        shown,
        lost,
        gone,
        trouble,
        mail,
    } = words;
    let mut texts = [frame.each(), create.each(), problems.each(), receipt.each(), burn.each()].concat();
    texts
        .extend([front.each(), shown.each(), lost.each(), gone.each(), trouble.each(), mail.each()].concat());
    let (one, other) = ("Words.attempts_left.one", "Words.attempts_left.other");
    texts.extend([(one, attempts_left.one), (other, attempts_left.other)]);
    texts.extend([("Units.seconds.one", units.seconds.one), ("Units.seconds.other", units.seconds.other)]);
    texts.extend([("Units.minutes.one", units.minutes.one), ("Units.minutes.other", units.minutes.other)]);
    texts.extend([("Units.hours.one", units.hours.one), ("Units.hours.other", units.hours.other)]);
    texts.extend([("Units.days.one", units.days.one), ("Units.days.other", units.days.other)]);
    texts
}

/// The texts of a language beside the English ones.
fn beside_english(words: &Words) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let english = texts(Words::of("en"));
    english.into_iter().zip(texts(words)).map(|((name, english), (_, text))| (name, english, text))
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place).collect()
}

#[test]
fn there_is_a_file_for_each_language_that_the_contract_speaks() {
    assert_eq!(Words::ALL.map(|words| words.tag), LOCALES);
    for locale in LOCALES {
        assert_eq!(Words::of(locale).tag, locale);
    }
    assert_eq!(Words::of("tlh").tag, "en");
}

#[test]
fn nothing_is_left_in_english() {
    let mut same = BTreeSet::new();
    for words in &Words::ALL[1..] {
        for (name, english, text) in beside_english(words) {
            if text == english {
                same.insert((words.tag, name));
            }
        }
    }
    let explained: BTreeSet<_> = SAME.iter().map(|(tag, name, _)| (*tag, *name)).collect();
    assert_eq!(same, explained);
}

#[test]
fn every_language_tells_the_same_values() {
    for words in Words::ALL {
        for (name, english, text) in beside_english(words) {
            assert_eq!(places(text), places(english), "{}: {name}", words.tag);
        }
    }
}

#[test]
fn texts_end_as_the_english_ones_do() {
    let end = |text: &str| text.chars().next_back().filter(char::is_ascii_punctuation);
    for words in Words::ALL {
        // A Spanish letter greets with a colon.
        let alike = beside_english(words).filter(|(name, ..)| *name != "Mail.greeting");
        for (name, english, text) in alike {
            assert_eq!(end(text), end(english), "{}: {name}", words.tag);
        }
    }
}

#[test]
fn texts_are_clean() {
    for words in Words::ALL {
        for (name, text) in texts(words) {
            assert_eq!(text.trim(), text, "{}: {name}", words.tag);
            assert!(!text.is_empty() && !text.contains("  "), "{}: {name}", words.tag);
            assert!(!text.contains(['<', '>', '\'', '"']), "{}: {name} holds a straight quote", words.tag);
        }
        assert_eq!(words.months.iter().collect::<BTreeSet<_>>().len(), 12, "{}", words.tag);
    }
}

#[test]
fn french_signs_stand_behind_a_narrow_space() {
    for (name, text) in texts(Words::of("fr")) {
        for sign in [':', ';', '?', '!', '»'] {
            for (at, _) in text.match_indices(sign) {
                assert!(text[..at].ends_with('\u{202f}'), "{name}: {text}");
            }
        }
        assert!(!text.replace("«\u{202f}", "").contains('«'), "{name}");
    }
}

#[test]
fn plural_forms_follow_the_language() {
    let form = |tag, n| Words::of(tag).count(&Words::of(tag).units.days, n);
    for (tag, expected) in [
        ("en", ["0 days", "1 day", "2 days", "21 days"]),
        ("es", ["0 días", "1 día", "2 días", "21 días"]),
        ("fr", ["0 jour", "1 jour", "2 jours", "21 jours"]),
        ("de", ["0 Tage", "1 Tag", "2 Tage", "21 Tage"]),
        ("pt", ["0 dia", "1 dia", "2 dias", "21 dias"]),
    ] {
        assert_eq!([0, 1, 2, 21].map(|n| form(tag, n)), expected);
    }
    let left = |tag, n| Words::of(tag).count(&Words::of(tag).attempts_left, n);
    assert_eq!(
        ["en", "es", "pt"].map(|tag| left(tag, 1)),
        ["1 attempt left.", "Queda 1 intento.", "Resta 1 tentativa."]
    );
    assert_eq!(["fr", "de"].map(|tag| left(tag, 4)), ["Il reste 4 essais.", "Noch 4 Versuche."]);
}

#[test]
fn both_plural_forms_tell_the_number() {
    for words in Words::ALL {
        let units = words.units;
        let plurals = [units.seconds, units.minutes, units.hours, units.days, words.attempts_left];
        for Plural { one, other } in plurals {
            assert!(one.contains("{n}") && other.contains("{n}"), "{}: {other}", words.tag);
        }
    }
}

#[test]
fn numbers_are_grouped_as_the_language_does() {
    let written = |n| Words::ALL.map(|words| words.number(n));
    assert_eq!(written(999), ["999"; 5]);
    assert_eq!(written(1_000), ["1,000", "1000", "1\u{202f}000", "1.000", "1.000"]);
    assert_eq!(written(10_000), ["10,000", "10.000", "10\u{202f}000", "10.000", "10.000"]);
    assert_eq!(Words::of("en").number(1_234_567), "1,234,567");
}

#[test]
fn dates_are_written_as_the_language_does() {
    let written = |secs| Words::ALL.map(|words| words.date(Timestamp::from_secs(secs)));
    assert_eq!(
        written(1_793_496_600),
        [
            "1 November 2026, 01:30 UTC",
            "1 de noviembre de 2026, 01:30 UTC",
            "1er novembre 2026, 01:30 UTC",
            "1. November 2026, 01:30 UTC",
            "1 de novembro de 2026, 01:30 UTC",
        ]
    );
    // A leap day's last minute.
    assert_eq!(written(1_835_481_599)[0], "29 February 2028, 23:59 UTC");
    assert_eq!(written(1_835_481_600)[2], "1er mars 2028, 00:00 UTC");
    assert_eq!(written(0)[3], "1. Januar 1970, 00:00 UTC");
}

#[test]
fn machines_read_the_same_second() {
    assert_eq!(machine(Timestamp::from_secs(1_835_481_599)), "2028-02-29T23:59:59Z");
    assert_eq!(machine(Timestamp::from_secs(u64::MAX)), "9999-12-31T23:59:59Z");
}

#[test]
fn a_duration_is_told_in_the_largest_whole_unit() {
    let english = Words::of("en");
    for (secs, expected) in [
        (0, "0 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (61, "61 seconds"),
        (5_400, "90 minutes"),
        (3_600, "1 hour"),
        (86_400, "1 day"),
        (604_800, "7 days"),
    ] {
        assert_eq!(english.duration(Ttl::from_secs(secs)), expected);
    }
    assert_eq!(Words::of("de").duration(Ttl::days(7)), "7 Tage");
}

#[test]
fn a_wait_is_rounded_up() {
    let english = Words::of("en");
    for (secs, expected) in [
        (0, "1 second"),
        (90, "90 seconds"),
        (91, "2 minutes"),
        (5_400, "90 minutes"),
        (5_401, "2 hours"),
        (172_801, "3 days"),
    ] {
        assert_eq!(english.wait(Ttl::from_secs(secs)), expected);
    }
}
