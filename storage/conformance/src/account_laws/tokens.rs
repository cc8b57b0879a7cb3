//! Further tokens of an account: add, rotate, revoke.

use std::sync::Arc;

use waxseal_core::id::TokenDigest;
use waxseal_core::store::{AccountState, AccountStore, Rotation, Token, TokenChange};

use super::Stores;
use crate::race::race;
use crate::sample::{account, account_id, after, token};

/// What is done to an account that is not there is an answer, and leaves nothing behind.
pub async fn an_unknown_account_takes_no_change(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(2), token(2)).await.unwrap());
    let id = account_id(1);
    assert!(!fresh.store.set_state(&id, AccountState::Suspended).await.unwrap());
    assert!(!fresh.store.set_plan(&id, "gold").await.unwrap());
    assert!(!fresh.store.set_language(&id, Some("de")).await.unwrap());
    assert!(!fresh.store.revoke_token(&id, &token(2).name).await.unwrap());
    assert_eq!(fresh.store.add_token(&id, token(3)).await.unwrap(), TokenChange::Unknown);
    let rotated = fresh.store.rotate_token(&id, rotation(&token(2), 3), after(9)).await.unwrap();
    assert_eq!(rotated, TokenChange::Unknown);
    assert_eq!(fresh.store.account(&id).await.unwrap(), None);
    assert_eq!(fresh.store.accounts().await.unwrap(), [account(2)]);
    assert_eq!(fresh.store.add_token(&account_id(2), token(3)).await.unwrap(), TokenChange::Done);
    assert_eq!(tokens(&*fresh.store, 2).await, [token(2), token(3)]);
}

/// Further tokens read back whole, expiry or none, past or not.
pub async fn an_added_token_is_whole(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    for n in 3..=6 {
        assert_eq!(fresh.store.add_token(&account_id(1), token(n)).await.unwrap(), TokenChange::Done);
    }
    assert_eq!(tokens(&*fresh.store, 1).await, [token(1), token(3), token(4), token(5), token(6)]);
    assert_eq!(tokens(&*fresh.store, 2).await, [token(2)]);
}

/// A name stands once in its account, and may stand in another one.
pub async fn a_token_name_stands_once_in_its_account(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    let namesake = Token { name: token(1).name, ..token(3) };
    assert_eq!(fresh.store.add_token(&account_id(1), namesake.clone()).await.unwrap(), TokenChange::Taken);
    assert_eq!(tokens(&*fresh.store, 1).await, [token(1)]);
    assert_eq!(
        fresh.store.add_token(&account_id(2), namesake.clone()).await.unwrap(),
        TokenChange::Done,
        "the refused digest is free, and the name is another account's"
    );
    assert_eq!(tokens(&*fresh.store, 2).await, [namesake, token(2)]);
}

/// The digest of a further token stands once over all accounts, too.
pub async fn a_further_digest_stands_once_over_all_accounts(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    for id in [account_id(1), account_id(2)] {
        let double = Token { digest: token(1).digest, ..token(3) };
        assert_eq!(fresh.store.add_token(&id, double).await.unwrap(), TokenChange::Taken);
    }
    assert_eq!(fresh.store.add_token(&account_id(1), token(4)).await.unwrap(), TokenChange::Done);
    let third = Token { digest: token(4).digest, ..token(5) };
    assert!(!fresh.store.add_account(account(3), third).await.unwrap());
    assert_eq!(
        (tokens(&*fresh.store, 1).await, tokens(&*fresh.store, 2).await),
        (vec![token(1), token(4)], vec![token(2)])
    );
}

/// Revoking takes the token of that name in that account, and frees name and digest.
pub async fn a_revoked_token_leaves_nothing(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
        let namesake = Token { name: "ci".to_owned(), ..token(10 + n) };
        assert_eq!(fresh.store.add_token(&account_id(n), namesake).await.unwrap(), TokenChange::Done);
    }
    assert!(fresh.store.revoke_token(&account_id(1), "ci").await.unwrap());
    assert!(!fresh.store.revoke_token(&account_id(1), "ci").await.unwrap());
    assert!(!fresh.store.revoke_token(&account_id(1), "CI").await.unwrap());
    assert_eq!(tokens(&*fresh.store, 1).await, [token(1)]);
    assert_eq!(tokens(&*fresh.store, 2).await.len(), 2);
    let again = Token { name: "ci".to_owned(), ..token(11) };
    assert_eq!(fresh.store.add_token(&account_id(1), again).await.unwrap(), TokenChange::Done);
}

/// An account outlives its last token, and takes another.
pub async fn an_account_outlives_its_last_token(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    assert!(fresh.store.revoke_token(&account_id(1), &token(1).name).await.unwrap());
    assert_eq!(fresh.store.account(&account_id(1)).await.unwrap(), Some((account(1), vec![])));
    assert_eq!(fresh.store.accounts().await.unwrap(), [account(1)]);
    assert_eq!(fresh.store.add_token(&account_id(1), token(1)).await.unwrap(), TokenChange::Done);
    assert_eq!(tokens(&*fresh.store, 1).await, [token(1)]);
}

/// A removed account takes its further tokens with it; they may be added anew.
pub async fn a_removed_account_frees_every_token(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    assert_eq!(fresh.store.add_token(&account_id(1), token(2)).await.unwrap(), TokenChange::Done);
    let rotated = fresh.store.rotate_token(&account_id(1), rotation(&token(2), 3), after(9)).await.unwrap();
    assert_eq!(rotated, TokenChange::Done);
    assert!(fresh.store.remove_account(&account_id(1)).await.unwrap());
    for n in 1..=3 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap(), "token {n} is free");
    }
}

/// A rotation gives the name to the next token; the old one is set aside until its end,
/// the overlap's or its own, whichever comes first.
pub async fn a_rotation_hands_the_name_on(stores: &Stores) {
    let fresh = stores.fresh().await;
    let until = rotation(&token(1), 9).until;
    for (n, own, end) in [(1, None, until), (2, Some(after(86_400)), until), (3, Some(after(60)), after(60))]
    {
        let old = Token { expires: own, ..token(n) };
        assert!(fresh.store.add_account(account(n), old.clone()).await.unwrap());
        let rotation = rotation(&old, 10 + n);
        let rotated = fresh.store.rotate_token(&account_id(n), rotation.clone(), after(9)).await.unwrap();
        assert_eq!(rotated, TokenChange::Done);
        let aside = Token { name: rotation.aside, expires: Some(end), ..old };
        assert_eq!(tokens(&*fresh.store, n).await, sorted(vec![rotation.next, aside]));
    }
}

/// What was set aside and is past makes room for the next rotation; what is not, refuses it.
pub async fn a_rotation_waits_for_the_one_before(stores: &Stores) {
    let fresh = stores.fresh().await;
    let id = account_id(1);
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    let first = rotation(&token(1), 2);
    let second = rotation(&first.next, 3);
    let end = first.until;
    assert_eq!(fresh.store.rotate_token(&id, first, after(9)).await.unwrap(), TokenChange::Done);
    let early = end.secs() - 1 - after(0).secs();
    let before = tokens(&*fresh.store, 1).await;
    let refused = fresh.store.rotate_token(&id, second.clone(), after(early)).await.unwrap();
    assert_eq!((refused, tokens(&*fresh.store, 1).await), (TokenChange::Taken, before));
    let done = fresh.store.rotate_token(&id, second.clone(), after(early + 1)).await.unwrap();
    assert_eq!(done, TokenChange::Done);
    let digests: Vec<_> = tokens(&*fresh.store, 1).await.into_iter().map(|token| token.digest).collect();
    assert_eq!(digests, [token(2).digest, second.next.digest]);
    assert_eq!(
        fresh.store.add_token(&id, Token { name: "another".to_owned(), ..token(1) }).await.unwrap(),
        TokenChange::Done,
        "the one that made room is forgotten"
    );
}

/// A rotation that is refused changes nothing.
pub async fn a_refused_rotation_changes_nothing(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    let good = rotation(&token(1), 3);
    let of_another = Rotation { old: token(2).digest, ..good.clone() };
    let of_none = Rotation { old: TokenDigest([7; 32]), ..good.clone() };
    let of_another_name = Rotation { next: token(3), ..good.clone() };
    let to_a_taken_digest =
        Rotation { next: Token { digest: token(2).digest, ..good.next.clone() }, ..good.clone() };
    for (rotation, expected) in [
        (of_another, TokenChange::Unknown),
        (of_none, TokenChange::Unknown),
        (of_another_name, TokenChange::Unknown),
        (to_a_taken_digest, TokenChange::Taken),
    ] {
        let answer = fresh.store.rotate_token(&account_id(1), rotation.clone(), after(9)).await.unwrap();
        assert_eq!(answer, expected, "{rotation:?}");
        assert_eq!(tokens(&*fresh.store, 1).await, [token(1)]);
    }
    assert_eq!(fresh.store.rotate_token(&account_id(1), good, after(9)).await.unwrap(), TokenChange::Done);
}

/// Of racing adds of one name one is done, and it is the one that stands.
pub async fn one_of_racing_tokens_of_one_name_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    for round in 1..=20 {
        let outcomes = race(|n| {
            let (store, n) = (Arc::clone(&fresh.store), u32::try_from(n).unwrap());
            let candidate = Token { name: format!("round {round}"), ..token(round * 1_000 + n) };
            async move {
                let change = store.add_token(&account_id(1), candidate.clone()).await.unwrap();
                (change, candidate)
            }
        })
        .await;
        let won = |(change, _): &(TokenChange, Token)| *change == TokenChange::Done;
        let winners: Vec<_> = outcomes.into_iter().filter(won).map(|(_, token)| token).collect();
        assert_eq!(winners.len(), 1, "one add wins");
        let stands = tokens(&*fresh.store, 1).await.into_iter().filter(|token| token.name == winners[0].name);
        assert_eq!(stands.collect::<Vec<_>>(), winners);
    }
}

/// Racing adds of different names are all done: none is lost.
pub async fn no_racing_token_is_lost(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    let added = race(|n| {
        let (store, n) = (Arc::clone(&fresh.store), u32::try_from(n).unwrap());
        async move { store.add_token(&account_id(1), token(100 + n)).await.unwrap() }
    })
    .await;
    assert!(added.iter().all(|change| *change == TokenChange::Done));
    assert_eq!(tokens(&*fresh.store, 1).await.len(), added.len() + 1);
}

/// Of racing rotations of one token one is done: one successor stands.
pub async fn one_of_racing_rotations_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    for key in 1..=20 {
        assert!(fresh.store.add_account(account(key), token(key)).await.unwrap());
        let outcomes = race(|n| {
            let n = 1_000 * key + u32::try_from(n).unwrap();
            let (store, rotation) = (Arc::clone(&fresh.store), rotation(&token(key), n));
            async move { store.rotate_token(&account_id(key), rotation, after(9)).await.unwrap() }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|change| **change == TokenChange::Done).count(), 1);
        assert_eq!(tokens(&*fresh.store, key).await.len(), 2);
    }
}

/// Of racing revocations of one token one is done.
pub async fn one_of_racing_revocations_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    let revoked = race(|_| {
        let store = Arc::clone(&fresh.store);
        async move { store.revoke_token(&account_id(1), &token(1).name).await.unwrap() }
    })
    .await;
    assert_eq!(revoked.iter().filter(|revoked| **revoked).count(), 1);
}

/// From `old` to the `n`-th token, with an hour of overlap.
fn rotation(old: &Token, n: u32) -> Rotation {
    Rotation {
        old: old.digest,
        aside: "aside".to_owned(),
        until: after(3_600),
        next: Token { name: old.name.clone(), ..token(n) },
    }
}

/// The tokens of the `n`-th account, by name.
async fn tokens(store: &dyn AccountStore, n: u32) -> Vec<Token> {
    let (_, tokens) = store.account(&account_id(n)).await.unwrap().expect("the account stands");
    sorted(tokens)
}

fn sorted(mut tokens: Vec<Token>) -> Vec<Token> {
    tokens.sort_by(|one, other| one.name.cmp(&other.name));
    tokens
}
