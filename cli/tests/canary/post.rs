//! The mail server of the deployment under test, which names addresses in what it says.

#[cfg(feature = "mail")]
mod with_mail {
    use waxseal_smtp_sink::{Act, Fault, Rules, Sink, Stage};

    use crate::search::Search;

    /// What the log must tell of messages, or there were none to tell of.
    pub(crate) const TOLD: [&str; 2] = ["a message was sent", "a message counts as not sent"];

    const USER: &str = "canaryrelayuser";
    const PASSWORD: &str = "canaryrelaypassword";
    /// Servers repeat the address that they refuse.
    const REFUSAL: &str = "550 5.1.1 <canaryrecipient@example.net>: no such user";

    /// `[smtp]`, for a server that refuses the first message and takes the others.
    pub(crate) fn config(search: &mut Search) -> String {
        let faults = vec![Some(Fault::new(Stage::Recipient, Act::Say(REFUSAL)))];
        let sink = Sink::start(Rules { faults, account: Some((USER, PASSWORD)), ..Rules::default() });
        search.keep("the relay's user", USER);
        search.keep("the relay's password", PASSWORD);
        format!(
            "[smtp]\nurl = \"smtp://{USER}:{PASSWORD}@{}\"\nfrom = \"no-reply@canary.example\"\ntls = \"none\"\n",
            sink.address
        )
    }
}

#[cfg(not(feature = "mail"))]
mod without_mail {
    use crate::search::Search;

    pub(crate) const TOLD: [&str; 0] = [];

    pub(crate) fn config(_: &mut Search) -> String {
        String::new()
    }
}

#[cfg(feature = "mail")]
pub(crate) use with_mail::{TOLD, config};
#[cfg(not(feature = "mail"))]
pub(crate) use without_mail::{TOLD, config};
