//! Several servers under the same load, in the order A B C C B A, round after round:
//! what drifts while it runs meets all of them alike.

use std::time::Duration;

use crate::sample::Figures;
use crate::server::Server;
use crate::traffic::{Operation, visit};

/// A server, and what is asked of it.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) server: Server,
    pub(crate) operation: Operation,
}

/// How hard, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) bytes: usize,
    pub(crate) connections: usize,
    pub(crate) rounds: usize,
    pub(crate) visit: Duration,
}

/// What became of one subject.
pub(crate) struct Compared {
    pub(crate) name: String,
    /// Medians of the rounds.
    pub(crate) figures: Figures,
    /// Medians of each round's figures against the first subject's in the same round.
    pub(crate) ratios: Figures,
}

/// Measures all of them; the first is the one to compare with.
pub(crate) async fn compare(subjects: &[Subject], load: Load) -> anyhow::Result<Vec<Compared>> {
    let mut rounds = Vec::with_capacity(load.rounds);
    for _ in 0..load.rounds {
        rounds.push(round(subjects, load).await?);
    }
    let compared = subjects.iter().enumerate().map(|(place, subject)| {
        let own: Vec<_> = rounds.iter().map(|round| round[place]).collect();
        let ratios: Vec<_> = rounds.iter().map(|round| round[place].over(&round[0])).collect();
        Compared {
            name: subject.name.clone(),
            figures: Figures::median(&own),
            ratios: Figures::median(&ratios),
        }
    });
    Ok(compared.collect())
}

async fn round(subjects: &[Subject], load: Load) -> anyhow::Result<Vec<Figures>> {
    let mut there = Vec::with_capacity(subjects.len());
    for subject in subjects {
        there.push(drive(subject, load).await?);
    }
    for (place, subject) in subjects.iter().enumerate().rev() {
        there[place] = there[place].between(&drive(subject, load).await?);
    }
    Ok(there)
}

async fn drive(subject: &Subject, load: Load) -> anyhow::Result<Figures> {
    let Subject { server, operation, .. } = subject;
    Ok(visit(server, *operation, load.bytes, load.connections, load.visit).await?.figures())
}
