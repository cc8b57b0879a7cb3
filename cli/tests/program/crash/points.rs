//! SIGKILL: at every point between the steps of a secret's life, and at random moments
//! of a crowd.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread;

use waxseal_fault_points::Point;
use waxseal_redis_servers::Server as Redis;

use super::clients::{Client, Crowd, Kind};
use super::ledger::{Findings, Story, check};
use super::{Dice, number, unlimited};
use crate::home::{Home, Server};

const SQLITE: &str = "sqlite:data/waxseal.db";
const SIGKILL: i32 = 9;
/// Rounds through every kind of secret after which a point that was not reached never will be.
const ROUNDS: usize = 200;
/// Series that run at once: they wait more than they work.
const AT_ONCE: usize = 3;

#[test]
fn a_kill_at_any_point_breaks_no_promise() {
    over_sqlite(2).assert_none();
}

#[test]
fn a_kill_at_any_point_over_redis_breaks_no_promise() {
    if waxseal_redis_servers::available("a_kill_at_any_point_over_redis_breaks_no_promise") {
        over_redis(2).assert_none();
    }
}

/// `WAXSEAL_PROVE_RUNS` says how many runs a point gets.
#[test]
#[ignore = "takes half an hour; run by scripts/prove"]
fn many_kills_at_any_point_break_no_promise() {
    over_sqlite(number("WAXSEAL_PROVE_RUNS", 200)).assert_none();
}

#[test]
#[ignore = "takes half an hour; run by scripts/prove"]
fn many_kills_at_any_point_over_redis_break_no_promise() {
    if waxseal_redis_servers::available("many_kills_at_any_point_over_redis_break_no_promise") {
        over_redis(number("WAXSEAL_PROVE_RUNS", 200)).assert_none();
    }
}

#[test]
fn a_kill_under_load_loses_nothing_acknowledged_and_tells_nothing_twice() {
    random_kills(8).assert_none();
}

#[test]
#[ignore = "takes minutes; run by scripts/prove"]
fn many_kills_under_load_break_no_promise() {
    random_kills(number("WAXSEAL_PROVE_RUNS", 200)).assert_none();
}

fn over_sqlite(runs: u32) -> Findings {
    series("SQLite", &Point::ALL, runs, |_| unlimited(SQLITE))
}

/// The points that the process reaches whatever the store is. Redis outlives it.
fn over_redis(runs: u32) -> Findings {
    let redis = Redis::start(&[]);
    let points = Point::ALL.into_iter().filter(|point| !format!("{point:?}").starts_with("Sqlite"));
    series("Redis", &points.collect::<Vec<_>>(), runs, |point| {
        let home = unlimited(&redis.url());
        let prefix = format!("{}[redis]\nprefix = \"{point:?}\"\n", home.read("waxseal.toml"));
        home.write("waxseal.toml", &prefix);
        home
    })
}

/// So many runs for each point, each point in a deployment of its own.
fn series(store: &str, points: &[Point], runs: u32, home: impl Fn(Point) -> Home + Sync) -> Findings {
    let (waiting, total) = (Mutex::new(VecDeque::from(points.to_vec())), Mutex::new(Findings::default()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(point) = next(&waiting) {
                    let found = kill_at(point, &home(point), runs);
                    eprintln!("{point:?}, {runs} kills over {store}: {found}");
                    *total.lock().unwrap() += found;
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    eprintln!("{} points, {runs} kills each, over {store}: {total}", points.len());
    total
}

fn next(waiting: &Mutex<VecDeque<Point>>) -> Option<Point> {
    waiting.lock().unwrap().pop_front()
}

/// Kills so many processes at a point, one after the other on the same store, each at
/// another of its first times there. What each acknowledged is checked after its restart,
/// and what has ended once more after the last one's.
fn kill_at(point: Point, home: &Home, runs: u32) -> Findings {
    let mut dice = Dice(point as u64);
    let (mut found, mut ended) = (Findings::default(), Vec::new());
    for _ in 0..runs {
        let mut stories = killed(home, point, &mut dice);
        let server = home.serve(&[]);
        found += check(&server, &mut stories);
        server.kill();
        ended.extend(stories);
    }
    found += check(&home.serve(&[]), &mut ended);
    found
}

/// Clients of a process that dies at a point: what they know.
fn killed(home: &Home, point: Point, dice: &mut Dice) -> Vec<Story> {
    // The log is due at the start, and then a second and a half after an ending.
    let hits = if matches!(point, Point::SqliteLogDue | Point::SqliteLogCut) { 2 } else { 4 };
    let plan = format!("{point:?}:{}", 1 + dice.below(hits));
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::begun(command.env("FAULT_POINT", &plan).stderr(std::process::Stdio::null()));
    let (mut client, mut stories) = (Client::new(&server), Vec::new());
    let skipped = usize::try_from(dice.below(Kind::MIX.len() as u64)).unwrap();
    let mut kinds = Kind::MIX.into_iter().cycle().skip(skipped).take(ROUNDS * Kind::MIX.len());
    while !server.address.is_empty() && !client.gone {
        let kind = kinds.next().unwrap_or_else(|| panic!("{plan} was never reached"));
        if let Some(mut story) = client.share(kind) {
            client.go_on(&mut story, kind);
            stories.push(story);
        }
    }
    assert_eq!(server.ended(), Some(SIGKILL), "{plan}: something else ended it");
    stories
}

/// Kills the server of a crowd so many times. A third of what is left unread stays so
/// until the end, over all further kills.
fn random_kills(rounds: u32) -> Findings {
    let (home, mut dice) = (unlimited(SQLITE), Dice(0));
    let (mut found, mut known) = (Findings::default(), Vec::new());
    for round in 1..=rounds {
        let server = Arc::new(home.serve(&[]));
        let crowd = Crowd::start(&server, 4);
        crowd.until_made(10 + u32::try_from(dice.below(30)).unwrap());
        server.kill();
        let mut stories = crowd.wait();
        let server = home.serve(&[]);
        let some = stories.len() / 3;
        found += check(&server, &mut stories[some..]);
        server.kill();
        known.extend(stories);
        if round % 20 == 0 {
            eprintln!("kills under load, round {round} of {rounds}: {found}");
        }
    }
    found += check(&home.serve(&[]), &mut known);
    eprintln!("{rounds} kills under load: {found}");
    found
}
