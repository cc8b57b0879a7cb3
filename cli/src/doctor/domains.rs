//! The custom domains that the configuration names: each must lead here.

use waxseal_core::id::AccountId;
use waxseal_server::config::Config;

use super::Finding;
use super::public::mend;
use super::web::{self, Trouble};

/// Asks each domain. Where no server runs, only its name is looked up.
pub(super) async fn look(config: &Config, served: bool, findings: &mut Vec<Finding>) {
    let site = config.site(config.listen, |_| AccountId([0; 16]));
    for domain in &config.site.domains {
        let host = domain.host.as_str();
        let asked = web::ask(site.scheme == "https", host).await;
        findings.push(match asked {
            Ok(()) => Finding::ok("domain", format!("{host} leads to a Waxseal server")),
            Err(trouble) if served || matches!(trouble, Trouble::Unresolved) => {
                Finding::failed("domain", format!("{host}: {trouble}"), mend(&trouble))
            }
            Err(_) => Finding::ok("domain", format!("{host} resolves; no server runs to ask it for")),
        });
    }
}
