//! Power cuts: every write of the program is recorded, and replayed up to every sync.
//! What is left of that which was not synced is drawn anew each time; on what a disk
//! would hold then, the program must keep what it had acknowledged by then.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use super::clients::Crowd;
use super::ledger::{Findings, Story};
use super::replay::{Disk, Loss};
use super::trace::{self, Event};
use super::{Dice, UNLIMITED, available, number};
use crate::home::{Home, Server, done, eventually};

/// Servers that are started on what power cuts left, at once.
const AT_ONCE: usize = 3;

#[test]
fn a_power_cut_at_a_sync_loses_nothing_acknowledged() {
    if available("a_power_cut_at_a_sync_loses_nothing_acknowledged", "strace", &["-qq", "true"]) {
        Recording::make(3, &[]).cut_at(8, 1).assert_none();
    }
}

#[test]
fn a_power_cut_after_a_failed_sync_loses_nothing_acknowledged() {
    if available("a_power_cut_after_a_failed_sync_loses_nothing_acknowledged", "strace", &["-qq", "true"]) {
        let recording = Recording::make(3, &FAILING);
        assert!(recording.events.iter().any(|event| matches!(event, Event::SyncFailed(_))));
        recording.cut_at(8, 1).assert_none();
    }
}

/// `WAXSEAL_PROVE_STATES` says how many disks are drawn for each moment.
#[test]
#[ignore = "takes many minutes; run by scripts/prove"]
fn a_power_cut_at_every_sync_loses_nothing_acknowledged() {
    if available("a_power_cut_at_every_sync_loses_nothing_acknowledged", "strace", &["-qq", "true"]) {
        let drawn = number("WAXSEAL_PROVE_STATES", 3);
        for faults in [&[][..], &FAILING] {
            Recording::make(5, faults).cut_at(usize::MAX, drawn).assert_none();
        }
    }
}

/// Some syncs of each thread fail, once it has done enough of them to have started.
const FAILING: [&str; 2] = ["-e", "inject=fsync,fdatasync:error=EIO:when=14..17"];

/// A deployment from its making on: its steps, and what its clients know.
struct Recording {
    home: Home,
    events: Vec<Event>,
    stories: Vec<Story>,
}

impl Recording {
    /// `init`; a server that is killed; one that is stopped. Each has a crowd twice, which
    /// makes at least so many secrets each time, and its log cut in between.
    fn make(secrets: u32, faults: &[&str]) -> Self {
        let home = Home::new();
        let traced = done(&mut traced(&home, "init.trace", &[], &["init"]));
        traced.ok();
        home.write("waxseal.toml", &format!("{}\n{UNLIMITED}", home.read("waxseal.toml")));
        let mut recording = Self { home, events: Vec::new(), stories: Vec::new() };
        recording.read("init.trace");
        for (trace, signal) in [("killed.trace", "-KILL"), ("stopped.trace", "-TERM")] {
            recording.serve(trace, signal, secrets, faults);
            recording.read(trace);
        }
        let mut disk = Disk::default();
        recording.events.iter().for_each(|event| disk.apply(event));
        disk.assert_is(&recording.home.path("data"));
        recording
    }

    fn serve(&mut self, trace: &str, signal: &str, secrets: u32, faults: &[&str]) {
        let mut command = traced(&self.home, trace, faults, &["serve", "--listen", "127.0.0.1:0"]);
        let server = Arc::new(Server::start(&mut command));
        for _ in 0..2 {
            let crowd = Crowd::start(&server, 3);
            crowd.until_made(secrets);
            self.stories.extend(crowd.stop());
            eventually(|| {
                fs::metadata(self.home.path("data/waxseal.db-wal")).is_ok_and(|log| log.len() == 0)
            });
        }
        let pid = self.home.read(trace).split(' ').next().unwrap().to_owned();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        // strace ends as the program did.
        Arc::into_inner(server).unwrap().ended();
    }

    fn read(&mut self, trace: &str) {
        self.events.extend(trace::read(&self.home.path(trace), &self.home.path("")));
    }

    /// Cuts the power just before and just after syncs, `at_most` of all there are once
    /// there is a server: what was not synced is lost, or kept, or `drawn` times a part.
    fn cut_at(&self, at_most: usize, drawn: u32) -> Findings {
        let (cuts, waiting) = mpsc::sync_channel(AT_ONCE);
        let (waiting, total) = (Mutex::new(waiting), Mutex::new(Findings::default()));
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some((moment, home)) = next(&waiting) {
                        let found = self.check(moment, &home);
                        *total.lock().unwrap() += found;
                    }
                });
            }
            let disks = self.draw(at_most, drawn, |cut| cuts.send(cut).unwrap());
            drop(cuts);
            eprintln!("{} steps recorded, {disks} disks left by power cuts", self.events.len());
        });
        let total = total.into_inner().unwrap();
        eprintln!("power cuts: {total}");
        total
    }

    /// Makes the disks that cuts leave; answers how many.
    fn draw(&self, at_most: usize, drawn: u32, send: impl Fn((usize, Home))) -> usize {
        let moments = self.moments();
        let every = moments.len().div_ceil(at_most).max(1);
        let (mut disk, mut done, mut disks) = (Disk::default(), 0, 0);
        for moment in moments.into_iter().step_by(every) {
            self.events[done..moment].iter().for_each(|event| disk.apply(event));
            done = moment;
            let seed = |n: u32| Dice(u64::from(n) << 32 | moment as u64);
            let parts = (0..drawn).map(|n| Loss::Some(seed(n)));
            for loss in [Loss::All, Loss::Nothing].into_iter().chain(parts) {
                let home = Home::new();
                disk.cut(&self.home.path(""), &home.path(""), loss);
                home.write("waxseal.toml", &self.home.read("waxseal.toml"));
                send((moment, home));
                disks += 1;
                if disks % 100 == 0 {
                    eprintln!("disk {disks}, step {moment} of {}", self.events.len());
                }
            }
        }
        disks
    }

    /// How many steps were done before each cut.
    fn moments(&self) -> Vec<usize> {
        let first = self.events.iter().position(|event| matches!(event, Event::Answered(_))).unwrap();
        let is_sync = |event: &Event| matches!(event, Event::Synced(_) | Event::SyncFailed(_));
        let syncs = (first..self.events.len()).filter(|step| is_sync(&self.events[*step]));
        syncs.flat_map(|step| [step, step + 1]).collect()
    }

    fn check(&self, moment: usize, home: &Home) -> Findings {
        let answered: BTreeSet<u64> = self.events[..moment].iter().filter_map(number_of).collect();
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        let log = fs::File::create(home.path("server.log")).unwrap();
        let server = Server::begun(command.stderr(log));
        if server.address.is_empty() {
            let told = format!("it does not start after step {moment}: {}", home.read("server.log"));
            return Findings {
                lost: u32::try_from(self.stories.len()).unwrap(),
                first: Some(told),
                ..Findings::default()
            };
        }
        let mut found = Findings::default();
        for story in &self.stories {
            found += story.check_at(&server, |number| answered.contains(&number)).0;
        }
        found
    }
}

fn number_of(event: &Event) -> Option<u64> {
    match event {
        Event::Answered(number) => Some(*number),
        _ => None,
    }
}

fn next(waiting: &Mutex<mpsc::Receiver<(usize, Home)>>) -> Option<(usize, Home)> {
    waiting.lock().unwrap().recv().ok()
}

/// The program under strace, in its folder.
fn traced(home: &Home, trace: &str, faults: &[&str], args: &[&str]) -> Command {
    let program = home.command(args);
    let mut strace = Command::new("strace");
    strace
        .args(trace::arguments(&home.path(trace)))
        .args(faults)
        .arg(program.get_program())
        .args(program.get_args());
    strace.current_dir(home.path("")).stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        assert!(value.is_none());
        strace.env_remove(name);
    }
    strace
}
