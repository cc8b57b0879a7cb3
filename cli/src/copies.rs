//! `waxseal backup` and `waxseal restore`: copies of a store that is a file.

use std::path::Path;

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Check;
use waxseal_core::system::SystemClock;
use waxseal_core::time::Clock;
use waxseal_server::config::Config;
use waxseal_storage::StoreUrl;
use waxseal_storage::copies::{self, CopyError, Preview, Restored, Unread};

use crate::args::{Backup, Restore};
use crate::exit::Failure;
use crate::progress::Progress;
use crate::verify::Findings;
use crate::{keys, out, store};

/// Writes a copy of the store.
pub(crate) fn backup(config: &Config, asked: &Backup) -> Result<(), Failure> {
    let path = file_of(config)?;
    store::must_stand(config)?;
    let mut progress = Progress::new("copying");
    let mut tell = |done, all| progress.tell(done, all);
    copies::backup(path, &asked.file, asked.overwrite, &mut tell).map_err(refused)?;
    drop(progress);
    out::line(asked.file.display())?;
    out::remark(
        "The key file is not in it: keep a copy of that apart. What is opened from now on is unread in this copy.",
    );
    Ok(())
}

/// Puts a copy in the store's place, or says what that would do.
pub(crate) fn restore(config: &Config, asked: &Restore) -> Result<(), Failure> {
    let path = file_of(config)?;
    let keyring = keys::load(config)?;
    let now = SystemClock::default().now().timestamp();
    let preview = {
        let mut progress = Progress::new("reading");
        copies::preview(&asked.file, path, now, &mut |done, all| progress.tell(done, all)).map_err(refused)?
    };
    must_fit(&asked.file, preview.check.as_ref(), &keyring)?;
    if asked.dry_run {
        return Foreseen::new(preview, &keyring).tell(asked.json);
    }
    let mut progress = Progress::new("restoring");
    let mut tell = |done, all| progress.tell(done, all);
    let done = copies::restore(&asked.file, path, asked.unknown.into(), now, &mut tell).map_err(refused)?;
    drop(progress);
    Done::new(done).tell(asked.json)
}

/// Where a store that is a file stands.
fn file_of(config: &Config) -> Result<&Path, Failure> {
    let store = &config.store;
    store.path().ok_or_else(|| {
        Failure::config(match store {
            StoreUrl::Redis(_) => anyhow!(
                "{store} is no file: Redis makes copies of its own, by BGSAVE and its append-only file; \
                 docs/backup.md says how"
            ),
            _ => anyhow!("{store} is no file, and gone with its server: name another store with --store"),
        })
    })
}

/// A copy that another key file belongs to would open nothing.
fn must_fit(file: &Path, check: Option<&Check>, keyring: &Keyring) -> Result<(), Failure> {
    if check.is_none_or(|check| keyring.opens(check)) {
        return Ok(());
    }
    let file = file.display();
    Err(Failure::config(anyhow!(
        "{file} was made with another key file: restore that first, from its own copy"
    )))
}

fn refused(error: CopyError) -> Failure {
    match error {
        CopyError::Exists(_) => Failure::usage(anyhow!("{error}: name another, or say --overwrite")),
        CopyError::Same(_) => Failure::usage(error),
        CopyError::Unknown(_) => Failure::usage(anyhow!(
            "{error}, and the store that would know is not there, or does not know them; say what is to become \
             of them: --unknown end destroys them and keeps their receipts, --unknown keep lets them be opened, \
             perhaps a second time"
        )),
        error => Failure::store(error),
    }
}

/// What a restore would do.
#[derive(Serialize)]
struct Foreseen {
    format: i32,
    newest: i32,
    #[serde(flatten)]
    copy: Findings,
    replaces: bool,
    unread: u64,
    stay_ended: u64,
    unknown: u64,
    lost: u64,
    revoked: u64,
}

impl Foreseen {
    fn new(preview: Preview, keyring: &Keyring) -> Self {
        let Preview { format, newest, audit, unread, replaces, lost, revoked, .. } = preview;
        let Unread { same, ended, unknown } = unread;
        let copy = Findings::new(audit, keyring);
        Self { format, newest, copy, replaces, unread: same, stay_ended: ended, unknown, lost, revoked }
    }

    fn tell(&self, json: bool) -> Result<(), Failure> {
        if json {
            return out::json(self);
        }
        out::line("What is in the copy:")?;
        self.copy.print()?;
        out::line("\nWhat a restore would do (nothing was changed):")?;
        let Self { format, newest, unread, stay_ended, unknown, lost, revoked, .. } = self;
        if format < newest {
            out::line(format_args!("format\t{format}, which the next start brings up to {newest}"))?;
        }
        let place = if self.replaces { "replaced, and kept under another name" } else { "not there" };
        out::line(format_args!("present store\t{place}"))?;
        out::line(format_args!("unread\t{unread} unread in both"))?;
        out::line(format_args!("stay ended\t{stay_ended} unread in the copy, and ended since"))?;
        out::line(format_args!(
            "unknown\t{unknown} unread in the copy, of which the present store knows nothing"
        ))?;
        out::line(format_args!("lost\t{lost} unread in the present store alone"))?;
        out::line(format_args!(
            "revoked\t{revoked} tokens that the present store no longer has, and come back"
        ))
    }
}

/// What a restore did.
#[derive(Serialize)]
struct Done {
    unread: u64,
    stayed_ended: u64,
    unknown: u64,
    replaced: Option<String>,
}

impl Done {
    fn new(restored: Restored) -> Self {
        let Restored { unread: Unread { same, ended, unknown }, replaced } = restored;
        let replaced = replaced.map(|path| path.display().to_string());
        Self { unread: same, stayed_ended: ended, unknown, replaced }
    }

    fn tell(&self, json: bool) -> Result<(), Failure> {
        if json {
            return out::json(self);
        }
        out::line(format_args!("unread\t{}", self.unread))?;
        out::line(format_args!("stayed ended\t{}", self.stayed_ended))?;
        out::line(format_args!("unknown\t{}", self.unknown))?;
        match &self.replaced {
            Some(path) => out::line(format_args!("the replaced store\t{path}")),
            None => Ok(()),
        }
    }
}
