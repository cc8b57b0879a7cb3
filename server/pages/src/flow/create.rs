//! Making a secret. The form carries a nonce, from which with the fields the key of
//! what it makes is derived: sent again, it finds the key taken, and leads to the
//! receipt of the first sending. A generated value is told by the first alone.

use waxseal_core::contract::reply::PATIENCE;
use waxseal_core::generate::Recipe;
use waxseal_core::id::{KeyText, MetadataKey};
use waxseal_core::policy::{Breach, Plan};
use waxseal_core::seal::page::FormNonce;
use waxseal_core::secret::Plaintext;
use waxseal_core::store::{Action, Pass};
use waxseal_core::time::Ttl;
use waxseal_core::vault::{Fault, Terms};

use super::{Turn, receipt};
use crate::Visit;
use crate::desk::Desk;
use crate::form::{Filled, passphrase};
use crate::view::{Closed, Create, Generated, Limits, Problem, Typed, What};

/// What people choose from, within the plan.
const LIFETIMES: [Ttl; 10] = [
    Ttl::minutes(5),
    Ttl::minutes(30),
    Ttl::hours(1),
    Ttl::hours(4),
    Ttl::hours(12),
    Ttl::days(1),
    Ttl::days(3),
    Ttl::days(7),
    Ttl::days(14),
    Ttl::days(30),
];

/// The empty form.
pub(crate) fn show(desk: &Desk<'_>) -> Result<Turn, Fault> {
    if !desk.pages.guests_may_create {
        return Ok(closed(desk));
    }
    form(desk, None, &[])
}

/// Makes what the form asks for.
pub(crate) async fn make(desk: &Desk<'_>, visit: Visit<'_>) -> Result<Turn, Fault> {
    if !desk.pages.guests_may_create {
        return Ok(closed(desk).status_of(403));
    }
    if desk.foreign {
        // What another site filled in is not shown as if it were the reader's.
        return Ok(form(desk, None, &[Problem::FormForeign])?.status_of(403));
    }
    let host = visit.request.host.and_then(|host| desk.site().domain_of(Some(host)));
    let Ok(filled) = Filled::read(visit) else { return Ok(desk.trouble(What::BadRequest, "refused")) };
    let Some(nonce) = desk.key().read_nonce(&filled.nonce, desk.tick()) else {
        return form(desk, Some(&filled), &[Problem::FormExpired]);
    };
    let problems = problems(desk, &filled);
    if !problems.is_empty() {
        return form(desk, Some(&filled), &problems);
    }
    match allowed(desk, &filled, &nonce, host.map(|domain| domain.host.clone())).await {
        Ok(turn) => Ok(turn),
        Err(fault) => not_stored(desk, &filled, fault),
    }
}

/// The form as it was sent, where there is no turn to look at it.
pub(crate) fn crowded(desk: &Desk<'_>, visit: Visit<'_>) -> Result<Turn, Fault> {
    match Filled::read(visit) {
        Ok(filled) if !desk.foreign && desk.pages.guests_may_create => {
            Ok(Turn { fault: None, word: "turned away", ..not_stored(desk, &filled, Fault::Busy)? })
        }
        _ => Ok(desk.trouble(What::Unreached, "turned away")),
    }
}

/// Keeps it, if the client may make so many. A form that is refused is sound, and comes
/// back as it was sent.
async fn allowed(
    desk: &Desk<'_>,
    filled: &Filled,
    nonce: &FormNonce,
    share_domain: Option<String>,
) -> Result<Turn, Fault> {
    match desk.api.allow(Action::Create, &desk.caller()).await? {
        Pass::Allowed => keep(desk, filled, nonce, share_domain).await,
        Pass::Refused { retry_after } => {
            let turn = form(desk, Some(filled), &[Problem::TooMany { wait: retry_after }])?;
            Ok(turn.status_of(429).retry_after(retry_after))
        }
    }
}

/// The form as it was sent, to be sent again: nothing that was typed is lost. Should it
/// have been stored after all, the second sending leads to the receipt of the first.
fn not_stored(desk: &Desk<'_>, filled: &Filled, fault: Fault) -> Result<Turn, Fault> {
    let turn = form(desk, Some(filled), &[Problem::NotStored])?;
    Ok(Turn { fault: Some(fault), word: "fault", ..turn.status_of(503).retry_after(PATIENCE) })
}

async fn keep(
    desk: &Desk<'_>,
    filled: &Filled,
    nonce: &FormNonce,
    share_domain: Option<String>,
) -> Result<Turn, Fault> {
    let key = form_key(desk, filled, nonce, share_domain.as_deref());
    let terms = Terms {
        passphrase: passphrase(&filled.passphrase),
        ttl: lifetime(&filled.ttl, plan(desk)),
        share_domain,
        ..Terms::default()
    };
    let text = key.text();
    if !filled.generate {
        let value = Plaintext::from(filled.secret.as_str());
        let made = desk.vault().share_once(key, value, terms, &desk.caller()).await?;
        return Ok(see_receipt(desk, &text, if made.is_some() { "shared" } else { "repeated" }));
    }
    match desk.vault().generate_once(key, Recipe::default(), terms, &desk.caller()).await? {
        Some((metadata, value)) => {
            let link = receipt::link(desk, &metadata);
            let page = Generated {
                frame: desk.frame_to_stay(),
                value: value.expose(),
                link: &link,
                receipt: &receipt::path(&text),
                expires: metadata.expires,
            };
            Ok(Turn::page(page.render(), "generated"))
        }
        None => Ok(see_receipt(desk, &text, "repeated")),
    }
}

/// Everything that makes one secret differ from another goes in.
fn form_key(desk: &Desk<'_>, filled: &Filled, nonce: &FormNonce, share_domain: Option<&str>) -> MetadataKey {
    let kind: &[u8] = if filled.generate { b"generate" } else { b"share" };
    let fields = [
        kind,
        filled.secret.as_bytes(),
        filled.passphrase.as_bytes(),
        filled.ttl.as_bytes(),
        share_domain.unwrap_or_default().as_bytes(),
    ];
    desk.key().form_key(nonce, &fields)
}

fn see_receipt(desk: &Desk<'_>, key: &KeyText, word: &'static str) -> Turn {
    Turn::see(desk.in_language(&receipt::path(key)), word)
}

/// The form, with what was typed and what is wrong with it. One that was sent keeps
/// its nonce as long as it lives.
fn form(desk: &Desk<'_>, filled: Option<&Filled>, problems: &[Problem]) -> Result<Turn, Fault> {
    let vault = desk.vault();
    let kept = filled.and_then(|filled| desk.key().read_nonce(&filled.nonce, desk.tick()));
    let nonce = match kept {
        Some(nonce) => nonce,
        None => desk.key().nonce(&*vault.ports().entropy, desk.tick())?,
    };
    let plan = plan(desk);
    let passphrases = &vault.policy().passphrases;
    let page = Create {
        frame: if filled.is_some() { desk.frame_to_stay() } else { desk.frame },
        nonce: &nonce.to_string(),
        lifetimes: &lifetimes(plan),
        chosen: filled.and_then(|filled| lifetime(&filled.ttl, plan)).unwrap_or(plan.lifetime(None)),
        limits: Limits {
            secret_max: plan.max_secret_bytes,
            passphrase_min: passphrases.min,
            passphrase_required: passphrases.required,
        },
        typed: filled.map(typed).unwrap_or_default(),
        problems,
        request_id: desk.id,
    };
    Ok(Turn::page(page.render(), if problems.is_empty() { "told" } else { "refused" }))
}

fn typed(filled: &Filled) -> Typed<'_> {
    Typed { secret: &filled.secret, passphrase: &filled.passphrase }
}

fn closed(desk: &Desk<'_>) -> Turn {
    Turn::page(Closed { frame: desk.frame }.render(), "refused")
}

/// What is wrong with a form, in the order of its fields.
fn problems(desk: &Desk<'_>, filled: &Filled) -> Vec<Problem> {
    let policy = desk.vault().policy();
    let of_secret = match (filled.generate, filled.secret.len()) {
        (true, 0) => None,
        (true, _) => Some(Problem::SecretAndGenerate),
        (false, 0) => Some(Problem::SecretMissing),
        (false, bytes) => plan(desk).check_size(bytes).err().map(problem),
    };
    let of_ttl = lifetime(&filled.ttl, plan(desk)).is_none().then_some(Problem::LifetimeUnknown);
    let typed = passphrase(&filled.passphrase);
    let of_passphrase = policy.passphrases.check(typed.as_ref()).err().map(problem);
    [of_secret, of_ttl, of_passphrase].into_iter().flatten().collect()
}

const fn problem(breach: Breach) -> Problem {
    match breach {
        Breach::TooLarge { max } => Problem::SecretTooLarge { max },
        Breach::PassphraseTooShort { min } => Problem::PassphraseTooShort { min },
        Breach::PassphraseTooLong { max } => Problem::PassphraseTooLong { max },
        Breach::PassphraseRequired => Problem::PassphraseMissing,
    }
}

fn plan<'a>(desk: &'a Desk<'_>) -> &'a Plan {
    &desk.api.vault.policy().plans.anonymous
}

/// Shortest first. The usual life is always among them.
fn lifetimes(plan: &Plan) -> Vec<Ttl> {
    LIFETIMES.into_iter().filter(|ttl| *ttl < plan.max_ttl).chain([plan.max_ttl]).collect()
}

/// The lifetime that was chosen: one of those offered, or the usual one for none.
fn lifetime(chosen: &str, plan: &Plan) -> Option<Ttl> {
    if chosen.is_empty() {
        return Some(plan.lifetime(None));
    }
    lifetimes(plan).into_iter().find(|ttl| ttl.secs().to_string() == chosen)
}
