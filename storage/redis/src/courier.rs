//! Carries commands to the server that must have them, and answers back. It sends
//! again only what a server has said it did not do.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use redis::{Cmd, Pipeline, Value};
use tokio::time::{Instant, sleep, timeout_at};

use crate::fault::{Fault, Refusal, Trouble};
use crate::keys::slot;
use crate::layout::Damaged;
use crate::node::Node;
use crate::scripts;
use crate::topology::Topology;

/// How long an operation may be sent from node to node while a slot moves: Redis
/// is up, and about to serve it.
const MOVING: Duration = Duration::from_secs(5);
/// A pause before asking again while a slot moves.
const PAUSE: Duration = Duration::from_millis(5);

/// Sends, and follows what servers answer.
#[derive(Debug)]
pub(crate) struct Courier {
    topology: Topology,
    patience: Duration,
}

/// Over which connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Via {
    /// The one that all share.
    Shared,
    /// One of its own.
    Own,
}

/// How far an operation has come on its way.
struct Journey {
    begun: Instant,
    by: Instant,
    /// The node to ask instead of the one that serves the slot.
    asked: Option<Arc<Node>>,
    loaded: bool,
}

impl Courier {
    /// An answer is awaited for `patience`.
    pub(crate) fn new(topology: Topology, patience: Duration) -> Self {
        Self { topology, patience }
    }

    pub(crate) fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Sends one command about `key`.
    pub(crate) async fn send(&self, key: &[u8], command: Cmd) -> Result<Value, Fault> {
        let mut flight = Pipeline::new();
        flight.add_command(command);
        let mut answers = self.send_all(key, &flight).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Sends commands together, all of them about `key`. All are sent again if one is
    /// refused, so each must do no harm the second time. Commands about several keys
    /// would be answered by several nodes while the slot moves; a script would not.
    pub(crate) async fn send_all(&self, key: &[u8], flight: &Pipeline) -> Result<Vec<Value>, Fault> {
        self.carry(slot(key), flight, self.patience, Via::Shared).await
    }

    /// How long an answer is awaited.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Sends one command about each of many keys, in one flight to each server that
    /// must answer `within`. The answers come in the same order.
    pub(crate) async fn send_each(
        &self,
        asked: Vec<(Vec<u8>, Cmd)>,
        within: Duration,
    ) -> Vec<Result<Value, Fault>> {
        let by = Instant::now() + within;
        let mut answers: Vec<Option<Result<Value, Fault>>> = vec![None; asked.len()];
        let mut flights: Vec<(Arc<Node>, Pipeline, Vec<usize>)> = Vec::new();
        for (place, (key, command)) in asked.iter().enumerate() {
            let node = match self.serving(slot(key), by).await {
                Ok(node) => node,
                Err(fault) => {
                    answers[place] = Some(Err(fault));
                    continue;
                }
            };
            let known = flights.iter().position(|(other, ..)| Arc::ptr_eq(other, &node));
            let flight = known.unwrap_or_else(|| {
                flights.push((node, Pipeline::new(), Vec::new()));
                flights.len() - 1
            });
            flights[flight].1.add_command(command.clone());
            flights[flight].2.push(place);
        }
        let flown = flights.iter().map(|(node, flight, _)| self.exchange(node, flight, by, Via::Shared));
        for ((.., places), flown) in flights.iter().zip(join_all(flown).await) {
            match flown {
                Ok(values) => {
                    for (place, value) in places.iter().zip(values) {
                        answers[*place] = Some(Ok(value));
                    }
                }
                Err(fault) => places.iter().for_each(|place| answers[*place] = Some(Err(fault.clone()))),
            }
        }
        // What was refused goes by itself: it may have moved.
        join_all(asked.into_iter().zip(answers).map(async |((key, command), answer)| match answer {
            Some(Ok(Value::ServerError(_))) | None => self.send(&key, command).await,
            Some(answer) => answer,
        }))
        .await
    }

    /// Sends one command about `key`, and waits until `replicas` have what it did,
    /// for `within` at the most. Both go in one flight over one connection that
    /// nobody else uses meanwhile: WAIT speaks of the writes of its own connection.
    pub(crate) async fn confirm(
        &self,
        key: &[u8],
        command: Cmd,
        replicas: u64,
        within: Duration,
    ) -> Result<(Value, u64), Fault> {
        let mut flight = Pipeline::new();
        flight.add_command(command);
        flight.cmd("WAIT").arg(replicas).arg(within.as_millis().to_string());
        let answers = self.carry(slot(key), &flight, self.patience + within, Via::Own).await?;
        match <[Value; 2]>::try_from(answers) {
            Ok([value, Value::Int(acks)]) => Ok((value, u64::try_from(acks).unwrap_or(0))),
            Ok([_, Value::ServerError(error)]) => {
                Err(Fault::Unsure(Trouble::Refused("WAIT".to_owned(), error.code().to_owned())))
            }
            _ => Err(Fault::Unsure(Trouble::Nonsense("WAIT".to_owned()))),
        }
    }

    /// Asks one server itself, whatever it serves.
    pub(crate) async fn ask(&self, node: &Node, command: Cmd) -> Result<Value, Fault> {
        let mut flight = Pipeline::new();
        flight.add_command(command);
        let mut answers = self.exchange(node, &flight, Instant::now() + self.patience, Via::Shared).await?;
        match answers.pop().unwrap_or_default() {
            Value::ServerError(error) => {
                Err(Fault::Not(Trouble::Refused(node.address().to_owned(), error.code().to_owned())))
            }
            value => Ok(value),
        }
    }

    async fn carry(
        &self,
        slot: u16,
        flight: &Pipeline,
        patience: Duration,
        via: Via,
    ) -> Result<Vec<Value>, Fault> {
        let begun = Instant::now();
        let mut journey = Journey { begun, by: begun + patience, asked: None, loaded: false };
        loop {
            let (node, answers) = match journey.asked.take() {
                Some(node) => {
                    let answers = self.exchange(&node, &asking(flight), journey.by, via).await?;
                    (node, answers.into_iter().skip(1).step_by(2).collect())
                }
                None => {
                    let node = self.serving(slot, journey.by).await?;
                    let answers = self.exchange(&node, flight, journey.by, via).await?;
                    (node, answers)
                }
            };
            // An error of WAIT is no refusal of what stands before it.
            let judged = if via == Via::Own { 1 } else { flight.len() };
            let Some(refusal) = refusal(&answers[..judged.min(answers.len())], node.address()) else {
                return Ok(answers);
            };
            self.follow(refusal, &node, &mut journey).await?;
            journey.by = Instant::now() + patience;
        }
    }

    /// What is to be done about a refusal, so that it can be sent again.
    async fn follow(&self, refusal: Refusal, node: &Node, journey: &mut Journey) -> Result<(), Fault> {
        let moving = match refusal {
            Refusal::NoScript(trouble) if journey.loaded => return Err(Fault::Not(trouble)),
            Refusal::NoScript(_) => {
                journey.loaded = true;
                return self.load(node, journey.by).await;
            }
            Refusal::Moved(trouble) | Refusal::Ask(_, trouble) if !self.topology.is_cluster() => {
                return Err(Fault::Not(trouble));
            }
            Refusal::Moved(trouble) => {
                self.topology.doubt();
                trouble
            }
            Refusal::Ask(address, trouble) => {
                journey.asked = self.topology.node_by_address(&address);
                trouble
            }
            Refusal::TryAgain(trouble) => trouble,
            Refusal::NotMaster(trouble) => {
                self.topology.doubt();
                return Err(Fault::Not(trouble));
            }
            Refusal::Damaged => return Err(Damaged.into()),
            Refusal::Final(trouble) => return Err(Fault::Not(trouble)),
        };
        if journey.begun.elapsed() > MOVING {
            return Err(Fault::Not(moving));
        }
        if journey.asked.is_none() {
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn serving(&self, slot: u16, by: Instant) -> Result<Arc<Node>, Fault> {
        if let Some(node) = self.topology.known(slot) {
            return Ok(node);
        }
        let late = || Trouble::Unreachable(self.topology.url().to_string(), "no answer".to_owned());
        let found = timeout_at(by, self.topology.node(slot)).await.unwrap_or_else(|_| Err(late()));
        found.map_err(Fault::Not)
    }

    /// Sends and awaits. A connection that failed is not used again.
    async fn exchange(
        &self,
        node: &Node,
        flight: &Pipeline,
        by: Instant,
        via: Via,
    ) -> Result<Vec<Value>, Fault> {
        let late = || Trouble::Unreachable(node.address().to_owned(), "no answer".to_owned());
        let line = match (via, node.standing()) {
            (Via::Shared, Some(line)) => Ok(Ok(line)),
            (Via::Shared, None) => timeout_at(by, node.line()).await,
            (Via::Own, _) => timeout_at(by, node.own_line()).await,
        };
        let outcome = match line.unwrap_or_else(|_| Err(late())) {
            Ok(mut line) => {
                let sent = line.send(node, flight, by).await;
                if sent.is_ok() && via == Via::Own {
                    node.hand_back(line);
                }
                sent
            }
            Err(trouble) => Err(Fault::Not(trouble)),
        };
        if outcome.is_err() {
            self.topology.doubt();
        }
        outcome
    }

    /// Makes a server know the scripts before the first of them is needed.
    pub(crate) async fn prepare(&self, node: &Node) -> Result<(), Fault> {
        self.load(node, Instant::now() + self.patience).await
    }

    async fn load(&self, node: &Node, by: Instant) -> Result<(), Fault> {
        let mut flight = Pipeline::new();
        for script in scripts::ALL {
            flight.add_command(script.load());
        }
        let answers = self.exchange(node, &flight, by, Via::Shared).await.map_err(Fault::not_done)?;
        match refusal(&answers, node.address()) {
            Some(refused) => Err(Fault::Not(refused.trouble(node.address()))),
            None => Ok(()),
        }
    }
}

/// The same commands, each for a node that does not serve the slot yet.
fn asking(flight: &Pipeline) -> Pipeline {
    let mut asking = Pipeline::new();
    for command in flight.cmd_iter() {
        asking.cmd("ASKING");
        asking.add_command(command.clone());
    }
    asking
}

fn refusal(answers: &[Value], address: &str) -> Option<Refusal> {
    answers.iter().find_map(|answer| match answer {
        Value::ServerError(error) => Some(Refusal::of(error, address)),
        _ => None,
    })
}
