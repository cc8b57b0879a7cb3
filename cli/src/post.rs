//! The mailer of a running server, if there is one.

#[cfg(feature = "mail")]
mod with_mail {
    use std::sync::Arc;

    use waxseal_core::contract::site::Site;
    use waxseal_core::id::AccountId;
    use waxseal_core::vault::{Ports, Vault};
    use waxseal_mail::Spool;
    use waxseal_server::config::Config;
    use waxseal_server::{Metrics, mail};

    use crate::exit::Failure;
    use crate::out;

    /// What sends messages, where the configuration names a mail server.
    pub(crate) struct Post(Option<Arc<Spool>>);

    impl Post {
        /// Begins to send. The mail server is not asked for before there is a message.
        pub(crate) fn start(config: &Config, site: &Arc<Site>, ports: &Ports) -> Result<Self, Failure> {
            let Some(smtp) = &config.smtp else { return Ok(Self(None)) };
            let Ports { store, clock, entropy, .. } = ports.clone();
            let spool = mail::start(smtp, site.clone(), store, clock, entropy).map_err(Failure::config)?;
            Ok(Self(Some(spool)))
        }

        /// Shows what becomes of messages.
        pub(crate) fn watched_by(&self, metrics: &Metrics) {
            self.0.iter().for_each(|spool| metrics.watch_mail(spool.clone()));
        }

        /// The vault, with a mailer if there is one.
        pub(crate) fn serve(&self, vault: Vault) -> Vault {
            match &self.0 {
                Some(spool) => vault.with_mailer(spool.clone()),
                None => vault,
            }
        }

        /// Sends what can be sent in a moment, and notes of the rest that it was not.
        pub(crate) async fn close(&self) {
            if let Some(spool) = &self.0 {
                spool.close(mail::FAREWELL).await;
            }
        }
    }

    /// Whether what the configuration says of mail will do. Connects to nothing.
    pub(crate) fn check(config: &Config) -> Result<(), Failure> {
        let Some(smtp) = &config.smtp else { return Ok(()) };
        // No domain's name is in question, so nobody's account is.
        let site = config.site(config.listen, |_| AccountId([0; 16]));
        mail::ready(smtp, site.into()).map_err(Failure::config)?;
        mail::warning(smtp).into_iter().for_each(out::remark);
        Ok(())
    }
}

/// A build without mail: the configuration can't ask for any.
#[cfg(not(feature = "mail"))]
mod without_mail {
    use std::sync::Arc;

    use waxseal_core::contract::site::Site;
    use waxseal_core::vault::{Ports, Vault};
    use waxseal_server::Metrics;
    use waxseal_server::config::Config;

    use crate::exit::Failure;

    pub(crate) struct Post;

    impl Post {
        pub(crate) fn start(_: &Config, _: &Arc<Site>, _: &Ports) -> Result<Self, Failure> {
            Ok(Self)
        }

        pub(crate) fn serve(&self, vault: Vault) -> Vault {
            vault
        }

        pub(crate) fn watched_by(&self, _: &Metrics) {}

        pub(crate) async fn close(&self) {}
    }

    pub(crate) fn check(_: &Config) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(feature = "mail")]
pub(crate) use with_mail::{Post, check};
#[cfg(not(feature = "mail"))]
pub(crate) use without_mail::{Post, check};
