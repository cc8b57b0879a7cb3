//! Every text there is, by the page it stands on.

use crate::date::Date;
use crate::number::{Plural, Rule};
use crate::text::texts;

/// One language, whole.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Its tag, for `lang` and `Content-Language`.
    pub tag: &'static str,
    /// Its name, in itself.
    pub name: &'static str,
    /// Which way it is written, for `dir`.
    pub direction: &'static str,
    /// Which numbers take the singular.
    pub rule: Rule,
    /// What stands between groups of three digits.
    pub group: &'static str,
    /// From how many digits on a number is written in groups.
    pub grouped_from: usize,
    /// January to December, as they stand in a date.
    pub months: [&'static str; 12],
    /// Writes a date, given the name of its month.
    pub write_date: fn(&Date, &str) -> String,
    /// Lengths of time.
    pub units: Units,
    /// Around every page.
    pub frame: Frame,
    /// Where a secret is made.
    pub create: Create,
    /// What is wrong with what was typed.
    pub problems: Problems,
    /// What a creator sees afterwards.
    pub receipt: Receipt,
    /// Where a creator deletes a secret unopened.
    pub burn: Burn,
    /// What a reader sees before opening.
    pub front: Front,
    /// How many guesses are left after a wrong passphrase.
    pub attempts_left: Plural,
    /// What a reader sees after opening.
    pub shown: Shown,
    /// What the slower of two readers sees.
    pub lost: Lost,
    /// Opened, expired, or never there.
    pub gone: Gone,
    /// What went wrong.
    pub trouble: Trouble,
    /// What a message to a recipient says.
    pub mail: Mail,
}

/// Counted units of time.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// `{n} seconds`.
    pub seconds: Plural,
    /// `{n} minutes`.
    pub minutes: Plural,
    /// `{n} hours`.
    pub hours: Plural,
    /// `{n} days`.
    pub days: Plural,
}

texts! {
    /// Around every page.
    Frame {
        /// Names the list of languages.
        languages,
        /// Where the data is kept: `{region}`.
        region,
        /// Before links to the other regions.
        other_regions,
        /// On a button: puts the field beside it on the clipboard.
        copy,
        /// On that button, once it is done.
        copied,
        /// On a switch beside a passphrase: shows its characters.
        show_passphrase,
        /// Before a heading in a title, when the form came back.
        error,
    }
}

texts! {
    /// Where a secret is made.
    Create {
        /// Heading.
        title,
        /// Below the heading.
        lead,
        /// Label of the text area.
        secret,
        /// Below it: `{max}` bytes at most.
        secret_hint,
        /// Label of the choice of lifetimes.
        lifetime,
        /// Label of the passphrase.
        passphrase,
        /// Behind the label of a field that may stay empty.
        optional,
        /// Below the passphrase.
        passphrase_hint,
        /// Below it, too, where there is a least length: `{min}`.
        passphrase_min,
        /// Button: keeps what was typed.
        submit,
        /// Heading of the other way.
        or_generate,
        /// Below that heading.
        generate_hint,
        /// Button: makes a value and keeps it.
        generate,
        /// Heading where guests may not create.
        closed,
        /// Below it.
        closed_text,
    }
}

texts! {
    /// What is wrong with what was typed.
    Problems {
        /// Heading of the summary.
        title,
        /// No secret was typed.
        secret_missing,
        /// `{max}` bytes at most.
        secret_too_large,
        /// A secret was typed, and one was asked for.
        secret_and_generate,
        /// `{min}` characters at least.
        passphrase_too_short,
        /// `{max}` bytes at most.
        passphrase_too_long,
        /// This site wants one.
        passphrase_missing,
        /// None of those offered.
        lifetime_unknown,
        /// The form was older than twelve hours.
        form_expired,
        /// The form came from another site.
        form_foreign,
    }
}

texts! {
    /// What a creator sees.
    Receipt {
        /// Heading, right after making.
        ready,
        /// Below it.
        ready_text,
        /// Heading, right after a value was made here.
        generated,
        /// Below it.
        generated_text,
        /// Label of the value made here.
        generated_value,
        /// Label of the link.
        link,
        /// The text that stands for the QR code.
        qr,
        /// Heading: not opened yet.
        waiting,
        /// Below it.
        waiting_text,
        /// Heading.
        opened,
        /// Below it.
        opened_text,
        /// Heading.
        burned,
        /// Below it.
        burned_text,
        /// Heading.
        expired,
        /// Below it.
        expired_text,
        /// Heading: its content was lost before its time.
        orphaned,
        /// Below it.
        orphaned_text,
        /// Too many wrong passphrases were tried; a time follows.
        locked,
        /// Heading of the list of details.
        details,
        /// Before a time: made.
        created_at,
        /// Before a time: can be opened until.
        expires_at,
        /// Before a time: opened.
        opened_at,
        /// Before a time: deleted by its creator.
        burned_at,
        /// Before a time: it went unopened.
        expired_at,
        /// Before a time: until when this page can be seen.
        kept_until,
        /// Whether a passphrase is needed.
        passphrase,
        /// It is.
        passphrase_yes,
        /// It is not.
        passphrase_no,
        /// Before a masked address.
        recipient,
        /// What became of the message.
        mail,
        /// Waits to be sent.
        mail_queued,
        /// Handed over.
        mail_sent,
        /// Given up.
        mail_failed,
        /// The account had used up its allowance of messages.
        mail_over_quota,
        /// This site sends none.
        mail_off,
        /// Whose page this is.
        private,
        /// After that, as long as the secret waits.
        keep_address,
        /// Link to this page, from the page that shows a value made here.
        to_receipt,
        /// Link to the page that deletes.
        to_burn,
        /// Link to the page that makes another.
        another,
    }
}

texts! {
    /// Where a creator deletes a secret unopened.
    Burn {
        /// Heading.
        title,
        /// Below it.
        lead,
        /// Label.
        passphrase,
        /// Button.
        submit,
        /// Link back to the receipt.
        cancel,
    }
}

texts! {
    /// What a reader sees before opening.
    Front {
        /// Heading.
        title,
        /// The warning. Stands before the button.
        once,
        /// Below the warning: nothing has happened yet.
        nothing_yet,
        /// Label.
        passphrase,
        /// Below it.
        passphrase_hint,
        /// Label of the typed characters.
        check,
        /// Below it: `{characters}`.
        check_hint,
        /// Button.
        submit,
        /// Wrong passphrase; how many guesses are left follows.
        wrong_passphrase,
        /// Too many wrong passphrases; a time follows.
        locked,
        /// Before that time.
        locked_until,
        /// The form was older than twelve hours.
        expired,
        /// The typed characters were others.
        wrong_check,
        /// The form came from another site.
        foreign,
    }
}

texts! {
    /// What a reader sees after opening.
    Shown {
        /// Heading.
        title,
        /// It is deleted now.
        deleted,
        /// Label of the value.
        secret,
        /// Below the value.
        leave,
    }
}

texts! {
    /// What the slower of two readers sees.
    Lost {
        /// Heading.
        title,
        /// Below it.
        lead,
        /// What to do.
        next,
    }
}

texts! {
    /// Opened, expired, or never there.
    Gone {
        /// Heading.
        title,
        /// The three possible reasons.
        lead,
        /// What to do.
        next,
        /// For creators who look for their receipt.
        receipt,
    }
}

texts! {
    /// What went wrong.
    Trouble {
        /// Heading: a request that makes no sense.
        bad_request,
        /// Below it.
        bad_request_text,
        /// Heading: no such page.
        not_found,
        /// Below it.
        not_found_text,
        /// Heading: too many bytes.
        too_large,
        /// Below it.
        too_large_text,
        /// Heading: too many requests.
        too_many,
        /// Below it: `{wait}`.
        too_many_text,
        /// Heading: cannot be done at present.
        unavailable,
        /// Below it: try again.
        unavailable_text,
        /// Heading: the secret is there, but cannot be opened.
        undecipherable,
        /// Below it: who can help.
        undecipherable_text,
        /// Nothing was stored, opened or deleted.
        nothing_happened,
        /// The secret is still there.
        kept,
        /// Nothing was stored.
        not_stored,
        /// The secret may have been used up.
        unsure,
        /// Before the request's id.
        request,
    }
}

texts! {
    /// What a message to a recipient says. `{sender}` is the account's e-mail address,
    /// `{site}` what the site, or the link's own domain, calls itself.
    Mail {
        /// `{sender}`.
        subject,
        /// The first line.
        greeting,
        /// `{sender}`, `{site}`. The link follows.
        lead,
        /// What the link is called.
        open,
        /// `{date}`: that it opens once, and until when.
        once,
        /// Where the link takes a passphrase.
        passphrase,
        /// `{sender}`: what to do about a message that nobody waits for.
        unexpected,
        /// `{sender}`: who a reply goes to.
        automatic,
        /// `{site}`. For an operator who tries the mail out.
        test_subject,
        /// `{site}`.
        test_lead,
    }
}
