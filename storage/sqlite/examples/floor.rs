//! What SQLite itself allows on this disk, as a bound on what a store over it can do: one
//! thread, one table, one row a secret, statements prepared once, and a commit for so many:
//! `cargo run --release -p waxseal-sqlite --example floor -- [folder]`
//!
//! Each turn makes N secrets and ends the N before them: with 2N callers that share and
//! open in turn, half of them wait for each commit. No lock, no figures, no index, no log
//! that is cut: whatever a store does beyond this comes on top.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Bytes of a sealed body: a short secret, padded.
const BODY: usize = 144;
const LAST: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    for secrets in [4, 16, 64, 256] {
        let conn = Connection::open(folder.path().join(format!("{secrets}")))?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             CREATE TABLE secrets (n INTEGER PRIMARY KEY, id BLOB, state INTEGER, info BLOB, body BLOB);",
        )?;
        let (begun, cpu) = (Instant::now(), cpu_time()?);
        let (mut turns, mut made) = (0, 0);
        while begun.elapsed() < LAST {
            turn(&conn, made, secrets)?;
            (turns, made) = (turns + 1, made + secrets);
        }
        let (took, cpu) = (begun.elapsed().as_secs_f64(), cpu_time()? - cpu);
        println!(
            "{:>3} callers: {:>6.0} pairs a second, {:.2} ms a commit, {:.1} µs of CPU a pair",
            2 * secrets,
            made as f64 / took,
            took * 1e3 / f64::from(turns),
            cpu * 1e6 / made as f64,
        );
    }
    Ok(())
}

fn turn(conn: &Connection, first: i64, secrets: i64) -> rusqlite::Result<()> {
    let moment = conn.unchecked_transaction()?;
    let mut make = conn.prepare_cached("INSERT INTO secrets VALUES (?1, ?2, 0, ?3, ?4)")?;
    let mut end = conn.prepare_cached(
        "UPDATE secrets SET state = 1, body = zeroblob(length(body)) WHERE n = ?1 AND state = 0",
    )?;
    for n in first..first + secrets {
        make.execute((n, [0x5a_u8; 32], [0x5a_u8; 40], [0x5a_u8; BODY]))?;
    }
    for n in first - secrets..first {
        end.execute([n])?;
    }
    drop((make, end));
    moment.commit()
}

/// Seconds of user and system time of this process, to a hundredth (`proc(5)`).
fn cpu_time() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}
