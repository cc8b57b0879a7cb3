//! The whole road of a request, from its bytes to the bytes of its answer,
//! without a socket: what a server, a test and a fuzzer call.

use std::sync::Arc;

use crate::account::Accounts;
use crate::contract::basic::Credentials;
use crate::contract::command::command;
use crate::contract::refusal::Refusal;
use crate::contract::reply::{self, Asked, reply};
use crate::contract::route::Route;
use crate::contract::site::Site;
use crate::contract::{Reply, Request};
use crate::id::ClientId;
use crate::metadata::Metadata;
use crate::store::{Action, Limiter, MailState, Pass, Rate, StoreError, Subject};
use crate::time::Ttl;
use crate::vault::{Caller, Command, Fault, Outcome, Vault};

/// How many secrets may be made and opened in [`Limits::WINDOW`]. 0 = off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Made by one client without an account.
    pub guest_creates: u32,
    /// Opened, or tried to, by one client without an account.
    pub guest_reveals: u32,
    /// Made by one account.
    pub account_creates: u32,
    /// Opened, or tried to, by one account.
    pub account_reveals: u32,
    /// Recipients told in the name of one account.
    pub account_mails: u32,
}

impl Limits {
    /// The time the counts are for (V1-E17).
    pub const WINDOW: Ttl = Ttl::minutes(20);

    fn of(&self, action: Action, subject: Subject) -> u32 {
        match (action, subject) {
            (Action::Create, Subject::Client(_)) => self.guest_creates,
            (Action::Reveal, Subject::Client(_)) => self.guest_reveals,
            (Action::Create, Subject::Account(_)) => self.account_creates,
            (Action::Reveal, Subject::Account(_)) => self.account_reveals,
            // Guests name no recipients.
            (Action::Mail, _) => self.account_mails,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guest_creates: 1_000,
            guest_reveals: 1_000,
            account_creates: 10_000,
            account_reveals: 10_000,
            account_mails: 100,
        }
    }
}

/// An answer, and what a log may say of it.
#[derive(Debug)]
pub struct Answer {
    /// What goes out.
    pub reply: Reply,
    /// The route's name. Never the path: the path holds the key.
    pub route: &'static str,
    /// What came of it, in a word or two.
    pub outcome: &'static str,
    /// The machinery's fault, if that is what came of it.
    pub fault: Option<Fault>,
}

/// The v1 API over a vault.
#[derive(Debug)]
pub struct Api {
    /// Where secrets live.
    pub vault: Vault,
    /// Who may sign in.
    pub accounts: Accounts,
    /// Counts actions.
    pub limiter: Arc<dyn Limiter>,
    /// How many are allowed.
    pub limits: Limits,
    /// What answers, pages and mails show of this deployment.
    pub site: Arc<Site>,
}

enum Rejection {
    Refused(Refusal),
    Failed(Fault),
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Api {
    /// Answers one request of `client`. Never fails: every fault has its answer.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps a second place for each argument")]
    pub fn answer<'a>(
        &'a self,
        mut request: Request<'a>,
        client: ClientId,
    ) -> impl Future<Output = Answer> + use<'a> {
        async move {
            let route = Route::of(request.method, request.path);
            let name = route.name();
            match self.serve(&route, &mut request, client).await {
                Ok((reply, outcome)) => Answer { reply, route: name, outcome, fault: None },
                Err(Rejection::Refused(refusal)) => {
                    Answer { reply: Reply::from(&refusal), route: name, outcome: "refused", fault: None }
                }
                Err(Rejection::Failed(fault)) => {
                    Answer { reply: Reply::from(&fault), route: name, outcome: "fault", fault: Some(fault) }
                }
            }
        }
    }

    /// Takes one action out of the caller's allowance, the same by whatever road it comes.
    ///
    /// # Errors
    /// [`StoreError`] of a limiter that stands in a store.
    pub async fn allow(&self, action: Action, caller: &Caller) -> Result<Pass, StoreError> {
        let subject = match &caller.member {
            Some(member) => Subject::Account(member.id),
            None => Subject::Client(caller.client),
        };
        let count = self.limits.of(action, subject);
        if count == 0 {
            return Ok(Pass::Allowed);
        }
        let rate = Rate { count, per: Limits::WINDOW };
        self.limiter.take(subject, action, rate, self.vault.ports().clock.now()).await
    }

    /// Credentials, allowance, form, then the command: nothing is looked at before
    /// what stands before it has passed (V1-A3, §5).
    async fn serve(
        &self,
        route: &Route,
        request: &mut Request<'_>,
        client: ClientId,
    ) -> Result<(Reply, &'static str), Rejection> {
        if matches!(route, Route::Unrouted) {
            return Err(Refusal::Unrouted.into());
        }
        let caller = self.caller(route, request, client).await?;
        if let Some(action) = route.action() {
            self.pass(action, &caller).await?;
        }
        let policy = self.vault.policy();
        let (mut command, locale) = command(route, request, &caller, &self.site, policy)?;
        self.allow_mail(command.as_mut(), &caller).await?;
        let Some(command) = command else {
            return Ok((reply::status(locale), "nominal"));
        };
        let outcome = self.vault.run(command, &caller).await?;
        let now = || self.vault.ports().clock.now().timestamp();
        Ok((reply(&outcome, asked(route, locale), &self.site, now), word(&outcome)))
    }

    async fn caller(
        &self,
        route: &Route,
        request: &Request<'_>,
        client: ClientId,
    ) -> Result<Caller, Rejection> {
        let member = match Credentials::of(request.authorization) {
            Credentials::None if route.needs_account() => None,
            Credentials::None => return Ok(Caller::guest(client)),
            Credentials::Basic { user, token } => self.accounts.sign_in(&user, &token).await?,
            Credentials::Malformed => None,
        };
        match member {
            Some(member) if route.is_open_to(member.scope) => Ok(Caller::signed_in(client, member)),
            _ => Err(Refusal::NotAuthorized.into()),
        }
    }

    async fn pass(&self, action: Action, caller: &Caller) -> Result<(), Rejection> {
        match self.allow(action, caller).await? {
            Pass::Allowed => Ok(()),
            Pass::Refused { retry_after } => Err(Refusal::RateLimited { retry_after }.into()),
        }
    }

    /// Takes a message out of the account's allowance, if there is to be one. Beyond
    /// it the secret is made all the same, and answer and receipt tell that nobody
    /// was told.
    async fn allow_mail(&self, command: Option<&mut Command>, caller: &Caller) -> Result<(), Rejection> {
        let Some(Command::Share(_, terms) | Command::Generate(_, terms)) = command else { return Ok(()) };
        if terms.recipients.is_empty() || !self.vault.mails() {
            return Ok(());
        }
        terms.over_mail_quota = self.allow(Action::Mail, caller).await? != Pass::Allowed;
        Ok(())
    }
}

fn asked<'a>(route: &'a Route, locale: &'a str) -> Asked<'a> {
    match route {
        Route::Reveal(key) => Asked::Reveal(key.echo()),
        Route::Look(key) => Asked::Look(key.echo()),
        Route::Burn(key) => Asked::Burn { key: key.echo(), locale },
        Route::Generate => Asked::Generate,
        Route::Recent => Asked::Recent,
        Route::Share | Route::Create | Route::Status | Route::Authcheck | Route::Unrouted => Asked::Share,
    }
}

/// Whether a recipient was named and gets no message.
fn untold(metadata: &Metadata) -> bool {
    matches!(metadata.mail, MailState::NotConfigured | MailState::Failed | MailState::OverQuota)
}

/// A word or two that a log may show.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Shared(metadata) if untold(metadata) => "shared, recipient not told",
        Outcome::Shared(_) => "shared",
        Outcome::Generated(metadata, _) if untold(metadata) => "generated, recipient not told",
        Outcome::Generated(..) => "generated",
        Outcome::Revealed(_) => "revealed",
        Outcome::Looked(_) => "looked",
        Outcome::Burned(_) => "burned",
        Outcome::Recent(_) => "listed",
        Outcome::Refused { .. } => "wrong passphrase",
        Outcome::LockedOut { .. } => "locked out",
        Outcome::Gone => "gone",
        Outcome::Lost => "lost the race",
    }
}
