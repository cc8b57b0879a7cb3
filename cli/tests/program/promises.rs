//! The promises, on the real program: one reader under races, nothing of a secret left
//! in the files. What kills and faults must not do stands in `crash`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::home::Home;

const RACERS: usize = 64;
/// Erased bytes are out of the write-ahead log after two seconds; the rest is for a busy machine.
const ERASED_WITHIN: Duration = Duration::from_secs(30);

/// How many of `RACERS`, let go at once, got `true` from `race`.
fn winners(race: impl Fn(usize) -> bool + Send + Sync + 'static) -> usize {
    let (race, start) = (Arc::new(race), Arc::new(Barrier::new(RACERS)));
    let racer = |n| {
        let (race, start) = (race.clone(), start.clone());
        thread::spawn(move || {
            start.wait();
            race(n)
        })
    };
    let racers: Vec<_> = (0..RACERS).map(racer).collect();
    racers.into_iter().map(|racer| usize::from(racer.join().unwrap())).sum()
}

#[test]
fn of_64_readers_one_gets_the_value() {
    let home = Home::new();
    for store in ["sqlite:race.db", "memory:"] {
        let server = Arc::new(home.serve(&["--store", store]));
        for _ in 0..5 {
            let (server, shared) = (server.clone(), server.share("raced-for"));
            assert_eq!(winners(move |_| server.reveal(&shared) == "raced-for"), 1, "{store}");
        }
    }
}

#[test]
fn of_readers_and_burners_one_side_wins_and_the_receipt_agrees() {
    let home = Home::new();
    let server = Arc::new(home.serve(&[]));
    for _ in 0..5 {
        let shared = server.share("raced-for");
        let private = format!("/api/v1/private/{}", shared["metadata_key"].as_str().unwrap());
        let (racing, burn) = (server.clone(), format!("{private}/burn"));
        let won = winners(move |n| match n % 2 {
            0 => racing.reveal(&shared) == "raced-for",
            _ => racing.ask("POST", &burn, "", None).0 == 200,
        });
        assert_eq!(won, 1);
        let state = &server.ask("GET", &private, "", None).1["state"];
        assert!(state == "received" || state == "burned", "{state}");
    }
}

#[test]
fn after_a_reveal_the_files_hold_nothing_of_the_secret() {
    let home = Home::new();
    let server = home.serve(&[]);
    let mut traces = Vec::new();
    for n in 0..8 {
        let (value, passphrase) = (format!("plain-canary-{n}"), format!("pass-canary-{n}"));
        let form = format!("secret={value}&passphrase={passphrase}");
        let (_, shared) =
            server.ask("POST", "/api/v1/share", if n < 2 { &form } else { "secret=plain-canary" }, None);
        let keys = ["secret_key", "metadata_key"].map(|key| shared[key].as_str().unwrap().to_owned());
        traces.extend(keys.map(String::into_bytes));
        traces.extend([b"plain-canary".to_vec(), passphrase.into_bytes()]);
        let sealed = sealed_bytes(&home.path("data/waxseal.db"));
        let path = format!("/api/v1/secret/{}", shared["secret_key"].as_str().unwrap());
        let guess = if n < 2 { form.split_once('&').unwrap().1 } else { "" };
        assert_eq!(server.ask("POST", &path, guess, None).0, 200);
        traces.extend(sealed);
    }
    let until = Instant::now() + ERASED_WITHIN;
    while let Some(found) = found(&home.path("data"), &traces) {
        assert!(Instant::now() < until, "{found} still holds a trace");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Lock and body of every live secret.
fn sealed_bytes(path: &Path) -> Vec<Vec<u8>> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT body FROM bodies WHERE live = 1 UNION ALL
               SELECT lock FROM locks JOIN bodies USING (slot) WHERE live = 1";
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn found(folder: &Path, traces: &[Vec<u8>]) -> Option<String> {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.into_iter().find_map(|file| {
        let bytes = fs::read(&file).unwrap();
        let holds = |trace: &Vec<u8>| bytes.windows(trace.len()).any(|window| window == trace);
        traces.iter().any(holds).then(|| file.display().to_string())
    })
}
