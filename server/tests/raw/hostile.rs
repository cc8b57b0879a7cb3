//! Every hostile exchange, and what must be so after all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::case::Cases;
use crate::identity::Identity;
use crate::server::{SHORT, Server, Setup};

/// Plays a file's cases side by side against one server. None of them may cost
/// the canary, and afterwards the server serves as before.
async fn play(text: &str, setup: Setup) -> usize {
    let cases: Cases = toml::from_str(text).unwrap();
    let names: BTreeSet<_> = cases.case.iter().map(|case| case.name.clone()).collect();
    assert_eq!(names.len(), cases.case.len(), "every case has a name of its own");
    let server = Arc::new(Server::start(setup).await);
    let canary: Arc<str> = server.share("canary").await.into();
    let mut playing = Vec::new();
    for case in cases.case {
        let (server, canary) = (server.clone(), canary.clone());
        playing.push(tokio::spawn(async move { case.play(&server, &canary).await }));
    }
    let mut failed = 0;
    for one in playing {
        failed += usize::from(one.await.is_err());
    }
    assert_eq!(failed, 0, "cases failed");
    assert_eq!(server.reveal(&canary).await, "canary");
    let key = server.share("afterwards").await;
    assert_eq!(server.reveal(&key).await, "afterwards");
    names.len()
}

macro_rules! themes {
    ($($name:ident: $setup:expr, at least $least:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let text = include_str!(concat!("cases/", stringify!($name), ".toml"));
                assert!(play(text, $setup).await >= $least);
            }
        )*

        /// The same over TLS: what stands between socket and hyper stands there, too.
        mod over_tls {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let text = include_str!(concat!("cases/", stringify!($name), ".toml"));
                    let setup = Setup { identity: Some(Identity::new()), ..$setup };
                    assert!(play(text, setup).await >= $least);
                }
            )*
        }
    };
}

themes! {
    hosts: Setup::default(), at least 20;
    framing: Setup::default(), at least 20;
    heads: Setup::default(), at least 20;
    chunks: Setup::default(), at least 15;
    bodies: Setup::default(), at least 15;
    time: Setup { patience: SHORT, ..Setup::default() }, at least 10;
}
