//! The format in which a store in Redis lies, as a number beside it: noted when the
//! store is first used, read at every start. An earlier one is brought up to this
//! release's, a later one refused.

use futures_util::future::BoxFuture;
use redis::cmd;

use crate::courier::Courier;
use crate::fault::{Fault, Trouble};
use crate::keys::Keys;
use crate::records::read;
use crate::scripts;
use crate::start::OpenError;

/// The first there was. A store without a note has it.
const FIRST: u64 = 1;
/// What leads from each format to the next. A step may be taken twice, and by several
/// nodes at once, and leaves what it makes readable to nodes of the release before.
type Step = for<'a> fn(&'a Courier, &'a Keys) -> BoxFuture<'a, Result<(), Fault>>;
const STEPS: [Step; 0] = [];
/// The one that this release writes.
pub(crate) const NEWEST: u64 = FIRST + STEPS.len() as u64;

/// Sees to it that the store lies in this release's format.
pub(crate) async fn bring_up(courier: &Courier, keys: &Keys) -> Result<(), OpenError> {
    bring_up_by(courier, keys, &STEPS).await
}

/// The format that is noted, or must be taken for granted; `None` before the first use.
pub(crate) async fn standing(courier: &Courier, keys: &Keys) -> Result<Option<u64>, Fault> {
    let key = keys.format();
    let mut get = cmd("GET");
    get.arg(&key);
    if let Some(noted) = read(courier.send(&key, get).await?)? {
        return Ok(Some(noted));
    }
    // Whatever is in use has been bound to its keys. Asked for by itself: see Courier::send_all.
    let key = keys.check();
    let mut exists = cmd("EXISTS");
    exists.arg(&key);
    let used: bool = read(courier.send(&key, exists).await?)?;
    Ok(used.then_some(FIRST))
}

async fn bring_up_by(courier: &Courier, keys: &Keys, steps: &[Step]) -> Result<(), OpenError> {
    let failed = |fault: Fault| {
        OpenError::Trouble(fault.trouble().unwrap_or_else(|| Trouble::Nonsense("the store".to_owned())))
    };
    let newest = FIRST + steps.len() as u64;
    let found = standing(courier, keys).await.map_err(failed)?;
    let mut at = note(courier, keys, found.unwrap_or(newest)).await.map_err(failed)?;
    while at < newest {
        let step = usize::try_from(at.saturating_sub(FIRST)).unwrap_or_default();
        steps[step](courier, keys).await.map_err(failed)?;
        tracing::info!(from = at, "the store in Redis is brought up to the next format");
        at = advance(courier, keys, at).await.map_err(failed)?;
    }
    if at > newest { Err(OpenError::Newer { found: at, newest }) } else { Ok(()) }
}

/// Notes a format, unless one is noted; answers the one that is.
async fn note(courier: &Courier, keys: &Keys, format: u64) -> Result<u64, Fault> {
    let key = keys.format();
    let mut note = cmd("SET");
    note.arg(&key).arg(format).arg("NX").arg("GET");
    let noted: Option<u64> = read(courier.send(&key, note).await?)?;
    Ok(noted.unwrap_or(format))
}

async fn advance(courier: &Courier, keys: &Keys, from: u64) -> Result<u64, Fault> {
    let key = keys.format();
    let mut advance = scripts::ADVANCE.call(&[&key]);
    advance.arg(from).arg(from + 1);
    read(courier.send(&key, advance).await?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use waxseal_redis_servers::{Server, available};

    use super::*;
    use crate::keys::Prefix;
    use crate::topology::Topology;

    fn reach(server: &Server) -> (Courier, Keys) {
        let topology = Topology::new(server.url().parse().unwrap()).unwrap();
        (Courier::new(topology, Duration::from_secs(20)), Keys::new(Prefix::default()))
    }

    fn adds<'a>(courier: &'a Courier, keys: &'a Keys) -> BoxFuture<'a, Result<(), Fault>> {
        async {
            let key = keys.accounts();
            let mut add = cmd("ZADD");
            add.arg(&key).arg(1).arg("added");
            courier.send(&key, add).await.map(|_| ())
        }
        .boxed()
    }

    fn fails<'a>(_: &'a Courier, _: &'a Keys) -> BoxFuture<'a, Result<(), Fault>> {
        async { Err(Fault::Not(Trouble::NoNode(0))) }.boxed()
    }

    #[tokio::test]
    async fn a_store_that_is_not_used_yet_gets_the_newest_format_and_no_step() {
        if available("a_store_that_is_not_used_yet_gets_the_newest_format_and_no_step") {
            let server = Server::start(&[]);
            let (courier, keys) = reach(&server);
            assert_eq!(standing(&courier, &keys).await.ok(), Some(None));
            bring_up_by(&courier, &keys, &[fails]).await.unwrap();
            assert_eq!(standing(&courier, &keys).await.ok(), Some(Some(2)));
        }
    }

    #[tokio::test]
    async fn an_earlier_format_is_brought_up_step_by_step() {
        if available("an_earlier_format_is_brought_up_step_by_step") {
            let server = Server::start(&[]);
            let (courier, keys) = reach(&server);
            server.ok(&["SET", "waxseal:c{check}", "bound"]);
            bring_up_by(&courier, &keys, &[]).await.unwrap();
            assert_eq!(standing(&courier, &keys).await.ok(), Some(Some(1)));
            assert!(bring_up_by(&courier, &keys, &[adds, fails]).await.is_err());
            assert_eq!(standing(&courier, &keys).await.ok(), Some(Some(2)), "the first step is noted");
            let steps: [Step; 3] = [fails, adds, adds];
            let all = join_all((0..8).map(|_| bring_up_by(&courier, &keys, &steps))).await;
            assert!(all.iter().all(Result::is_ok), "{all:?}");
            assert_eq!(server.cli(&["ZRANGE", "waxseal:o{accounts}", "0", "-1"]).trim(), "added");
            let refused = bring_up_by(&courier, &keys, &[]).await.unwrap_err();
            assert!(matches!(refused, OpenError::Newer { found: 4, newest: 1 }), "{refused}");
        }
    }
}
