//! Accounts with several tokens: what each may do, for how long, and whose list it reads.

mod hands;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxseal_core::account::{AccountError, Accounts, DomainTerms, ListedDomain, NewToken, TokenTerms};
use waxseal_core::api::{Api, Limits};
use waxseal_core::brand::Accent;
use waxseal_core::contract::Request;
use waxseal_core::contract::site::Site;
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::{Plan, Policy};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Scope;
use waxseal_core::system::{InlineStretch, SystemEntropy};
use waxseal_core::time::{Clock, Ttl};
use waxseal_core::vault::{Caller, Member, Ports, Terms, Vault};
use waxseal_memory::MemoryStore;

use hands::Hands;

const ANN: &str = "ann@example.com";

struct World {
    api: Api,
    clock: Arc<Hands>,
}

impl World {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Hands::new();
        let entropy = Arc::new(SystemEntropy::default());
        let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
        let accounts = Accounts::new(store.clone(), keyring.clone(), clock.clone(), entropy.clone());
        let ports = Ports { store, clock: clock.clone(), entropy, stretch: Arc::new(InlineStretch) };
        let mut policy = Policy::default();
        policy.plans.named.insert("short".to_owned(), Plan { max_ttl: Ttl::hours(1), ..Plan::ACCOUNT });
        let site = Site::new("https", "example.com").into();
        let vault = Vault::new(ports, keyring, policy);
        let (limiter, limits) = (Arc::new(LocalLimiter::default()), Limits::default());
        Self { api: Api { vault, accounts, limiter, limits, site }, clock }
    }

    fn accounts(&self) -> &Accounts {
        &self.api.accounts
    }

    async fn ann(&self) -> String {
        self.accounts().add(ANN, "default").await.unwrap().token.expose().to_owned()
    }

    async fn member(&self, token: &str) -> Option<Member> {
        self.accounts().sign_in(ANN, token).await.unwrap()
    }

    /// How many secrets the bearer of this token is shown.
    async fn listed(&self, token: &str) -> usize {
        self.api.vault.recent(&self.member(token).await.unwrap()).await.unwrap().len()
    }

    async fn share(&self, token: &str) {
        let caller = Caller { client: ClientId::LOCAL, member: self.member(token).await.map(Box::new) };
        self.api.vault.share("x".into(), Terms::default(), &caller).await.unwrap();
    }

    /// Status, intended status and body of an answer.
    async fn ask(&self, method: &str, path: &str, token: &str) -> (u16, Option<String>, String) {
        let basic = format!("Basic {}", STANDARD.encode(format!("{ANN}:{token}")));
        let request = Request {
            method,
            path,
            query: None,
            host: Some("example.com"),
            authorization: Some(basic.as_bytes()),
            content_types: vec![b"application/x-www-form-urlencoded"],
            accept_language: None,
            body: b"secret=x".to_vec().into(),
        };
        let reply = self.api.answer(request, ClientId::LOCAL).await.reply;
        let intended = reply.headers().find(|(name, _)| *name == "x-ots-intended-status");
        let body = String::from_utf8(reply.body.to_vec()).unwrap();
        (reply.status, intended.map(|(_, value)| value.to_string()), body)
    }
}

fn terms(name: &str, scope: Scope, life: Option<Ttl>) -> TokenTerms<'_> {
    TokenTerms { name, scope, life }
}

fn full(name: &str) -> TokenTerms<'_> {
    terms(name, Scope::Full, None)
}

fn text(new: &NewToken) -> &str {
    new.token.expose()
}

#[tokio::test]
async fn a_token_made_beside_another_reads_its_list_and_one_made_without_starts_empty() {
    let world = World::new();
    let first = world.ann().await;
    world.share(&first).await;
    let kept = world.accounts().add_token(ANN, &full("kept"), Some(&first)).await.unwrap();
    let fresh = world.accounts().add_token(ANN, &full("fresh"), None).await.unwrap();
    assert_eq!((world.listed(text(&kept)).await, world.listed(text(&fresh)).await), (1, 0));
    world.share(text(&kept)).await;
    world.share(text(&fresh)).await;
    assert_eq!((world.listed(&first).await, world.listed(text(&fresh)).await), (2, 1));

    world.accounts().revoke_token(ANN, "first").await.unwrap();
    assert!(world.member(&first).await.is_none());
    assert_eq!(world.listed(text(&kept)).await, 2, "the list outlives the token it was made with");
}

#[tokio::test]
async fn what_cannot_be_added_is_not() {
    let world = World::new();
    let first = world.ann().await;
    let other = world.accounts().add("bob@example.com", "default").await.unwrap();
    let accounts = world.accounts();
    let add = async |name: &str, shown: Option<&str>| {
        accounts.add_token(ANN, &full(name), shown).await.map(|_| ()).unwrap_err()
    };
    assert!(matches!(add("first", None).await, AccountError::TokenTaken));
    for name in ["", "a b", "ä", "a/b", &"x".repeat(61)] {
        assert!(matches!(add(name, None).await, AccountError::TokenName), "{name}");
    }
    for shown in ["", &"0".repeat(64), other.token.expose(), &first.to_uppercase()] {
        assert!(matches!(add("ci", Some(shown)).await, AccountError::WrongToken));
    }
    let stranger = accounts.add_token("zoe@example.com", &full("ci"), None).await;
    assert!(matches!(stranger, Err(AccountError::Unknown)));
    assert_eq!(accounts.tokens(ANN).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_expired_token_is_refused_and_its_list_can_still_be_carried_on() {
    let world = World::new();
    let first = world.ann().await;
    let short = terms("short", Scope::Full, Some(Ttl::hours(1)));
    let short = world.accounts().add_token(ANN, &short, Some(&first)).await.unwrap();
    world.share(&first).await;
    world.clock.forward(Ttl::from_secs(3_599));
    assert!(world.member(text(&short)).await.is_some());
    world.clock.forward(Ttl::from_secs(1));
    assert!(world.member(text(&short)).await.is_none());
    let listed = world.accounts().tokens(ANN).await.unwrap();
    assert_eq!(listed.iter().map(|token| token.expired).collect::<Vec<_>>(), [false, true]);

    let next = world.accounts().add_token(ANN, &full("next"), Some(text(&short))).await.unwrap();
    assert_eq!(world.listed(text(&next)).await, 1);
}

#[tokio::test]
async fn both_tokens_of_a_rotation_are_heard_until_the_overlap_ends() {
    let world = World::new();
    let first = world.ann().await;
    let month = Ttl::days(30);
    let read = terms("ci", Scope::Read, Some(month));
    let old = world.accounts().add_token(ANN, &read, Some(&first)).await.unwrap();
    world.share(&first).await;
    world.clock.forward(Ttl::days(1));
    let accounts = world.accounts();
    let day = Ttl::days(1);
    let wrong = accounts.rotate_token(ANN, "ci", &first, day, None).await;
    assert!(matches!(wrong, Err(AccountError::WrongToken)), "it takes the token itself");
    let unknown = accounts.rotate_token(ANN, "nobody", &first, day, None).await;
    assert!(matches!(unknown, Err(AccountError::NoToken)));

    let rotated = accounts.rotate_token(ANN, "ci", text(&old), day, None).await.unwrap();
    assert_eq!((rotated.new.scope, rotated.aside.as_str()), (Scope::Read, "ci.old"));
    let now = world.clock.now().timestamp();
    assert_eq!(rotated.new.expires, Some(now.plus(month)), "made for as long as the one before");
    assert_eq!(world.listed(text(&rotated.new)).await, 1);
    assert_eq!(world.listed(text(&old)).await, 1);
    let again = accounts.rotate_token(ANN, "ci", text(&rotated.new), day, None).await;
    assert!(matches!(again, Err(AccountError::StillAside(name)) if name == "ci.old"));

    world.clock.forward(day);
    assert!(world.member(text(&old)).await.is_none());
    let next = accounts.rotate_token(ANN, "ci", text(&rotated.new), day, Some(day)).await.unwrap();
    assert_eq!(next.new.expires, Some(world.clock.now().timestamp().plus(day)));
    let names: Vec<_> = accounts.tokens(ANN).await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["first", "ci.old", "ci"]);
}

#[tokio::test]
async fn an_overlap_lengthens_no_life() {
    let world = World::new();
    world.ann().await;
    let hour = terms("ci", Scope::Full, Some(Ttl::hours(1)));
    let old = world.accounts().add_token(ANN, &hour, None).await.unwrap();
    let rotated = world.accounts().rotate_token(ANN, "ci", text(&old), Ttl::days(9), None).await.unwrap();
    assert_eq!(Some(rotated.until), old.expires);
    world.clock.forward(Ttl::hours(1));
    assert!(world.member(text(&old)).await.is_none());
}

#[tokio::test]
async fn a_suspended_account_is_refused_like_a_wrong_token_and_its_secrets_live_on() {
    let world = World::new();
    let token = world.ann().await;
    let caller = Caller { client: ClientId::LOCAL, member: world.member(&token).await.map(Box::new) };
    let made = world.api.vault.share("kept".into(), Terms::default(), &caller).await.unwrap();
    let wrong = world.ask("GET", "/api/v1/authcheck", &"0".repeat(64)).await;
    assert!(world.accounts().suspend(ANN).await.unwrap());
    for (method, path) in [("GET", "authcheck"), ("GET", "status"), ("POST", "share")] {
        assert_eq!(world.ask(method, &format!("/api/v1/{path}"), &token).await, wrong);
    }
    let revealed = world.api.vault.reveal(&made.link_key, None, ClientId::LOCAL).await.unwrap();
    assert!(matches!(revealed, waxseal_core::vault::Reveal::Shown(_)));
    assert!(world.accounts().resume(ANN).await.unwrap());
    assert_eq!(world.ask("GET", "/api/v1/authcheck", &token).await.0, 200);
    assert!(!world.accounts().suspend("zoe@example.com").await.unwrap());
    assert!(!world.accounts().resume("zoe@example.com").await.unwrap());
}

#[tokio::test]
async fn another_plan_bounds_the_next_secret() {
    let world = World::new();
    let token = world.ann().await;
    let life = async || {
        let caller = Caller { client: ClientId::LOCAL, member: world.member(&token).await.map(Box::new) };
        let made = world.api.vault.share("x".into(), Terms::default(), &caller).await.unwrap();
        made.expires.since(made.created)
    };
    assert_eq!(life().await, Ttl::days(7));
    assert!(world.accounts().set_plan(ANN, "short").await.unwrap());
    assert_eq!(life().await, Ttl::hours(1));
    assert!(!world.accounts().set_plan("zoe@example.com", "short").await.unwrap());
}

#[tokio::test]
async fn an_account_may_have_a_language_of_its_own() {
    let world = World::new();
    world.ann().await;
    let languages = async || {
        let listed = world.accounts().list().await.unwrap();
        listed.into_iter().map(|account| account.language).collect::<Vec<_>>()
    };
    assert!(world.accounts().set_language(ANN, Some("pt-BR")).await.unwrap());
    assert_eq!(languages().await, [Some("pt-BR".to_owned())]);
    assert!(world.accounts().set_language(ANN, None).await.unwrap());
    assert_eq!(languages().await, [None]);
    assert!(!world.accounts().set_language("zoe@example.com", Some("fr")).await.unwrap());
}

/// A token whose scope does not allow a route is refused there as one that does
/// not verify, byte for byte, and does nothing.
#[tokio::test]
async fn v1_a3_every_route_heeds_the_scope() {
    let world = World::new();
    let first = world.ann().await;
    let token = async |name, scope| {
        let new = world.accounts().add_token(ANN, &terms(name, scope, None), Some(&first)).await.unwrap();
        text(&new).to_owned()
    };
    let (create, read) = (token("create", Scope::Create).await, token("read", Scope::Read).await);
    let refused = world.ask("GET", "/api/v1/authcheck", &"0".repeat(64)).await;
    assert_eq!(refused, (404, Some("401".to_owned()), r#"{"message":"Not authorized"}"#.to_owned()));

    let made = async || world.api.vault.share("x".into(), Terms::default(), &guest()).await.unwrap();
    for (method, route, may_create, may_read) in [
        ("GET", "status", true, true),
        ("GET", "authcheck", true, true),
        ("POST", "share", true, false),
        ("POST", "create", true, false),
        ("POST", "generate", true, false),
        ("GET", "private/recent", false, true),
        ("GET", "private/M", false, true),
        ("POST", "receipt/M", false, true),
        ("POST", "secret/L", false, false),
        ("POST", "private/M/burn", false, false),
    ] {
        for (token, may) in [(&create, may_create), (&read, may_read), (&first, true)] {
            let secret = made().await;
            let (metadata, link) = (secret.metadata_key.text(), secret.link_key.text());
            let path = route.replace('M', metadata.expose()).replace('L', link.expose());
            let answer = world.ask(method, &format!("/api/v1/{path}"), token).await;
            if may {
                assert_eq!(answer.0, 200, "{route} {answer:?}");
            } else {
                assert_eq!(answer, refused, "{route}");
                let state = world.api.vault.look(&secret.metadata_key).await.unwrap().unwrap().state;
                assert_eq!(state, waxseal_core::state::State::New, "{route}");
            }
        }
    }
    let unrouted = world.ask("POST", "/api/v1/nope", &read).await;
    assert_ne!(unrouted, refused, "what is no route is no matter of credentials");
}

fn guest() -> Caller {
    Caller::guest(ClientId::LOCAL)
}

#[tokio::test]
async fn a_domain_stands_once_under_its_lower_cased_host_and_is_listed_by_its_accounts_name() {
    let world = World::new();
    world.ann().await;
    let accounts = world.accounts();
    let accent = Some(Accent([1, 2, 3]));
    let terms = |host| DomainTerms { host, name: Some("Links"), accent };
    accounts.add_domain(ANN, &terms("Links.Example:8443")).await.unwrap();
    let again = accounts.add_domain(ANN, &terms("links.example:8443")).await;
    assert!(matches!(again, Err(AccountError::DomainTaken)));
    let strangers = accounts.add_domain("tom@example.com", &terms("tom.example")).await;
    assert!(matches!(strangers, Err(AccountError::Unknown)));

    let (host, name) = ("links.example:8443".to_owned(), Some("Links".to_owned()));
    let listed = ListedDomain { host, account: Some(ANN.to_owned()), name, accent };
    assert_eq!(accounts.list_domains().await.unwrap(), [listed]);
    assert_eq!(accounts.domains().await.unwrap().len(), 1);
    assert!(accounts.remove_domain("LINKS.example:8443").await.unwrap());
    assert!(!accounts.remove_domain("links.example:8443").await.unwrap());
    assert!(accounts.list_domains().await.unwrap().is_empty());
}
