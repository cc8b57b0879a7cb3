//! What became of a message.

use waxseal_core::state::{Ending, State};
use waxseal_core::store::{MAIL_PATIENCE, MailState, Receipt, Record};

use super::create::expected;
use super::{Stores, holding, receipt, settle};
use crate::sample::{START, account_id, after, made, owned};
use waxseal_core::time::Ttl;

/// The last note stands, in receipt and list, and changes nothing else.
pub async fn the_last_mail_note_stands(stores: &Stores) {
    let wanted = Record { mail: MailState::Queued, ..owned(1, account_id(1)) };
    let fresh = holding(stores, &wanted).await;
    let notes = [
        MailState::Sent,
        MailState::Failed,
        MailState::Queued,
        MailState::OverQuota,
        MailState::NotConfigured,
        MailState::Sent,
    ];
    for (n, mail) in notes.into_iter().enumerate() {
        let now = after(n as u64 + 1);
        fresh.store.note_mail(&wanted.id, mail, now).await.unwrap();
        let noted = Receipt { mail, ..expected(&wanted) };
        assert_eq!(receipt(&fresh.store, &wanted, now).await.as_ref(), Some(&noted));
        assert_eq!(fresh.store.recent(&account_id(1), 1, now).await.unwrap(), [noted]);
    }
}

/// A message that was queued over an hour ago reads as not sent; a later note corrects that.
pub async fn a_message_queued_for_long_reads_as_failed(stores: &Stores) {
    let wanted = Record { mail: MailState::Queued, ..made(owned(1, account_id(1)), START, Ttl::days(1)) };
    let fresh = holding(stores, &wanted).await;
    let hour = MAIL_PATIENCE.secs();
    let mail_at = async |now| receipt(&fresh.store, &wanted, after(now)).await.unwrap().mail;
    assert_eq!(mail_at(hour).await, MailState::Queued);
    assert_eq!(mail_at(hour + 1).await, MailState::Failed);

    fresh.store.note_mail(&wanted.id, MailState::Queued, after(hour)).await.unwrap();
    assert_eq!(mail_at(2 * hour).await, MailState::Queued, "the hour runs from the note");
    assert_eq!(mail_at(2 * hour + 1).await, MailState::Failed);
    let listed = fresh.store.recent(&account_id(1), 1, after(2 * hour + 1)).await.unwrap();
    assert_eq!(listed[0].mail, MailState::Failed);

    fresh.store.note_mail(&wanted.id, MailState::Sent, after(2 * hour + 2)).await.unwrap();
    assert_eq!(mail_at(9 * hour).await, MailState::Sent);
}

/// A message may arrive after its secret was opened: the note is taken, the ending stays.
pub async fn an_ended_secret_takes_a_mail_note(stores: &Stores) {
    let wanted = Record { mail: MailState::Queued, ..owned(1, account_id(1)) };
    let fresh = holding(stores, &wanted).await;
    settle(&fresh.store, &wanted, Ending::Received, after(5)).await.unwrap();
    fresh.store.note_mail(&wanted.id, MailState::Sent, after(9)).await.unwrap();
    let told = receipt(&fresh.store, &wanted, after(10)).await.unwrap();
    assert_eq!((told.state, told.updated, told.mail), (State::Received, after(5), MailState::Sent));
}
