//! What clients know of their secrets, and a server held against it.

use std::fmt;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::home::Server;

/// How a secret may end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    Received,
    Burned,
}

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// A guess with a wrong passphrase.
    Guess,
    End(Ending),
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It is done.
    Done,
    /// It was not done, and the server said so.
    NotDone,
    /// It may have been done: no answer came, or one that says just that.
    Unsure,
}

/// One secret whose making was acknowledged, and what was asked for since. Numbers are
/// those that requests carried.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) value: String,
    pub(super) passphrase: Option<&'static str>,
    pub(super) link: String,
    pub(super) private: String,
    pub(super) made: u64,
    pub(super) deeds: Vec<(u64, Deed, Answer)>,
    /// Before any guess at it.
    begun: Instant,
}

/// How a secret stands as far as its client can know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Unread,
    Ended(Ending),
    Perhaps(Ending),
}

/// Broken promises, counted.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Findings {
    /// Secrets looked at.
    pub(super) checked: u32,
    /// Acknowledged, unread, and does not open.
    pub(super) lost: u32,
    /// Told before, and told again.
    pub(super) told_twice: u32,
    /// Burned, and back.
    pub(super) burned_and_back: u32,
    /// A receipt says something else than opening does, or than its client was told.
    pub(super) receipt_disagrees: u32,
    /// Secrets at which guesses were answered, and lately enough to count still.
    pub(super) guessed_at: u32,
    /// Of these, those where a guess is no longer counted.
    pub(super) guess_forgotten: u32,
    /// The first of them, in words.
    pub(super) first: Option<String>,
}

impl Findings {
    /// Asserts that no promise was broken.
    pub(super) fn assert_none(&self) {
        let sound = Self { checked: self.checked, guessed_at: self.guessed_at, ..Self::default() };
        assert_eq!(*self, sound);
    }

    fn note(&mut self, count: impl FnOnce(&mut Self) -> &mut u32, story: &Story, found: &str) {
        *count(self) += 1;
        self.first.get_or_insert_with(|| format!("{found}: {story:?}"));
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} checked, {} lost, {} told twice, ", self.checked, self.lost, self.told_twice)?;
        write!(
            f,
            "{} burned and back, {} receipts that disagree, ",
            self.burned_and_back, self.receipt_disagrees
        )?;
        write!(f, "{} guesses forgotten of {}", self.guess_forgotten, self.guessed_at)?;
        self.first.as_ref().map_or(Ok(()), |first| write!(f, "; {first}"))
    }
}

impl AddAssign for Findings {
    fn add_assign(&mut self, other: Self) {
        self.checked += other.checked;
        self.lost += other.lost;
        self.told_twice += other.told_twice;
        self.burned_and_back += other.burned_and_back;
        self.receipt_disagrees += other.receipt_disagrees;
        self.guessed_at += other.guessed_at;
        self.guess_forgotten += other.guess_forgotten;
        self.first = self.first.take().or(other.first);
    }
}

/// Guesses that one client has before it is locked out.
const GUESSES: u32 = 5;
/// A guess counts for ten minutes; this leaves room for the check itself.
const COUNTED_FOR: Duration = Duration::from_secs(540);
const WRONG: &str = "wrong-wrong-wrong";

impl Story {
    /// The secret that a share answered with `shared`.
    pub(super) fn new(made: u64, value: String, passphrase: Option<&'static str>, shared: &Value) -> Self {
        let path = |route: &str, key: &str| format!("/api/v1/{route}/{}", shared[key].as_str().unwrap());
        let (link, private) = (path("secret", "secret_key"), path("private", "metadata_key"));
        Self { value, passphrase, link, private, made, deeds: Vec::new(), begun: Instant::now() }
    }

    /// The address and form that ask for a deed.
    pub(super) fn request(&self, deed: Deed) -> (String, String) {
        let form = |passphrase: Option<&str>| passphrase.map_or(String::new(), |p| format!("passphrase={p}"));
        match deed {
            Deed::Guess => (self.link.clone(), form(Some(WRONG))),
            Deed::End(Ending::Received) => (self.link.clone(), form(self.passphrase)),
            Deed::End(Ending::Burned) => (format!("{}/burn", self.private), form(self.passphrase)),
        }
    }

    /// What is known where only the answers that `known` says had come. `None` if that
    /// it was made is not.
    fn standing(&self, known: impl Fn(u64) -> bool) -> Option<(Fate, u32)> {
        let (mut fate, mut guesses) = (Fate::Unread, 0);
        for (number, deed, answer) in &self.deeds {
            match (deed, if known(*number) { *answer } else { Answer::Unsure }) {
                (_, Answer::NotDone) | (Deed::Guess, Answer::Unsure) => {}
                (Deed::Guess, Answer::Done) => guesses += 1,
                (Deed::End(ending), Answer::Done) => fate = Fate::Ended(*ending),
                (Deed::End(ending), Answer::Unsure) => fate = Fate::Perhaps(*ending),
            }
            if !known(*number) {
                // What a client asked for later, it asked for after this answer.
                break;
            }
        }
        known(self.made).then_some((fate, guesses))
    }

    /// Holds a server against everything that is known, opens what still opens, and
    /// writes down how it ended.
    pub(super) fn check(&mut self, server: &Server) -> Findings {
        let (found, ended) = self.check_at(server, |_| true);
        self.deeds.extend(ended.map(|ending| (0, Deed::End(ending), Answer::Done)));
        found
    }

    /// Holds a server against what is known where only those answers had come of which
    /// `known` says so. Opens what still opens; answers how it ended.
    pub(super) fn check_at(
        &self,
        server: &Server,
        known: impl Fn(u64) -> bool,
    ) -> (Findings, Option<Ending>) {
        let mut found = Findings::default();
        let Some((fate, guesses)) = self.standing(known) else { return (found, None) };
        found.checked = 1;
        let state = self.state(server);
        let ended = match (fate, state.as_str()) {
            (Fate::Unread | Fate::Perhaps(_), "new") if guesses > 0 => {
                self.check_guesses(server, guesses, &mut found);
                None
            }
            (Fate::Unread | Fate::Perhaps(_), "new") if self.opens(server) => {
                self.check_receipt(server, Ending::Received, &mut found);
                Some(Ending::Received)
            }
            (Fate::Ended(ending) | Fate::Perhaps(ending), "received" | "burned")
            | (Fate::Ended(ending), _) => {
                self.check_end(server, ending, &mut found);
                Some(ending)
            }
            _ => {
                found.note(|found| &mut found.lost, self, &format!("it is {state} and does not open"));
                None
            }
        };
        (found, ended)
    }

    fn check_end(&self, server: &Server, ending: Ending, found: &mut Findings) {
        self.check_receipt(server, ending, found);
        if self.opens(server) {
            let count: fn(&mut Findings) -> &mut u32 = match ending {
                Ending::Received => |found| &mut found.told_twice,
                Ending::Burned => |found| &mut found.burned_and_back,
            };
            found.note(count, self, "it opens again");
        }
    }

    fn check_receipt(&self, server: &Server, ending: Ending, found: &mut Findings) {
        let expected = match ending {
            Ending::Received => "received",
            Ending::Burned => "burned",
        };
        let state = self.state(server);
        if state != expected {
            let told = format!("the receipt says {state}, not {expected}");
            found.note(|found| &mut found.receipt_disagrees, self, &told);
        }
    }

    /// Uses up the guesses that are left: then the right one is not heard either. After
    /// ten minutes it would be, and rightly so.
    fn check_guesses(&self, server: &Server, guesses: u32, found: &mut Findings) {
        if self.begun.elapsed() > COUNTED_FOR {
            return;
        }
        found.guessed_at = 1;
        for _ in guesses..GUESSES {
            server.ask("POST", &self.link, &format!("passphrase={WRONG}"), None);
        }
        if self.opens(server) {
            found.note(|found| &mut found.guess_forgotten, self, "a guess is not counted");
        }
    }

    fn state(&self, server: &Server) -> String {
        let (_, receipt) = server.ask("GET", &self.private, "", None);
        receipt["state"].as_str().unwrap_or("unknown").to_owned()
    }

    fn opens(&self, server: &Server) -> bool {
        let (path, form) = self.request(Deed::End(Ending::Received));
        server.ask("POST", &path, &form, None).1["value"] == self.value.as_str()
    }
}

/// Holds a server against many stories.
pub(super) fn check(server: &Server, stories: &mut [Story]) -> Findings {
    let mut found = Findings::default();
    for story in stories {
        found += story.check(server);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::clients::{Client, Kind};
    use super::super::unlimited;
    use super::*;
    use std::fs;

    /// A store that forgets is made by putting yesterday's files in its place: then every
    /// promise is broken, and every one must be found.
    #[test]
    fn a_store_that_forgets_is_found_out_in_every_way() {
        let home = unlimited("sqlite:data/waxseal.db");
        let copy = |from: &str, to: &str| {
            fs::remove_dir_all(home.path(to)).ok();
            fs::create_dir(home.path(to)).unwrap();
            for file in fs::read_dir(home.path(from)).unwrap().map(|file| file.unwrap()) {
                fs::copy(file.path(), home.path(to).join(file.file_name())).unwrap();
            }
        };
        let server = home.serve(&[]);
        let mut client = Client::new(&server);
        let mut stories: Vec<Story> = Kind::ALL.map(|kind| client.share(kind).unwrap()).into();
        assert_eq!(server.signal("-TERM"), Some(0));
        copy("data", "yesterday");

        let server = home.serve(&[]);
        let mut client = Client::new(&server);
        for (story, kind) in stories.iter_mut().zip(Kind::ALL) {
            client.go_on(story, kind);
        }
        stories.push(client.share(Kind::Left).unwrap());
        server.kill();
        copy("yesterday", "data");

        let found = check(&home.serve(&[]), &mut stories);
        let told = format!("{found:?}");
        assert_eq!((found.lost, found.told_twice, found.burned_and_back), (1, 2, 2), "{told}");
        assert_eq!((found.receipt_disagrees, found.guess_forgotten), (4, 1), "{told}");
    }
}
