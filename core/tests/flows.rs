//! The Vault's flows over the memory store: what a creator and a reader live through.

mod hands;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use waxseal_core::account::Accounts;
use waxseal_core::attempt::Guess;
use waxseal_core::generate::Recipe;
use waxseal_core::id::{ClientId, MetadataKey};
use waxseal_core::mail::{Mailer, Message, NoRoom};
use waxseal_core::metadata::Metadata;
use waxseal_core::policy::{AttemptPolicy, Breach, Plan, Policy};
use waxseal_core::recipient::Recipient;
use waxseal_core::seal::content::Header;
use waxseal_core::seal::kdf::{Cost, Place, SALT_BYTES, Stretch, StretchError};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::secret::{KeyBytes, Passphrase};
use waxseal_core::state::State;
use waxseal_core::store::{Attempt, MailState, Record, Sealed, Store};
use waxseal_core::system::{InlineStretch, SystemEntropy};
use waxseal_core::time::Ttl;
use waxseal_core::vault::{Burn, Caller, Fault, Ports, Reveal, Terms, Vault};
use waxseal_memory::MemoryStore;

use hands::Hands;

const ME: ClientId = ClientId::LOCAL;

struct World {
    vault: Vault,
    accounts: Accounts,
    clock: Arc<Hands>,
}

fn world() -> World {
    let store = Arc::new(MemoryStore::default());
    let clock = Hands::new();
    let entropy = Arc::new(SystemEntropy::default());
    let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
    let ports = Ports {
        store: store.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        stretch: Arc::new(InlineStretch),
    };
    World {
        accounts: Accounts::new(store, keyring.clone(), clock.clone(), entropy),
        vault: Vault::new(ports, keyring, Policy::default()),
        clock,
    }
}

/// Takes every message, and keeps it.
#[derive(Debug, Default)]
struct Letterbox(Mutex<Vec<Message>>);

impl Mailer for Letterbox {
    fn queue(&self, message: Message) -> Result<(), NoRoom> {
        self.0.lock().unwrap().push(message);
        Ok(())
    }
}

fn guest() -> Caller {
    Caller::guest(ME)
}

fn with_passphrase(text: &str) -> Terms {
    Terms { passphrase: Some(text.into()), ..Terms::default() }
}

#[tokio::test]
async fn a_secret_opens_once_and_its_receipt_says_so() {
    let World { vault, clock, .. } = world();
    let made = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    clock.forward(Ttl::minutes(1));
    let Reveal::Shown(opened) = vault.reveal(&made.link_key, None, ME).await.unwrap() else { panic!() };
    assert_eq!(opened.value.expose(), "hunter2");
    assert!(matches!(vault.reveal(&made.link_key, None, ME).await.unwrap(), Reveal::Gone));
    let seen = vault.look(&made.metadata_key).await.unwrap().unwrap();
    assert_eq!(seen.state, State::Received);
    assert_eq!(seen.updated, made.created.plus(Ttl::minutes(1)));
    assert!(matches!(vault.burn(&made.metadata_key, None, ME).await.unwrap(), Burn::Gone));
}

#[tokio::test]
async fn a_wrong_passphrase_consumes_nothing_and_five_lock_the_client_out() {
    let World { vault, .. } = world();
    let made = vault.share("hunter2".into(), with_passphrase("swordfish"), &guest()).await.unwrap();
    let other = ClientId([9; 8]);
    assert!(matches!(
        vault.reveal(&made.link_key, None, ME).await.unwrap(),
        Reveal::Refused { remaining: 5 }
    ));
    for left in (0..5).rev() {
        let guess = vault.reveal(&made.link_key, Some("tuna".into()), ME).await.unwrap();
        assert!(matches!(guess, Reveal::Refused { remaining } if remaining == left));
    }
    let locked = vault.reveal(&made.link_key, Some("swordfish".into()), ME).await.unwrap();
    assert!(matches!(locked, Reveal::LockedOut { .. }));
    let opened = vault.reveal(&made.link_key, Some("swordfish".into()), other).await.unwrap();
    assert!(matches!(opened, Reveal::Shown(opened) if opened.value.expose() == "hunter2"));
}

#[tokio::test]
async fn a_passphrase_for_a_secret_without_one_is_ignored() {
    let World { vault, .. } = world();
    let made = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    assert!(matches!(vault.reveal(&made.link_key, Some("x".into()), ME).await.unwrap(), Reveal::Shown(_)));
}

/// What stands in the store.
async fn sealed(vault: &Vault, made: &Metadata) -> Sealed {
    let id = vault.keyring().record_id(&made.link_key);
    let store = &vault.ports().store;
    let attempt = store.attempt(&id, Guess::None(ME), &AttemptPolicy::default(), made.created).await;
    let Attempt::Granted { sealed, .. } = attempt.unwrap() else { panic!() };
    sealed
}

#[tokio::test]
async fn damage_is_told_as_such_and_eats_nothing() {
    let World { vault, .. } = world();
    let made = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    let (id, kid) = (vault.keyring().record_id(&made.link_key), vault.keyring().sealing());
    let info = vault.ports().store.receipt(&id, made.created).await.unwrap().unwrap().info;
    let mut sealed = sealed(&vault, &made).await;
    sealed.body[0] ^= 1;
    let store = MemoryStore::default();
    let record = Record { id, kid, sealed, info, owner: None, mail: MailState::None };
    store.create(record, made.created).await.unwrap();
    let ports = Ports { store: Arc::new(store), ..vault.ports().clone() };
    let vault = Vault::new(ports, vault.keyring().clone(), Policy::default());
    let fault = vault.reveal(&made.link_key, None, ME).await.unwrap_err();
    assert!(matches!(fault, Fault::Undecipherable(_)));
    assert_eq!(vault.look(&made.metadata_key).await.unwrap().unwrap().state, State::New);
}

/// Were salts to repeat themselves, one guess would be a guess at many secrets.
#[tokio::test]
async fn every_secret_has_a_salt_of_its_own_passphrase_or_not() {
    let World { vault, .. } = world();
    let mut salts = std::collections::HashSet::new();
    for n in 0..4 {
        let terms = if n % 2 == 0 { Terms::default() } else { with_passphrase("swordfish") };
        let made = vault.share("hunter2".into(), terms, &guest()).await.unwrap();
        let sealed = sealed(&vault, &made).await;
        assert!(salts.insert(Header::of(&sealed.lock).unwrap().salt));
    }
}

#[tokio::test]
async fn a_burn_needs_the_passphrase_and_ends_the_secret() {
    let World { vault, .. } = world();
    let made = vault.share("hunter2".into(), with_passphrase("swordfish"), &guest()).await.unwrap();
    assert!(matches!(vault.burn(&made.metadata_key, None, ME).await.unwrap(), Burn::Refused { .. }));
    assert!(matches!(
        vault.burn(&made.metadata_key, Some("tuna".into()), ME).await.unwrap(),
        Burn::Refused { remaining: 4 }
    ));
    let burned = vault.burn(&made.metadata_key, Some("swordfish".into()), ME).await.unwrap();
    assert!(matches!(burned, Burn::Burned(metadata) if metadata.state == State::Burned));
    assert!(matches!(
        vault.reveal(&made.link_key, Some("swordfish".into()), ME).await.unwrap(),
        Reveal::Gone
    ));
}

#[tokio::test]
async fn a_secret_expires_and_its_metadata_lives_twice_as_long() {
    let World { vault, clock, .. } = world();
    let terms = Terms { ttl: Some(Ttl::hours(1)), ..Terms::default() };
    let made = vault.share("hunter2".into(), terms, &guest()).await.unwrap();
    clock.forward(Ttl::hours(1));
    assert!(matches!(vault.reveal(&made.link_key, None, ME).await.unwrap(), Reveal::Gone));
    assert_eq!(vault.look(&made.metadata_key).await.unwrap().unwrap().state, State::Expired);
    clock.forward(Ttl::hours(1));
    assert!(vault.look(&made.metadata_key).await.unwrap().is_none());
}

/// Takes so long that the secret's time passes meanwhile.
#[derive(Debug)]
struct Slow(Arc<Hands>);

#[async_trait]
impl Stretch for Slow {
    async fn stretch(
        &self,
        place: Place,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError> {
        self.0.forward(Ttl::hours(1));
        InlineStretch.stretch(place, passphrase, salt, cost).await
    }
}

#[tokio::test]
async fn a_secret_whose_time_passes_while_its_passphrase_is_checked_is_gone() {
    let store = Arc::new(MemoryStore::default());
    let (clock, entropy) = (Hands::new(), Arc::new(SystemEntropy::default()));
    let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
    let stretch = Arc::new(Slow(clock.clone()));
    let vault = Vault::new(Ports { store, clock, entropy, stretch }, keyring, Policy::default());
    let terms = Terms { ttl: Some(Ttl::hours(1)), ..with_passphrase("swordfish") };
    let made = vault.share("hunter2".into(), terms, &guest()).await.unwrap();
    let late = vault.reveal(&made.link_key, Some("swordfish".into()), ME).await.unwrap();
    assert!(matches!(late, Reveal::Gone), "{late:?}");
    assert_eq!(vault.look(&made.metadata_key).await.unwrap().unwrap().state, State::Expired);
}

/// Has no place while it is full.
#[derive(Default, Debug)]
struct Filled(AtomicBool);

#[async_trait]
impl Stretch for Filled {
    fn place(&self) -> Result<Place, StretchError> {
        if self.0.load(Ordering::Relaxed) { Err(StretchError::Busy) } else { Ok(Place::default()) }
    }

    async fn stretch(
        &self,
        place: Place,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError> {
        InlineStretch.stretch(place, passphrase, salt, cost).await
    }
}

#[tokio::test]
async fn a_passphrase_without_a_place_costs_no_guess() {
    let (store, filled) = (Arc::new(MemoryStore::default()), Arc::new(Filled::default()));
    let (clock, entropy) = (Hands::new(), Arc::new(SystemEntropy::default()));
    let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
    let ports = Ports { store, clock, entropy, stretch: filled.clone() };
    let vault = Vault::new(ports, keyring, Policy::default());
    let made = vault.share("hunter2".into(), with_passphrase("swordfish"), &guest()).await.unwrap();
    filled.0.store(true, Ordering::Relaxed);
    let shared = vault.share("x".into(), with_passphrase("swordfish"), &guest()).await;
    assert!(matches!(shared, Err(Fault::Busy)), "{shared:?}");
    for _ in 0..9 {
        let revealed = vault.reveal(&made.link_key, Some("swordfish".into()), ME).await;
        assert!(matches!(revealed, Err(Fault::Busy)), "{revealed:?}");
        let burned = vault.burn(&made.metadata_key, Some("swordfish".into()), ME).await;
        assert!(matches!(burned, Err(Fault::Busy)), "{burned:?}");
    }
    filled.0.store(false, Ordering::Relaxed);
    let wrong = vault.reveal(&made.link_key, Some("tuna".into()), ME).await.unwrap();
    assert!(matches!(wrong, Reveal::Refused { remaining: 4 }), "{wrong:?}");
    let opened = vault.reveal(&made.link_key, Some("swordfish".into()), ME).await.unwrap();
    assert!(matches!(opened, Reveal::Shown(_)), "{opened:?}");
}

#[tokio::test]
async fn a_generated_value_is_the_one_that_opens() {
    let World { vault, .. } = world();
    let (made, value) = vault.generate(Recipe::default(), Terms::default(), &guest()).await.unwrap();
    let Reveal::Shown(opened) = vault.reveal(&made.link_key, None, ME).await.unwrap() else { panic!() };
    assert_eq!(opened.value.expose(), value.expose());
}

#[tokio::test]
async fn more_than_the_plan_allows_is_refused() {
    let World { vault, .. } = world();
    assert!(vault.share("x".repeat(10_000).into(), Terms::default(), &guest()).await.is_ok());
    let refused = vault.share("x".repeat(10_001).into(), Terms::default(), &guest()).await;
    assert!(matches!(refused, Err(Fault::Breach(Breach::TooLarge { max: 10_000 }))));
}

#[tokio::test]
async fn sixty_four_readers_race_and_one_is_shown_the_value() {
    let vault = Arc::new(world().vault);
    for _ in 0..20 {
        let made = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
        let race = |_| {
            let (vault, link) = (vault.clone(), made.link_key.clone());
            tokio::spawn(async move { vault.reveal(&link, None, ME).await.unwrap() })
        };
        let mut shown = 0;
        for racer in (0..64).map(race).collect::<Vec<_>>() {
            shown += usize::from(matches!(racer.await.unwrap(), Reveal::Shown(_)));
        }
        assert_eq!(shown, 1);
    }
}

#[tokio::test]
async fn an_account_lists_its_own_newest_first_and_nobody_elses() {
    let World { vault, accounts, clock } = world();
    let mut names = Vec::new();
    for name in ["Ann@Example.com", "bob@example.com"] {
        let new = accounts.add(name, "default").await.unwrap();
        let member = accounts.sign_in(name, new.token.expose()).await.unwrap().unwrap();
        names.push(Caller::signed_in(ME, member));
    }
    for caller in [&names[0], &names[1], &names[0]] {
        vault.share("x".into(), Terms::default(), caller).await.unwrap();
        clock.forward(Ttl::minutes(1));
    }
    let list = vault.recent(names[0].member.as_ref().unwrap()).await.unwrap();
    assert_eq!(list.len(), 2);
    assert!(list[0].created > list[1].created);
    assert!(list.iter().all(|metadata| metadata.account.as_deref() == Some("ann@example.com")));
}

#[tokio::test]
async fn only_the_right_token_of_the_right_name_signs_in() {
    let World { accounts, .. } = world();
    let new = accounts.add("ann@example.com", "default").await.unwrap();
    let token = new.token.expose();
    assert_eq!(token.len(), 64);
    assert!(accounts.sign_in("ANN@example.com", token).await.unwrap().is_some());
    assert!(accounts.sign_in("bob@example.com", token).await.unwrap().is_none());
    assert!(accounts.sign_in("ann@example.com", &token.to_uppercase()).await.unwrap().is_none());
    assert!(accounts.sign_in("ann@example.com", &token[..63]).await.unwrap().is_none());
    assert!(accounts.add("ANN@example.com", "default").await.is_err());
    assert_eq!(accounts.list().await.unwrap()[0].name.as_deref(), Some("ann@example.com"));
    assert!(accounts.remove("Ann@example.com").await.unwrap());
    assert!(accounts.sign_in("ann@example.com", token).await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_that_is_none_leads_nowhere() {
    let World { vault, .. } = world();
    for text in ["", "recent", "../../etc/passwd", &"z".repeat(31)] {
        assert!(vault.look(&MetadataKey::named(text)).await.unwrap().is_none());
    }
}

/// A burn needs no master key where there is no passphrase; what it answers does.
#[tokio::test]
async fn a_burn_that_cannot_show_its_receipt_does_not_say_that_nothing_was_used_up() {
    let entropy = Arc::new(SystemEntropy::default());
    let ports = Ports {
        store: Arc::new(MemoryStore::default()),
        clock: Hands::new(),
        entropy: entropy.clone(),
        stretch: Arc::new(InlineStretch),
    };
    let text = Keyring::generate(&*entropy).unwrap().to_text();
    let vault =
        |text: &str| Vault::new(ports.clone(), Arc::new(Keyring::parse(text).unwrap()), Policy::default());
    let made = vault(&text).share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    let (start, _) = text.split_once("\nkey ").unwrap();
    let others = format!("{start}\nkey {} seals\n", "ab".repeat(32));
    let fault = vault(&others).burn(&made.metadata_key, None, ME).await.unwrap_err();
    assert!(matches!(fault, Fault::Unconfirmed(_)));
    let seen = vault(&text).look(&made.metadata_key).await.unwrap().unwrap();
    assert_eq!(seen.state, State::Burned);
}

/// What was sealed under one key file does not open under another, and is not eaten by the try.
#[tokio::test]
async fn a_missing_master_key_consumes_nothing() {
    let store = Arc::new(MemoryStore::default());
    let entropy = Arc::new(SystemEntropy::default());
    let ports =
        Ports { store, clock: Hands::new(), entropy: entropy.clone(), stretch: Arc::new(InlineStretch) };
    let text = Keyring::generate(&*entropy).unwrap().to_text();
    let vault =
        |text: &str| Vault::new(ports.clone(), Arc::new(Keyring::parse(text).unwrap()), Policy::default());
    let made = vault(&text).share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    let (start, _) = text.split_once("\nkey ").unwrap();
    let others = format!("{start}\nkey {} seals\n", "ab".repeat(32));
    let fault = vault(&others).reveal(&made.link_key, None, ME).await.unwrap_err();
    assert!(matches!(fault, Fault::Undecipherable(_)));
    assert!(matches!(vault(&text).reveal(&made.link_key, None, ME).await.unwrap(), Reveal::Shown(_)));
}

/// While writers and readers are busy, a key is added and promoted, and the ring
/// of another reading is taken over: whatever was sealed before, during and after opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_ring_turns_under_load() {
    let vault = Arc::new(world().vault);
    let old = vault.keyring().sealing();
    let life = |vault: Arc<Vault>| async move {
        let made = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
        tokio::task::yield_now().await;
        assert!(vault.look(&made.metadata_key).await.unwrap().is_some());
        assert!(matches!(vault.reveal(&made.link_key, None, ME).await.unwrap(), Reveal::Shown(_)));
    };
    let before = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    let busy: Vec<_> = (0..400).map(|_| tokio::spawn(life(vault.clone()))).collect();
    let file = Keyring::parse(&vault.keyring().to_text()).unwrap();
    let new = file.add(&SystemEntropy::default()).unwrap();
    vault.keyring().take_over(&file).unwrap();
    assert_eq!(vault.keyring().sealing(), old, "a key that was added opens only");
    file.promote(new).unwrap();
    vault.keyring().take_over(&file).unwrap();
    let after: Vec<_> = (0..400).map(|_| tokio::spawn(life(vault.clone()))).collect();
    for life in busy.into_iter().chain(after) {
        life.await.unwrap();
    }

    assert_eq!(vault.keyring().sealing(), new);
    let made = vault.share("hunter2".into(), Terms::default(), &guest()).await.unwrap();
    let kids = vault.ports().store.usage().await.unwrap().kids;
    assert!(kids.iter().any(|(kid, count)| *kid == new && *count >= 1), "{kids:?}");
    for secret in [before, made] {
        assert!(matches!(vault.reveal(&secret.link_key, None, ME).await.unwrap(), Reveal::Shown(_)));
    }
}

/// The key that a form gives.
fn form_key() -> MetadataKey {
    MetadataKey::from([9; 20])
}

#[tokio::test]
async fn a_form_that_is_sent_twice_at_once_makes_one_secret() {
    let World { vault, .. } = world();
    let send = async || {
        let caller = guest();
        vault.share_once(form_key(), "hunter2".into(), Terms::default(), &caller).await.unwrap()
    };
    let (first, second) = tokio::join!(send(), send());
    assert_eq!([&first, &second].into_iter().flatten().count(), 1);
    let made = first.or(second).unwrap();
    assert_eq!(made.metadata_key.expose(), form_key().expose());
    assert!(matches!(vault.reveal(&made.link_key, None, ME).await.unwrap(), Reveal::Shown(_)));
    assert!(send().await.is_none(), "opened is not free again");
    assert_eq!(vault.look(&form_key()).await.unwrap().unwrap().state, State::Received);
}

#[tokio::test]
async fn a_value_made_for_a_form_is_told_once() {
    let World { vault, .. } = world();
    let send = async || {
        let caller = guest();
        vault.generate_once(form_key(), Recipe::default(), Terms::default(), &caller).await.unwrap()
    };
    let (made, value) = send().await.unwrap();
    assert!(send().await.is_none());
    let Reveal::Shown(opened) = vault.reveal(&made.link_key, None, ME).await.unwrap() else { panic!() };
    assert_eq!(opened.value.expose(), value.expose(), "the first value stands");
}

#[tokio::test]
async fn what_a_page_may_say_beforehand_consumes_nothing() {
    let World { vault, clock, .. } = world();
    let made = vault.share("hunter2".into(), with_passphrase("swordfish"), &guest()).await.unwrap();
    let front = async || vault.front(&made.link_key, ME).await.unwrap();
    for _ in 0..20 {
        assert_eq!(front().await.unwrap().remaining, 5);
    }
    for _ in 0..5 {
        vault.reveal(&made.link_key, Some("wrong".into()), ME).await.unwrap();
    }
    let locked = front().await.unwrap();
    assert_eq!((locked.passphrase_required, locked.locked_until.is_some()), (true, true));
    clock.forward(Ttl::days(7));
    assert_eq!(front().await, None);
}

#[tokio::test]
async fn a_recipient_is_told_of_a_secret_that_is_kept_and_of_no_other() {
    let letterbox = Arc::new(Letterbox::default());
    let World { vault, accounts, .. } = world();
    assert!(!vault.mails());
    let vault = vault.with_mailer(letterbox.clone());
    assert!(vault.mails());
    let token = accounts.add("ann@example.com", "default").await.unwrap().token;
    let member = accounts.sign_in("ann@example.com", token.expose()).await.unwrap();
    let ann = Caller { client: ME, member: member.map(Box::new) };
    let tom = || Terms { recipients: vec![Recipient::exact("tom@example.com").unwrap()], ..Terms::default() };

    let too_large = "x".repeat(Plan::ACCOUNT.max_secret_bytes + 1);
    vault.share(too_large.as_str().into(), tom(), &ann).await.unwrap_err();
    vault.share("x".into(), Terms { over_mail_quota: true, ..tom() }, &ann).await.unwrap();
    vault.share("x".into(), Terms::default(), &ann).await.unwrap();
    assert!(letterbox.0.lock().unwrap().is_empty());

    let made = vault.share("x".into(), tom(), &ann).await.unwrap();
    let told = letterbox.0.lock().unwrap().pop().unwrap();
    assert_eq!((told.recipient.expose(), told.sender.as_str()), ("tom@example.com", "ann@example.com"));
    assert_eq!((told.id, told.expires), (vault.keyring().record_id(&made.link_key), made.expires));
    assert_eq!(told.link_key.text().expose(), made.link_key.text().expose());
    assert!(!told.passphrase_required);
}
