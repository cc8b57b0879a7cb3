//! Races between processes that share nothing but the store.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines, StdinLock, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use waxseal_core::store::Store;

use super::round::{Contest, Outcome, Round};

/// The environment variable that tells a child which store it races in.
pub const STORE: &str = "WAXSEAL_RACE_STORE";

/// Stands before what a child says, among what its test runner does.
const MARK: &str = "race: ";

/// Child processes, each a side of the races. They end with this.
#[derive(Debug)]
pub struct Processes(Vec<Process>);

#[derive(Debug)]
struct Process {
    child: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Processes {
    /// Starts `count` times the ignored test `child` of the calling test program. It opens the
    /// store that [`STORE`] names, and calls [`serve`].
    ///
    /// # Panics
    /// If a process cannot be started.
    #[must_use]
    pub fn start(count: u32, child: &str, store: impl AsRef<OsStr>) -> Self {
        let store = store.as_ref();
        Self((0..count).map(|_| Process::start(child, store)).collect())
    }

    /// Runs a round: every process has its part of the racers. All are told to go at once.
    ///
    /// # Panics
    /// If a process ends.
    pub fn run(&mut self, round: &Round) -> Vec<Outcome> {
        let sides = u32::try_from(self.0.len()).expect("a few processes");
        for (side, process) in (0..).zip(&mut self.0) {
            let racers = round.racers * side / sides..round.racers * (side + 1) / sides;
            let Round { contest, first, secrets, racers: all } = round;
            let contest = *contest as u8;
            process.order(&format!("{contest} {all} {first} {secrets} {} {}", racers.start, racers.end));
        }
        self.0.iter_mut().for_each(|process| assert_eq!(process.next(), ["ready"]));
        self.0.iter_mut().for_each(|process| process.order("go"));
        self.0.iter_mut().map(Process::outcome).collect()
    }
}

impl Process {
    fn start(child: &str, store: &OsStr) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", child, "--ignored", "--nocapture"])
            .env(STORE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process of this program");
        let orders = child.stdin.take().expect("its input");
        let said = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, orders, said }
    }

    fn order(&mut self, line: &str) {
        writeln!(self.orders, "{line}").expect("the child listens");
    }

    /// The words of the next line that the child says.
    fn next(&mut self) -> Vec<String> {
        let said = self.said.by_ref().map(|line| line.expect("text"));
        let mut marked = said.filter_map(|line| Some(line.split_once(MARK)?.1.to_owned()));
        let line = marked.next().expect("the child speaks until it is told to end");
        line.split(' ').map(str::to_owned).collect()
    }

    fn outcome(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        loop {
            match &self.next()[..] {
                [word, secret, racer] if word == "won" => outcome.won.push((number(secret), number(racer))),
                [word, swept] if word == "swept" => {
                    outcome.swept = number(swept).into();
                    return outcome;
                }
                other => panic!("a child said {other:?}"),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs rounds in `store` as they are ordered on standard input, until that ends. What a
/// child of [`Processes`] does.
///
/// # Panics
/// If the orders are not those of [`Processes`], or the store fails.
pub async fn serve(store: &Arc<dyn Store>) {
    let mut orders = std::io::stdin().lines();
    while let Some(Ok(order)) = orders.next() {
        let words: Vec<u32> = order.split(' ').map(number).collect();
        let [contest, racers, first, secrets, from, to] = words[..] else { panic!("no order: {order}") };
        let contest = Contest::ALL[contest as usize];
        let round = Round { contest, racers, first, secrets };
        let outcome = round.run(store, from..to, go(&mut orders)).await;
        for (secret, racer) in outcome.won {
            say(&format!("won {secret} {racer}"));
        }
        say(&format!("swept {}", outcome.swept));
    }
}

async fn go(orders: &mut Lines<StdinLock<'static>>) {
    say("ready");
    assert_eq!(orders.next().and_then(Result::ok).as_deref(), Some("go"));
}

/// One whole line, in one write.
fn say(line: &str) {
    let line = format!("{MARK}{line}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent listens");
}

fn number(word: &str) -> u32 {
    word.parse().expect("a number")
}
