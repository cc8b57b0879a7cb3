//! Several stores on one file, and processes that are killed.

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;

use common::{CHILD, content, number, open, put, spawn};
use tokio::task::JoinSet;
use waxseal_conformance::sample;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{AccountStore, Store};
use waxseal_sqlite::SqliteStore;

const KEYS: u32 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_stores_on_one_file_one_wins_each_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let stores = [Arc::new(open(&path)), Arc::new(open(&path))];
    for n in 0..KEYS {
        put(&stores[n as usize % 2], &sample::record(n)).await;
    }
    let mut racing = JoinSet::new();
    for store in &stores {
        racing.spawn(win(Arc::clone(store)));
    }
    let wins: Vec<_> = racing.join_all().await;
    assert_won_once(&wins[0], &wins[1]);
    for store in &stores {
        let usage = store.usage().await.unwrap();
        assert_eq!((usage.new, usage.received), (0, u64::from(KEYS)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_on_one_file_one_wins_each_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Arc::new(open(&path));
    for n in 0..KEYS {
        put(&store, &sample::record(n)).await;
    }
    let mut child = spawn("racing_child", &path);
    let mut said = BufReader::new(child.stdout.take().unwrap());
    read_until(&mut said, "ready");
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let ours = win(Arc::clone(&store)).await;
    let theirs = numbers(&mut said, "won");
    assert!(child.wait().unwrap().success());
    assert_won_once(&ours, &theirs);
}

#[test]
#[ignore = "runs as the child of of_two_processes_on_one_file_one_wins_each_key"]
fn racing_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Arc::new(open(Path::new(&path)));
    say("ready");
    std::io::stdin().lines().next().unwrap().unwrap();
    for n in runtime().block_on(win(store)) {
        say(&format!("won {n}"));
    }
}

#[tokio::test]
async fn another_stores_change_is_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (server, command_line) = (open(&path), open(&path));
    command_line.add_account(sample::account(1), sample::token(1)).await.unwrap();
    assert!(server.account(&sample::account_id(1)).await.unwrap().is_some());
    command_line.remove_account(&sample::account_id(1)).await.unwrap();
    assert_eq!(server.account(&sample::account_id(1)).await.unwrap(), None);
}

const ROUNDS: u32 = 12;
/// Secrets that a child makes at the most, before it is killed.
const MADE: u32 = 100_000;

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (mut created, mut settled) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let mut child = spawn("killed_child", &path);
        writeln!(child.stdin.take().unwrap(), "{}", round * MADE).unwrap();
        // As many answers as a number that looks random says, and then the kill.
        let answers = 40 + round.wrapping_mul(2_654_435_761) % 900;
        for line in kill_after(&mut child, answers) {
            match line.split_once(' ') {
                Some(("created", n)) => created.insert(n.parse::<u32>().unwrap()),
                Some(("settled", n)) => settled.insert(n.parse().unwrap()),
                _ => continue,
            };
        }
        assert_kept(&path, &created, &settled).await;
    }
    assert!(created.len() > 200 && settled.len() > 50, "{} {}", created.len(), settled.len());
}

#[test]
#[ignore = "runs as the child of what_was_acknowledged_outlives_a_kill"]
fn killed_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let first = std::io::stdin().lines().next().unwrap().unwrap().parse().unwrap();
    runtime().block_on(make_and_settle(PathBuf::from(path), first));
}

/// Makes secrets with eight callers and ends the even ones.
async fn make_and_settle(path: PathBuf, first: u32) {
    let store = Arc::new(open(&path));
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let store = Arc::clone(&store);
        let stretch = MADE / 8;
        callers.spawn(async move {
            for n in (first + caller * stretch..).take(stretch as usize) {
                put(&store, &sample::record(n)).await;
                say(&format!("created {n}"));
                if n % 2 == 0 {
                    store.settle(&sample::id(n), Ending::Received, sample::START).await.unwrap().unwrap();
                    say(&format!("settled {n}"));
                }
            }
        });
    }
    callers.join_all().await;
}

/// Kills the child once it has given so many answers; answers every whole line it said.
fn kill_after(child: &mut Child, answers: u32) -> Vec<String> {
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    for _ in 0..answers {
        assert!(said.read_line(&mut lines).unwrap() > 0, "the child ended by itself");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said.read_to_string(&mut lines).unwrap();
    let whole = lines.rfind('\n').map_or(0, |end| end + 1);
    lines[..whole].lines().map(str::to_owned).collect()
}

async fn assert_kept(path: &Path, created: &BTreeSet<u32>, settled: &BTreeSet<u32>) {
    let store = open(path);
    for n in created.iter().filter(|n| **n % 2 == 1) {
        assert_eq!(content(&store, *n).await, Some(sample::record(*n).sealed), "{n} was lost");
    }
    for n in settled {
        assert_eq!(content(&store, *n).await, None, "{n} came back");
        let receipt = store.receipt(&sample::id(*n), sample::START).await.unwrap().unwrap();
        assert_eq!(receipt.state, State::Received);
        assert_eq!(store.settle(&sample::id(*n), Ending::Burned, sample::START).await.unwrap(), None);
    }
    assert_figures_agree(&store, path).await;
}

/// The running totals say what counting the rows says.
async fn assert_figures_agree(store: &SqliteStore, path: &Path) {
    let usage = store.usage().await.unwrap();
    let counted = |sql| u64::try_from(number(path, sql)).unwrap();
    assert_eq!(usage.new, counted("SELECT count(*) FROM bodies WHERE live = 1"));
    assert_eq!(usage.received, counted("SELECT count(*) FROM receipts WHERE state = 1"));
    let bytes = "SELECT sum(128 + length(info) + iif(live, 61 + length(body), 0))
                 FROM receipts JOIN bodies USING (slot)";
    assert_eq!(usage.bytes, counted(bytes));
    assert_eq!(usage.kids, [(sample::KID, counted("SELECT count(*) FROM receipts"))]);
}

/// Tries to end every key; answers the ones won.
async fn win(store: Arc<SqliteStore>) -> BTreeSet<u32> {
    let mut racing = JoinSet::new();
    for n in 0..KEYS {
        let store = Arc::clone(&store);
        racing.spawn(async move {
            let won = store.settle(&sample::id(n), Ending::Received, sample::START).await.unwrap();
            won.map(|_| n)
        });
    }
    racing.join_all().await.into_iter().flatten().collect()
}

fn assert_won_once(ours: &BTreeSet<u32>, theirs: &BTreeSet<u32>) {
    assert!(ours.is_disjoint(theirs), "won twice");
    assert_eq!(ours.len() + theirs.len(), KEYS as usize);
}

/// One whole line, in one write.
fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn read_until(said: &mut impl BufRead, word: &str) {
    let found = said.lines().map(Result::unwrap).any(|line| line.ends_with(word));
    assert!(found, "the child never said {word}");
}

fn numbers(said: &mut impl BufRead, word: &str) -> BTreeSet<u32> {
    let lines = said.lines().map(Result::unwrap);
    let wanted = lines.filter_map(|line| line.strip_prefix(word).map(|n| n.trim().parse().unwrap()));
    wanted.collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
