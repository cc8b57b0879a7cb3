//! A reading of the whole file finds every kind of damage, and none where none is.

mod common;

use std::fs;
use std::path::Path;

use common::{open, put};
use rusqlite::Connection;
use waxseal_conformance::sample;
use waxseal_core::attempt::Guess;
use waxseal_core::domain::Domain;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{AccountStore, Audit, States, Store};
use waxseal_sqlite::{OpenError, verify};

/// Records 1 guarded and guessed at, 2 opened, 3 burned, 4 expired and swept, 5 and 6 of
/// an account, 7 with another key; an account with its token and a domain.
async fn furnish(path: &Path) {
    let store = open(path);
    for n in 1..8 {
        let mut record = if n == 5 || n == 6 {
            sample::owned(n, sample::account_id(1))
        } else if n == 4 {
            sample::made(sample::record(n), sample::START, sample::LIFE)
        } else {
            sample::made(sample::record(n), sample::after(sample::LIFE.secs() / 2), sample::LIFE)
        };
        record.sealed.passphrase_required = n == 1;
        record.kid.0[0] ^= u8::from(n == 7);
        put(&store, &record).await;
    }
    let (guess, policy) = (Guess::Open(sample::client(1)), AttemptPolicy::default());
    store.attempt(&sample::id(1), guess, &policy, sample::START).await.unwrap();
    store.settle(&sample::id(2), Ending::Received, sample::START).await.unwrap().unwrap();
    store.settle(&sample::id(3), Ending::Burned, sample::START).await.unwrap().unwrap();
    store.add_account(sample::account(1), sample::token(1)).await.unwrap();
    store.add_domain(Domain::new("a.example", sample::account_id(1))).await.unwrap();
    store.close();
}

fn audit(path: &Path) -> Audit {
    verify(path, sample::START, &mut |_, _| {}).unwrap().unwrap()
}

/// What is told once `sql` was done to a file.
fn told(whole: &Path, sql: &str) -> Vec<String> {
    let path = whole.with_extension("spoiled");
    fs::copy(whole, &path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA journal_mode = DELETE;").unwrap();
    assert_eq!(conn.execute(sql, []).unwrap(), 1, "{sql}");
    drop(conn);
    let audit = audit(&path);
    assert_eq!(audit.flaws, audit.named.len() as u64);
    let line = |flaw: &waxseal_core::store::Flaw| format!("{}: {}", flaw.of, flaw.what);
    let mut told: Vec<String> = audit.named.iter().map(line).collect();
    told.extend((audit.undecoded > 0).then(|| format!("{} undecoded", audit.undecoded)));
    told
}

#[tokio::test]
async fn a_sound_file_is_counted_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert_eq!(verify(&path, sample::START, &mut |_, _| {}).unwrap(), None);
    furnish(&path).await;
    let before = fs::read(&path).unwrap();
    let mut heard = Vec::new();
    let found = verify(&path, sample::START, &mut |done, of| heard.push((done, of))).unwrap().unwrap();
    assert_eq!((found.flaws, &found.named[..]), (0, &[][..]));
    assert_eq!((found.decoded, found.undecoded, found.uncompared), (7, 0, 0));
    assert_eq!(found.states, States { new: 5, received: 1, burned: 1, ..States::default() });
    assert_eq!(found.kids.values().copied().collect::<Vec<_>>(), [1, 6]);
    assert_eq!((found.accounts, found.tokens, found.domains), (1, 1, 1));
    assert!(heard.iter().all(|(done, of)| done <= of && *of == 7), "{heard:?}");
    assert_eq!(heard.last(), Some(&(7, 7)));
    assert_eq!(fs::read(&path).unwrap(), before);

    let later = verify(&path, sample::after(sample::LIFE.secs()), &mut |_, _| {}).unwrap().unwrap();
    assert_eq!((later.states.new, later.states.expired, later.flaws), (2, 3, 0));
}

#[tokio::test]
async fn an_older_file_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    fs::write(&path, include_bytes!("version-1/store.db")).unwrap();
    let found = audit(&path);
    assert_eq!((found.flaws, &found.named[..]), (0, &[][..]));
    assert!(found.decoded > 0 && found.accounts > 0, "{found:?}");
}

#[tokio::test]
async fn every_kind_of_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    furnish(&path).await;
    let record = |n| format!("record {}", waxseal_core::store::hex(sample::id(n).as_bytes()));
    let of = |n| format!("x'{}'", waxseal_core::store::hex(sample::id(n).as_bytes()));
    let slot = |n| format!("(SELECT slot FROM receipts WHERE id = {})", of(n));
    let totals = "table totals: its figures are not those of the records".to_owned();

    // What is done to the file, and what must be told of it.
    let receipt = |set: &str, n| format!("UPDATE receipts SET {set} WHERE id = {}", of(n));
    let cases: Vec<(String, Vec<String>)> = vec![
        (receipt("state = 7", 1), vec![format!("{}: a state", record(1)), "1 undecoded".into()]),
        (receipt("kind = 9", 5), vec![format!("{}: a kind", record(5)), "1 undecoded".into()]),
        (receipt("expires = -1", 2), vec![format!("{}: a time", record(2)), "1 undecoded".into()]),
        (receipt("mail = 99", 2), vec![format!("{}: a message's state", record(2)), "1 undecoded".into()]),
        (receipt("owner = NULL", 5), vec![format!("{}: its owner does not fit its own box", record(5))]),
        (receipt("owner = x'07'", 6), vec![format!("{}: its owner does not fit its own box", record(6))]),
        (
            receipt("expires = expires + 1", 7),
            vec![format!("{}: its content ends at another time", record(7))],
        ),
        (
            receipt("state = 1", 5),
            vec![format!("{}: it has ended, and its content still stands", record(5)), totals.clone()],
        ),
        (
            receipt(&format!("slot = {}", slot(2)), 3),
            vec![format!("{}: another record leads to the same content", record(3))],
        ),
        (
            receipt("kid = x'0707'", 2),
            vec![
                format!("{}: a key's id", record(2)),
                "table kids: its figures are not those of the records".into(),
                "1 undecoded".into(),
            ],
        ),
        (
            format!("UPDATE locks SET lock = x'00' WHERE slot = {}", slot(7)),
            vec![format!("{}: a lock's length", record(7)), "1 undecoded".into()],
        ),
        (
            format!("UPDATE locks SET lock = zeroblob(61) WHERE slot = {}", slot(7)),
            vec![format!("{}: its lock is zeroed, and its body is not", record(7))],
        ),
        (
            format!("DELETE FROM locks WHERE slot = {}", slot(5)),
            vec![format!("{}: its lock is gone", record(5))],
        ),
        (
            format!("UPDATE bodies SET body = x'' WHERE slot = {}", slot(5)),
            vec![format!("{}: its body is empty", record(5)), totals.clone()],
        ),
        (
            format!("UPDATE attempts SET counts = x'0909' WHERE slot = {}", slot(1)),
            vec![format!("{}: its guesses can't be read", record(1))],
        ),
        ("UPDATE totals SET received = 9".into(), vec![totals.clone()]),
        (
            "UPDATE kids SET receipts = receipts + 1 WHERE receipts = 1".into(),
            vec!["table kids: its figures are not those of the records".into()],
        ),
        ("UPDATE accounts SET state = 9".into(), vec![format!("account {}: an account's state", account())]),
        ("UPDATE tokens SET scope = 9".into(), vec![format!("token {}: a token's scope", token())]),
        ("UPDATE domains SET accent = 'red'".into(), vec!["domain a.example: a domain's colour".into()]),
        (
            "DELETE FROM accounts".into(),
            vec![
                format!("token {}: its account is gone", token()),
                "domain a.example: its account is gone".into(),
            ],
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(told(&path, &sql), expected, "{sql}");
    }
}

fn account() -> String {
    waxseal_core::store::hex(sample::account_id(1).as_bytes())
}

fn token() -> String {
    waxseal_core::store::hex(sample::token(1).digest.as_bytes())
}

/// Rows without a partner: of each, what its slot is called is looked up.
#[tokio::test]
async fn rows_without_a_partner_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    furnish(&path).await;
    let of = |n| format!("(SELECT slot FROM receipts WHERE id = x'{}')", hex(n));
    let slot = |n| common::number(&path, &format!("SELECT {}", of(n)));
    let cases = [
        (
            format!("DELETE FROM receipts WHERE id = x'{}'", hex(5)),
            format!("slot {}: content that no record leads to", slot(5)),
        ),
        (
            format!("DELETE FROM bodies WHERE slot = {}", of(7)),
            format!("slot {}: a lock that stands without its body", slot(7)),
        ),
        (
            format!("UPDATE bodies SET body = x'0001' WHERE slot = {}", of(2)),
            format!("slot {}: content that was erased, and is not zeroed", slot(2)),
        ),
        (
            format!("UPDATE locks SET lock = x'0001' WHERE slot = {}", of(3)),
            format!("slot {}: a lock that stands without its body", slot(3)),
        ),
        (
            format!("INSERT INTO attempts VALUES ({}, x'')", of(2)),
            format!("slot {}: guesses at content that is gone", slot(2)),
        ),
    ];
    for (sql, expected) in cases {
        let told = told(&path, &sql);
        assert!(told.contains(&expected), "{sql}: {told:?}");
    }
    let lost = told(&path, &format!("DELETE FROM bodies WHERE slot = {}", of(7)));
    assert!(lost.contains(&format!("record {}: its content is gone", hex(7))), "{lost:?}");
}

fn hex(n: u32) -> String {
    waxseal_core::store::hex(sample::id(n).as_bytes())
}

/// No file that only this program wrote has one.
#[tokio::test]
async fn a_value_of_another_type_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    furnish(&path).await;
    let conn = Connection::open(&path).unwrap();
    let lax = "PRAGMA writable_schema = ON;
               UPDATE sqlite_schema SET sql = replace(sql, 'STRICT, ', '') WHERE name = 'receipts';
               PRAGMA writable_schema = RESET;";
    conn.execute_batch(lax).unwrap();
    conn.close().unwrap();
    let sql = format!("UPDATE receipts SET passphrase_required = 'yes' WHERE id = x'{}'", hex(1));
    let record = format!("record {}: a value of another type", hex(1));
    assert_eq!(told(&path, &sql), [record, "1 undecoded".into()]);
}

#[tokio::test]
async fn a_page_that_is_torn_is_told_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    furnish(&path).await;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let find = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page = |table| conn.query_row(find, [table], |row| row.get::<_, u32>(0)).unwrap() as usize;
    let pages = ["accounts", "receipts"].map(|table| (table, page(table)));
    drop(conn);
    let whole = fs::read(&path).unwrap();
    for (table, page) in pages {
        let mut bytes = whole.clone();
        bytes[(page - 1) * 4_096..page * 4_096].fill(0xa5);
        fs::write(&path, bytes).unwrap();
        let found = audit(&path);
        let read = if table == "accounts" { (7, 0) } else { (0, 1) };
        assert_eq!((found.decoded, found.accounts, found.undecoded), (read.0, read.1, 0));
        let told = (&found.named[0].of[..], found.named[0].what);
        assert_eq!(told, (&*format!("table {table}"), "a part of the file can't be read"));
    }
}

#[tokio::test]
async fn a_file_that_goes_meanwhile_is_not_taken_for_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    furnish(&path).await;
    let refused = verify(&path, sample::START, &mut |_, _| {
        fs::rename(&path, folder.path().join("away")).unwrap();
    });
    assert!(matches!(refused, Err(OpenError::Failed { .. })), "{refused:?}");
}

#[tokio::test]
async fn whoever_waits_hears_of_a_thousand_at_a_time_and_of_all_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    furnish(&path).await;
    let conn = Connection::open(&path).unwrap();
    let (one, all) = (hex(2), 2_500);
    let more = format!(
        "WITH RECURSIVE more (n) AS (VALUES (8) UNION ALL SELECT n + 1 FROM more WHERE n < {all})
         INSERT INTO receipts SELECT randomblob(32), created, expires, updated, state, kind, passphrase_required,
                                     kid, slot, mail, mail_noted, info, owner, own
         FROM receipts, more WHERE id = x'{one}';
         UPDATE kids SET receipts = receipts + {all} - 7 WHERE receipts = 6;
         UPDATE receipts SET state = 7 WHERE id = x'{one}';"
    );
    conn.execute_batch(&more).unwrap();
    conn.close().unwrap();
    let mut heard = vec![0];
    let mut tell = |done, of| {
        assert_eq!(of, all);
        heard.push(done);
    };
    let found = verify(&path, sample::START, &mut tell).unwrap().unwrap();
    assert_eq!((found.decoded, found.undecoded, found.uncompared), (all - 1, 1, 0));
    assert!(heard.windows(2).all(|pair| pair[1] - pair[0] <= 1_000), "{heard:?}");
    assert_eq!(heard.last(), Some(&all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_changes_meanwhile_shows_no_flaw() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = std::sync::Arc::new(open(&path));
    let busy = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0.. {
                put(&store, &sample::record(n)).await;
                if n % 2 == 0 {
                    store.settle(&sample::id(n), Ending::Received, sample::START).await.unwrap().unwrap();
                }
            }
        })
    };
    for _ in 0..30 {
        let reading = path.clone();
        let found = tokio::task::spawn_blocking(move || audit(&reading)).await.unwrap();
        assert_eq!(found.named, []);
    }
    busy.abort();
}
