//! The configuration file as it is written: every setting may be absent, none
//! may be unknown. What a setting means is said in `waxseal init`'s file.

use std::collections::BTreeMap;

use serde::Deserialize;
use waxseal_core::api;
use waxseal_core::brand::Accent;
use waxseal_core::contract::site::Numbers;
use waxseal_core::policy::PassphrasePolicy;
use waxseal_storage::{Prefix, StoreUrl};

use super::log::{LogFormat, LogLevels};
use super::smtp;
use super::tls;
use super::value::{
    Account, Code, Host, KeyPath, Life, Listen, Proxy, Remark, Scheme, Title, Whole, as_text,
};

/// The largest secret that a plan may allow: 16 MiB. A secret stands whole in
/// memory, a few times over, while it is sealed.
const LARGEST_SECRET: u64 = 16 << 20;
/// The longest passphrase: 1 KiB, so that hashing one costs next to nothing.
const LONGEST_PASSPHRASE: u64 = 1_024;

/// More replicas than anybody waits for.
const MOST_REPLICAS: u64 = 16;
/// Nobody who opens a secret waits for longer than ten seconds.
const LONGEST_WAIT: u64 = 10_000;

/// Requests that are worked on at once, unless somebody says how many.
const USUAL_REQUESTS: u64 = 256;

/// How many actions; 0 for no limit.
pub(super) type Count = Whole<0, { u32::MAX as u64 }>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct File {
    pub(super) listen: Option<Listen>,
    pub(super) metrics_listen: Option<Listen>,
    #[serde(deserialize_with = "as_text")]
    pub(super) store: Option<StoreUrl>,
    pub(super) key_file: Option<KeyPath>,
    pub(super) trusted_proxies: Vec<Proxy>,
    pub(super) site: Site,
    pub(super) plans: Named,
    pub(super) limits: Limits,
    pub(super) pages: Pages,
    pub(super) redis: Redis,
    pub(super) api: Api,
    pub(super) smtp: smtp::Written,
    pub(super) tls: tls::Written,
    pub(super) log: Log,
}

#[derive(Deserialize, Default)]
#[serde(try_from = "RawSite")]
pub(super) struct Site(pub(super) RawSite);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawSite {
    pub(super) host: Option<Host>,
    pub(super) scheme: Option<Scheme>,
    pub(super) name: Option<Title>,
    #[serde(deserialize_with = "as_text")]
    pub(super) accent: Option<Accent>,
    pub(super) footer: Option<Remark>,
    pub(super) region: Option<Code>,
    pub(super) regions: Vec<Region>,
    pub(super) domains: Vec<Domain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Region {
    pub(super) code: Code,
    pub(super) label: Title,
    pub(super) host: Host,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Domain {
    pub(super) host: Host,
    pub(super) account: Account,
    pub(super) name: Option<Title>,
    #[serde(default, deserialize_with = "as_text")]
    pub(super) accent: Option<Accent>,
}

impl TryFrom<RawSite> for Site {
    type Error = String;
    fn try_from(site: RawSite) -> Result<Self, String> {
        let hosts = site
            .domains
            .iter()
            .map(|domain| domain.host.as_str())
            .chain(site.host.as_ref().map(Host::as_str));
        if let Some(twice) = first_repeated(hosts) {
            return Err(format!("the host `{twice}` stands in more than one place of [site]"));
        }
        check_regions(&site)?;
        Ok(Self(site))
    }
}

/// A visitor tells regions apart by their codes, and finds them by their hosts. The
/// region that this deployment is may be listed, to give it a label, and then stands
/// at its own host; no other may.
fn check_regions(site: &RawSite) -> Result<(), String> {
    let codes: Vec<String> = site.regions.iter().map(|region| region.code.0.to_lowercase()).collect();
    if let Some(twice) = first_repeated(codes.iter().map(String::as_str)) {
        return Err(format!("the region `{twice}` is listed twice"));
    }
    let is_own =
        |region: &Region| site.region.as_ref().is_some_and(|own| own.0.eq_ignore_ascii_case(&region.code.0));
    let taken = site.host.iter().chain(site.domains.iter().map(|domain| &domain.host));
    let elsewhere = site.regions.iter().filter(|region| !is_own(region)).map(|region| &region.host);
    match first_repeated(taken.chain(elsewhere).map(Host::as_str)) {
        Some(twice) => Err(format!(
            "the host `{twice}` of a region stands in more than one place of [site]; each region is a \
             deployment of its own, at its own host"
        )),
        None => Ok(()),
    }
}

fn first_repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Plan {
    pub(super) max_secret_bytes: Option<Whole<1, LARGEST_SECRET>>,
    pub(super) max_ttl: Option<Life>,
}

/// The plans by their names.
#[derive(Deserialize, Default)]
#[serde(try_from = "BTreeMap<Code, Plan>")]
pub(super) struct Named(pub(super) BTreeMap<Code, Plan>);

impl TryFrom<BTreeMap<Code, Plan>> for Named {
    type Error = String;
    /// A plan `Default` would bound nobody, while whoever wrote it thinks it does.
    fn try_from(plans: BTreeMap<Code, Plan>) -> Result<Self, String> {
        let usual =
            |name: &str| ["anonymous", "default"].into_iter().find(|usual| usual.eq_ignore_ascii_case(name));
        for Code(name) in plans.keys() {
            if let Some(usual) = usual(name).filter(|usual| usual != name) {
                return Err(format!("`{name}` is no plan of your own; write `{usual}`, in lower case"));
            }
        }
        Ok(Self(plans))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Limits {
    pub(super) guest_creates_per_20m: Count,
    pub(super) guest_reveals_per_20m: Count,
    pub(super) account_creates_per_20m: Count,
    pub(super) account_reveals_per_20m: Count,
    pub(super) account_mails_per_20m: Count,
    pub(super) requests_at_once: Count,
    pub(super) stored_bytes: Whole<0, { i64::MAX as u64 }>,
}

impl Default for Limits {
    fn default() -> Self {
        let usual = api::Limits::default();
        let count = |count: u32| Whole(count.into());
        Self {
            guest_creates_per_20m: count(usual.guest_creates),
            guest_reveals_per_20m: count(usual.guest_reveals),
            account_creates_per_20m: count(usual.account_creates),
            account_reveals_per_20m: count(usual.account_reveals),
            account_mails_per_20m: count(usual.account_mails),
            requests_at_once: Whole(USUAL_REQUESTS),
            stored_bytes: Whole(1 << 30),
        }
    }
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Pages {
    pub(super) typed_check: Option<bool>,
    pub(super) guests_may_create: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Redis {
    #[serde(deserialize_with = "as_text")]
    pub(super) prefix: Option<Prefix>,
    pub(super) min_replicas: Option<Whole<0, MOST_REPLICAS>>,
    pub(super) wait_ms: Option<Whole<1, LONGEST_WAIT>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Log {
    pub(super) format: Option<LogFormat>,
    pub(super) level: Option<LogLevels>,
    pub(super) access: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Api {
    pub(super) v1: ApiV1,
}

#[derive(Deserialize, Default)]
#[serde(try_from = "RawApiV1")]
pub(super) struct ApiV1 {
    pub(super) numbers: Numbers,
    pub(super) passphrases: PassphrasePolicy,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
struct RawApiV1 {
    numbers: WrittenNumbers,
    passphrase_min: Option<Whole<0, LONGEST_PASSPHRASE>>,
    passphrase_max: Option<Whole<1, LONGEST_PASSPHRASE>>,
    passphrase_required: bool,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum WrittenNumbers {
    #[default]
    Number,
    String,
}

impl TryFrom<RawApiV1> for ApiV1 {
    type Error = String;
    fn try_from(raw: RawApiV1) -> Result<Self, String> {
        let usual = PassphrasePolicy::default();
        let passphrases = PassphrasePolicy {
            min: raw.passphrase_min.map_or(usual.min, Whole::as_usize),
            max: raw.passphrase_max.map_or(usual.max, Whole::as_usize),
            required: raw.passphrase_required,
        };
        if passphrases.min > passphrases.max {
            return Err(format!(
                "passphrase_min ({}) is above passphrase_max ({}): no passphrase would fit",
                passphrases.min, passphrases.max
            ));
        }
        let numbers = match raw.numbers {
            WrittenNumbers::Number => Numbers::Number,
            WrittenNumbers::String => Numbers::String,
        };
        Ok(Self { numbers, passphrases })
    }
}
