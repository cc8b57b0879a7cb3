//! Walks through the whole API over a store: creators, readers and the clock in any
//! order, every answer held against a ledger.
//!
//! The ledger knows who made what, until when, and how it ended, and nothing of seals,
//! stores or routes. A step is four bytes, so that a property test, which draws them,
//! and a fuzzer, which breeds them, walk alike. Keys and values hang on the seed: no
//! step can spell one that it was not given.

mod ledger;
mod world;

use std::sync::Arc;

use serde_json::{Value, json};
use waxseal_core::attempt::Guess;
use waxseal_core::id::ClientId;
use waxseal_core::state::State;
use waxseal_core::store::Store;
use waxseal_core::time::Ttl;

use ledger::{Door, Ledger, Secret};
pub use world::Hashed;
use world::{ACCOUNTS, Asked, Said, World};

/// What to do, to which secret, how, and by whom.
pub type Step = [u8; 4];

/// Takes these steps over an empty store without a budget. Answers the status and body
/// of every answer: the same for any two stores.
///
/// # Panics
/// At the first answer that is not the one that the ledger knows, and if the store fails.
pub async fn walk(store: Arc<dyn Store>, seed: u64, steps: &[Step]) -> Vec<Said> {
    let mut walker =
        Walker { world: World::new(store, seed).await, ledger: Ledger::default(), said: Vec::new() };
    for step in steps {
        walker.step(*step).await;
    }
    walker.take_stock().await;
    walker.said
}

struct Walker {
    world: World,
    ledger: Ledger,
    said: Vec<Said>,
}

/// Which key a path holds, and what comes along with it.
struct Call {
    /// Whether the key is the one that this call takes.
    fits: bool,
    key: String,
    passphrase: Option<String>,
    /// Whether the passphrase opens.
    right: bool,
    client: ClientId,
}

impl Call {
    /// Of the two keys `mine` is the one that fits.
    fn of(secret: &Secret, mine: &str, other: &str, how: u8, who: u8) -> Self {
        let key = match how & 3 {
            2 => other.to_owned(),
            3 => with_another_end(mine),
            _ => mine.to_owned(),
        };
        let right = secret.passphrase.clone().unwrap_or_else(|| "needless".to_owned());
        let passphrase = match how >> 2 & 3 {
            0 => None,
            1 => Some(format!("not {right}")),
            _ => Some(right.clone()),
        };
        let opens = passphrase.as_ref() == Some(&right);
        Self { fits: key == mine, key, passphrase, right: opens, client: ClientId([who % 3; 8]) }
    }

    fn guess(&self, counted: fn(ClientId) -> Guess) -> Guess {
        if self.passphrase.is_some() { counted(self.client) } else { Guess::None(self.client) }
    }

    fn asked(&self, path: String) -> Asked {
        let body = self.passphrase.as_ref().map_or_else(String::new, |text| format!("passphrase={text}"));
        Asked { method: "POST", path, body, client: self.client, account: None }
    }
}

impl Walker {
    async fn step(&mut self, [what, which, how, who]: Step) {
        match what % 16 {
            0..=2 => self.make("share", how, who).await,
            3 => self.make("generate", how, who).await,
            12 | 13 => self.world.clock.forward(pause(which, how)),
            14 => self.sweep(usize::from(how % 4) + 1).await,
            15 => self.world.turn_the_ring(),
            what => {
                let Some(n) = self.ledger.pick(which) else { return };
                match what {
                    4..=6 => self.reveal(n, how, who).await,
                    7 => self.race(n, how, who).await,
                    8 | 9 => self.burn(n, how, who).await,
                    10 if how & 4 == 0 => self.look(n, how).await,
                    10 => self.stare(n).await,
                    _ => self.list(who).await,
                }
            }
        }
    }

    async fn make(&mut self, route: &str, how: u8, who: u8) {
        let (n, now) = (self.ledger.secrets.len(), self.world.clock.timestamp());
        let value = self.world.secret_text("value", n);
        let passphrase = (how & 1 == 1).then(|| self.world.secret_text("passphrase", n));
        let (asked_ttl, owner) = (LIVES[usize::from(how >> 1 & 3)], account(who));
        let with = passphrase.as_ref().map_or_else(String::new, |text| format!("&passphrase={text}"));
        let body = format!("secret={value}&ttl={}{with}", asked_ttl.secs());
        let asked = Asked { account: owner, ..Asked::post(route.to_owned(), body) };
        let said = self.ask(asked).await;
        assert_eq!((said.status, &said.json["state"]), (200, &json!("new")), "{said:?}");
        assert_eq!(said.json["passphrase_required"], json!(passphrase.is_some()));
        let longest = if owner.is_some() { Ttl::days(30) } else { Ttl::days(7) };
        let expires = now.plus(asked_ttl.min(longest));
        let text = |field: &str| said.json[field].as_str().unwrap_or_default().to_owned();
        let value = if route == "share" { value } else { text("value") };
        let (link, metadata) = (text("secret_key"), text("metadata_key"));
        self.ledger.add(Secret::new(value, link, metadata, passphrase, (now, expires), owner));
        self.hear(said, route == "generate", &[n]);
        // So that no two are of one age: the order of twins is the store's own.
        self.world.clock.forward(Ttl::from_secs(1));
    }

    async fn reveal(&mut self, n: usize, how: u8, who: u8) {
        let call = self.call_for_link(n, how, who);
        let said = self.ask(call.asked(format!("secret/{}", call.key))).await;
        let door = self.knock(n, &call, Guess::Open);
        self.check_revealed(n, &call, door, said);
    }

    /// Two ask at once for the same: if it opens, it opens to one.
    async fn race(&mut self, n: usize, how: u8, who: u8) {
        let call = self.call_for_link(n, how, who);
        let asked = || call.asked(format!("secret/{}", call.key));
        let (one, other) = tokio::join!(self.world.answer(asked()), self.world.answer(asked()));
        let (first, second) = if one.status == 200 { (one, other) } else { (other, one) };
        for said in [first, second] {
            let door = self.knock(n, &call, Guess::Open);
            self.check_revealed(n, &call, door, said);
        }
    }

    fn call_for_link(&self, n: usize, how: u8, who: u8) -> Call {
        let secret = &self.ledger.secrets[n];
        Call::of(secret, &secret.link, &secret.metadata, how, who)
    }

    fn knock(&mut self, n: usize, call: &Call, counted: fn(ClientId) -> Guess) -> Door {
        if !call.fits {
            return Door::Gone;
        }
        let now = self.world.clock.timestamp();
        self.ledger.secrets[n].knock(call.guess(counted), call.right, now)
    }

    fn check_revealed(&mut self, n: usize, call: &Call, door: Door, said: Said) {
        let opens = door == Door::Open;
        if opens {
            let secret = &mut self.ledger.secrets[n];
            assert_eq!((said.status, &said.json["value"]), (200, &json!(secret.value)), "{said:?}");
            secret.ended = Some((State::Received, self.world.clock.timestamp()));
        } else {
            assert_unknown(&said, &call.key);
        }
        assert_eq!(said.json["secret_key"], call.key.as_str());
        let named = if call.fits { &[][..] } else { &[n] };
        self.hear_of_link(said, n, opens, named);
    }

    async fn burn(&mut self, n: usize, how: u8, who: u8) {
        let secret = &self.ledger.secrets[n];
        let call = Call::of(secret, &secret.metadata, &secret.link, how, who);
        let said = self.ask(call.asked(format!("receipt/{}/burn", call.key))).await;
        match self.knock(n, &call, Guess::Burn) {
            Door::Open => {
                let secret = &mut self.ledger.secrets[n];
                assert_eq!((said.status, &said.json["state"]["state"]), (200, &json!("burned")), "{said:?}");
                secret.ended = Some((State::Burned, self.world.clock.timestamp()));
            }
            Door::Closed => {
                assert_eq!((said.status, said.intended.as_deref()), (404, Some("400")), "{said:?}");
                assert_eq!(said.json, json!({"message": "Double check that passphrase"}));
            }
            Door::Gone => assert_unknown(&said, &call.key),
        }
        self.hear(said, false, &[n]);
    }

    async fn look(&mut self, n: usize, how: u8) {
        let (now, secret) = (self.world.clock.timestamp(), &self.ledger.secrets[n]);
        let call = Call::of(secret, &secret.metadata, &secret.link, how, 0);
        let said = self.ask(Asked::get(format!("private/{}", call.key))).await;
        let secret = &self.ledger.secrets[n];
        match secret.state(now) {
            Some(state) if call.fits => {
                assert_eq!((said.status, &said.json["state"]), (200, &json!(state.name())), "{said:?}");
                let link = match state {
                    State::New => json!(secret.link),
                    State::Received => Value::Null,
                    _ => json!(""),
                };
                assert_eq!(said.json["secret_key"], link);
            }
            _ => assert_unknown(&said, &call.key),
        }
        self.hear(said, false, &[n]);
    }

    /// What only looks changes nothing, wherever it looks.
    async fn stare(&mut self, n: usize) {
        let Secret { link, metadata, .. } = &self.ledger.secrets[n];
        let paths =
            [format!("secret/{link}"), format!("receipt/{metadata}/burn"), format!("private/{link}/burn")];
        for path in paths {
            let said = self.ask(Asked::get(path)).await;
            assert_eq!((said.status, &said.json), (404, &json!({"error": "Not Found"})));
            self.hear(said, false, &[]);
        }
    }

    async fn list(&mut self, who: u8) {
        let (now, owner) = (self.world.clock.timestamp(), account(who));
        let said = self.ask(Asked { account: owner, ..Asked::get("private/recent".to_owned()) }).await;
        let own = owner.map(|owner| self.ledger.recent(owner, now));
        match &own {
            Some(own) => {
                let keys: Vec<_> = own.iter().map(|n| json!(self.ledger.secrets[*n].metadata)).collect();
                let listed: Vec<_> = said.json.as_array().into_iter().flatten().collect();
                let listed: Vec<_> = listed.iter().map(|line| line["metadata_key"].clone()).collect();
                assert_eq!((said.status, listed), (200, keys), "{said:?}");
            }
            None => assert_eq!((said.status, said.intended.as_deref()), (404, Some("401")), "{said:?}"),
        }
        self.hear_of_list(said, &own.unwrap_or_default());
    }

    async fn sweep(&self, limit: usize) {
        let now = self.world.clock.timestamp();
        self.world.store.sweep(limit, now).await.unwrap();
    }

    /// After a whole sweep the store holds what the ledger does, and no more.
    async fn take_stock(&self) {
        let now = self.world.clock.timestamp();
        while self.world.store.sweep(100, now).await.unwrap().more {}
        let usage = self.world.store.usage().await.unwrap();
        let count =
            |state| self.ledger.secrets.iter().filter(|secret| secret.state(now) == Some(state)).count();
        let counts = [State::New, State::Received, State::Burned].map(|state| count(state) as u64);
        assert_eq!([usage.new, usage.received, usage.burned], counts);
        let records: u64 = usage.kids.iter().map(|(_, records)| records).sum();
        assert_eq!(records, counts.iter().sum::<u64>() + count(State::Expired) as u64);
    }

    async fn ask(&self, asked: Asked) -> Said {
        self.world.answer(asked).await
    }

    /// Keeps an answer, which may speak of these secrets by their keys, and tell the
    /// value of them only if that is asked.
    fn hear(&mut self, said: Said, tells: bool, named: &[usize]) {
        for (n, secret) in self.ledger.secrets.iter().enumerate() {
            let named = named.contains(&n);
            assert!((tells && named) || !said.holds(&secret.value), "a value is told: {said:?}");
            assert!(named || !said.holds(&secret.link), "a link is told: {said:?}");
            assert!(named || !said.holds(&secret.metadata), "a creator's key is told: {said:?}");
        }
        self.said.push(said);
    }

    /// A reader's answer: its link is repeated, the creator's key is not, unless it was sent.
    fn hear_of_link(&mut self, said: Said, n: usize, tells: bool, sent: &[usize]) {
        let creators = &self.ledger.secrets[n].metadata;
        assert!(sent.contains(&n) || !said.holds(creators), "a creator's key is told to a reader");
        self.hear(said, tells, &[n]);
    }

    /// A list shows no reader's key.
    fn hear_of_list(&mut self, said: Said, listed: &[usize]) {
        assert!(listed.iter().all(|n| !said.holds(&self.ledger.secrets[*n].link)), "{said:?}");
        self.hear(said, false, listed);
    }
}

/// The answer to a key that leads nowhere.
fn assert_unknown(said: &Said, key: &str) {
    assert_eq!((said.status, said.intended.as_deref()), (404, None), "{said:?}");
    assert_eq!(said.json, json!({"secret_key": key, "message": "Unknown secret"}));
}

/// Some key that nobody has.
fn with_another_end(key: &str) -> String {
    let (start, end) = key.split_at(key.len() - 1);
    format!("{start}{}", if end == "0" { "1" } else { "0" })
}

/// The account's number, `None` for a guest.
fn account(who: u8) -> Option<usize> {
    Some(usize::from(who >> 2) % (ACCOUNTS + 1)).filter(|n| *n < ACCOUNTS)
}

/// The lives that are asked for.
const LIVES: [Ttl; 4] = [Ttl::minutes(1), Ttl::hours(1), Ttl::days(20), Ttl::days(40)];

/// Mostly to the edges of what has an edge: a life, a window, a lock, the list's reach.
fn pause(which: u8, how: u8) -> Ttl {
    const EDGES: [u64; 10] = [0, 60, 120, 600, 1_800, 3_600, 7_200, 7 * 86_400, 30 * 86_400, 60 * 86_400];
    let edge = EDGES[usize::from(which) % EDGES.len()];
    Ttl::from_secs(edge.saturating_sub(u64::from(how % 6)).max(1))
}
