//! [`AccountStore`] over Redis. An account is one string with all of its tokens;
//! a change reads it, works out what is to stand there, and puts that in its place
//! if nobody else was faster, in one step with the digests that it claims and frees.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::join_all;
use redis::{Value, cmd};
use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, TokenDigest};
use waxseal_core::store::{
    Account, AccountState, AccountStore, DomainChange, Rotation, StoreError, Token, TokenChange,
};
use waxseal_core::time::Timestamp;

use crate::RedisStore;
use crate::account_layout::{pack, pack_domain, unpack, unpack_domain};
use crate::fault::{Fault, Trouble};
use crate::layout::Damaged;
use crate::records::{nonsense, read};
use crate::scripts;

/// How often a change is worked out anew because another was faster. Each time
/// somebody else's change was done.
const ROUNDS: usize = 1_000;

/// An account as it stands, and its bytes.
type Standing = Option<(Account, Vec<Token>)>;

/// What is to stand where something stood, and what that does to tokens' digests.
struct Change {
    next: Standing,
    claims: Vec<TokenDigest>,
    frees: Vec<TokenDigest>,
}

/// What is to be done, or why not: `A` is the answer either way.
enum Plan<A> {
    Do(Change, A),
    Leave(A),
}

/// What came of it: done, or a digest was taken.
enum Done<A> {
    As(A),
    DigestTaken,
}

#[async_trait]
impl AccountStore for RedisStore {
    async fn add_account(&self, account: Account, token: Token) -> Result<bool, StoreError> {
        let id = account.id;
        let added = self.alter(&id, |standing| match standing {
            Some(_) => Plan::Leave(false),
            None => Plan::Do(
                Change {
                    next: Some((account.clone(), vec![token.clone()])),
                    claims: vec![token.digest],
                    frees: Vec::new(),
                },
                true,
            ),
        });
        match added.await.map_err(Fault::of_write)? {
            Done::As(added) => Ok(added),
            Done::DigestTaken => Ok(false),
        }
    }

    async fn account(&self, id: &AccountId) -> Result<Option<(Account, Vec<Token>)>, StoreError> {
        let found = self.standing(id).await.map_err(Fault::of_read)?;
        Ok(found.map(|(_, standing)| standing))
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.all_accounts().await.map_err(Fault::of_read)
    }

    async fn remove_account(&self, id: &AccountId) -> Result<bool, StoreError> {
        let removed = self.alter(id, |standing| match standing {
            None => Plan::Leave(false),
            Some((_, tokens)) => {
                let frees = tokens.iter().map(|token| token.digest).collect();
                Plan::Do(Change { next: None, claims: Vec::new(), frees }, true)
            }
        });
        self.plainly(removed.await)
    }

    async fn set_state(&self, id: &AccountId, state: AccountState) -> Result<bool, StoreError> {
        let set = self.alter(id, |standing| edited(standing, |account| account.state = state));
        self.plainly(set.await)
    }

    async fn set_plan(&self, id: &AccountId, plan: &str) -> Result<bool, StoreError> {
        let set = self.alter(id, |standing| edited(standing, |account| plan.clone_into(&mut account.plan)));
        self.plainly(set.await)
    }

    async fn set_language(&self, id: &AccountId, language: Option<&str>) -> Result<bool, StoreError> {
        let set = |account: &mut Account| account.language = language.map(str::to_owned);
        self.plainly(self.alter(id, |standing| edited(standing, set)).await)
    }

    async fn add_token(&self, account: &AccountId, token: Token) -> Result<TokenChange, StoreError> {
        let added = self.alter(account, |standing| {
            let Some((account, mut tokens)) = standing else { return Plan::Leave(TokenChange::Unknown) };
            if tokens.iter().any(|other| other.name == token.name) {
                return Plan::Leave(TokenChange::Taken);
            }
            tokens.push(token.clone());
            let next = Some((account, tokens));
            Plan::Do(Change { next, claims: vec![token.digest], frees: Vec::new() }, TokenChange::Done)
        });
        token_change(added.await)
    }

    async fn rotate_token(
        &self,
        account: &AccountId,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<TokenChange, StoreError> {
        let rotated = self.alter(account, |standing| rotated(standing, &rotation, now));
        token_change(rotated.await)
    }

    async fn add_domain(&self, domain: Domain) -> Result<DomainChange, StoreError> {
        let (account, domains) = (self.keys.account(&domain.account), self.keys.domains());
        let mut add = scripts::ADD_DOMAIN.call(&[&account, &domains]);
        add.arg(&domain.host).arg(pack_domain(&domain));
        match self.courier.send(&account, add).await.map_err(Fault::of_write)? {
            Value::Int(0) => Ok(DomainChange::Done),
            Value::Int(1) => Ok(DomainChange::Unknown),
            Value::Int(2) => Ok(DomainChange::Taken),
            _ => Err(nonsense().of_write()),
        }
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        let key = self.keys.domains();
        let mut all = cmd("HGETALL");
        all.arg(&key);
        let all = self.courier.send(&key, all).await.and_then(read::<BTreeMap<Vec<u8>, Vec<u8>>>);
        let all = all.map_err(Fault::of_read)?.into_iter();
        let domain = |(host, packed): (Vec<u8>, Vec<u8>)| unpack_domain(host, &packed).ok_or(Damaged);
        all.map(|pair| domain(pair).map_err(|damaged| Fault::from(damaged).of_read())).collect()
    }

    async fn remove_domain(&self, host: &str) -> Result<bool, StoreError> {
        let key = self.keys.domains();
        let mut remove = cmd("HDEL");
        remove.arg(&key).arg(host);
        let removed = self.courier.send(&key, remove).await.and_then(read::<u64>);
        Ok(removed.map_err(Fault::of_write)? > 0)
    }

    async fn revoke_token(&self, account: &AccountId, name: &str) -> Result<bool, StoreError> {
        let revoked = self.alter(account, |standing| {
            let Some((account, mut tokens)) = standing else { return Plan::Leave(false) };
            let Some(place) = tokens.iter().position(|token| token.name == name) else {
                return Plan::Leave(false);
            };
            let frees = vec![tokens.remove(place).digest];
            Plan::Do(Change { next: Some((account, tokens)), claims: Vec::new(), frees }, true)
        });
        self.plainly(revoked.await)
    }
}

fn edited(standing: Standing, edit: impl FnOnce(&mut Account)) -> Plan<bool> {
    let Some((mut account, tokens)) = standing else { return Plan::Leave(false) };
    edit(&mut account);
    Plan::Do(Change { next: Some((account, tokens)), claims: Vec::new(), frees: Vec::new() }, true)
}

fn rotated(standing: Standing, rotation: &Rotation, now: Timestamp) -> Plan<TokenChange> {
    let Rotation { old, aside, until, next } = rotation;
    let Some((account, mut tokens)) = standing else { return Plan::Leave(TokenChange::Unknown) };
    let bears = |token: &Token| token.digest == *old && token.name == next.name;
    let Some(place) = tokens.iter().position(bears) else {
        return Plan::Leave(TokenChange::Unknown);
    };
    let stale = tokens.iter().position(|token| token.name == *aside);
    if stale.is_some_and(|stale| tokens[stale].expires.is_none_or(|expires| now < expires)) {
        return Plan::Leave(TokenChange::Taken);
    }
    let token = &mut tokens[place];
    token.expires = Some(token.expires.map_or(*until, |expires| expires.min(*until)));
    token.name.clone_from(aside);
    tokens.push(next.clone());
    let frees = stale.map(|stale| tokens.remove(stale).digest).into_iter().collect();
    let change = Change { next: Some((account, tokens)), claims: vec![next.digest], frees };
    Plan::Do(change, TokenChange::Done)
}

fn token_change(done: Result<Done<TokenChange>, Fault>) -> Result<TokenChange, StoreError> {
    match done.map_err(Fault::of_write)? {
        Done::As(change) => Ok(change),
        Done::DigestTaken => Ok(TokenChange::Taken),
    }
}

impl RedisStore {
    /// Works out a change and does it, until nobody comes between.
    async fn alter<A>(&self, id: &AccountId, plan: impl Fn(Standing) -> Plan<A>) -> Result<Done<A>, Fault> {
        // So that callers in this process do not get between each other.
        let _turn = self.altering.lock().await;
        for _ in 0..ROUNDS {
            let found = self.standing(id).await.map_err(Fault::not_done)?;
            let (bytes, standing) =
                found.map_or_else(Default::default, |(bytes, found)| (bytes, Some(found)));
            let (change, answer) = match plan(standing) {
                Plan::Leave(answer) => return Ok(Done::As(answer)),
                Plan::Do(change, answer) => (change, answer),
            };
            match self.swap(id, &bytes, &change).await? {
                Value::Int(0) => return Ok(Done::As(answer)),
                Value::Int(1) => {}
                Value::Int(2) => return Ok(Done::DigestTaken),
                _ => return Err(nonsense()),
            }
        }
        Err(Fault::Not(Trouble::Contended))
    }

    async fn swap(&self, id: &AccountId, expected: &[u8], change: &Change) -> Result<Value, Fault> {
        let mut keys = vec![self.keys.account(id), self.keys.accounts(), self.keys.domains()];
        keys.extend(change.claims.iter().chain(&change.frees).map(|digest| self.keys.digest(digest)));
        let created = change.next.as_ref().map_or(0, |(account, _)| account.created.secs());
        let next = change.next.as_ref().map(|(account, tokens)| pack(account, tokens)).unwrap_or_default();
        let mut swap = scripts::SWAP.call(&keys);
        swap.arg(expected).arg(next).arg(id.as_bytes()).arg(created).arg(change.claims.len());
        self.courier.send(&keys[0], swap).await
    }

    async fn standing(&self, id: &AccountId) -> Result<Option<(Vec<u8>, (Account, Vec<Token>))>, Fault> {
        let key = self.keys.account(id);
        let mut get = cmd("GET");
        get.arg(&key);
        let bytes: Option<Vec<u8>> = read(self.courier.send(&key, get).await?)?;
        let Some(bytes) = bytes else { return Ok(None) };
        let standing = unpack(id, &bytes).ok_or(Damaged)?;
        Ok(Some((bytes, standing)))
    }

    async fn all_accounts(&self) -> Result<Vec<Account>, Fault> {
        let key = self.keys.accounts();
        let mut all = cmd("ZRANGE");
        all.arg(&key).arg(0).arg(-1);
        let ids: Vec<Vec<u8>> = read(self.courier.send(&key, all).await?)?;
        let ids = ids.iter().map(|id| AccountId::try_from(&id[..]).map_err(|_| Damaged));
        let ids: Vec<AccountId> = ids.collect::<Result<_, _>>()?;
        let found = join_all(ids.iter().map(|id| self.standing(id))).await;
        let mut accounts = Vec::with_capacity(found.len());
        for standing in found {
            // One that has gone in between is none.
            accounts.extend(standing?.map(|(_, (account, _))| account));
        }
        Ok(accounts)
    }

    /// The answer where no digest is claimed.
    fn plainly(&self, done: Result<Done<bool>, Fault>) -> Result<bool, StoreError> {
        match done.map_err(Fault::of_write)? {
            Done::As(answer) => Ok(answer),
            Done::DigestTaken => Err(nonsense().of_write()),
        }
    }
}
