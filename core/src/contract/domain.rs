//! Which custom domain a link stands on (§8).

use super::refusal::Refusal;
use super::site::Site;
use crate::recipient::is_domain;
use crate::vault::Caller;

/// The custom domain of a new link, as a bare host; `None` for the site's own.
///
/// The host a request arrives on decides if it is a registered domain, whoever
/// asks (V1-D3). Else what was sent counts: a registered domain for its owner. A
/// text that is no domain name, such as a host with a port nobody registered, is
/// ignored (V1-D1).
///
/// # Errors
/// [`Refusal::UnknownDomain`] (V1-E10) and [`Refusal::ForeignDomain`] (V1-E11).
pub(super) fn share_domain(
    sent: Option<&str>,
    host: Option<&str>,
    caller: &Caller,
    site: &Site,
) -> Result<Option<String>, Refusal> {
    if let Some(domain) = site.domain_of(host) {
        return Ok(Some(domain.host.clone()));
    }
    let Some(sent) = sent.filter(|sent| !site.is_own(sent)) else { return Ok(None) };
    match site.domains.find(sent) {
        Some(domain) if caller.member.as_ref().is_some_and(|member| member.id == domain.account) => {
            Ok(Some(domain.host.clone()))
        }
        Some(_) => Err(Refusal::ForeignDomain(sent.to_owned())),
        None if is_domain(sent) => Err(Refusal::UnknownDomain(sent.to_owned())),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Domain;
    use crate::id::{AccountId, ClientId};
    use crate::secret::KeyBytes;
    use crate::store::Scope;
    use crate::vault::Member;

    const OWNER: AccountId = AccountId([1; 16]);

    fn site() -> Site {
        let domains = [Domain::new("secrets.acme.test", OWNER)].into_iter().collect();
        Site { domains, ..Site::new("https", "example.com:8443") }
    }

    fn member(id: AccountId) -> Caller {
        let list_key = KeyBytes::from([0; 32]);
        let (name, plan, language) = ("a@b.com".into(), String::new(), None);
        let member = Member { id, name, plan, language, scope: Scope::Full, list_key };
        Caller::signed_in(ClientId::LOCAL, member)
    }

    fn guest() -> Caller {
        Caller::guest(ClientId::LOCAL)
    }

    fn on(host: &str, sent: &str, caller: &Caller) -> Result<Option<String>, Refusal> {
        share_domain(Some(sent), Some(host), caller, &site())
    }

    fn named(sent: &str, caller: &Caller) -> Result<Option<String>, Refusal> {
        on("example.com:8443", sent, caller)
    }

    #[test]
    fn v1_d1_what_is_no_other_domain_is_ignored() {
        let own = ["", "example.com:8443", "example.com", "EXAMPLE.com"];
        let invalid = [
            "not a domain",
            "https://x.com/a",
            "localhost",
            "127.0.0.1",
            "a..com",
            "-a.com",
            "x.com:y",
            "example.com:9",
        ];
        for sent in own.into_iter().chain(invalid) {
            assert_eq!(named(sent, &guest()), Ok(None), "{sent}");
        }
        assert_eq!(share_domain(None, None, &guest(), &site()), Ok(None));
    }

    #[test]
    fn v1_d2_the_owner_may_name_a_domain_in_any_case() {
        let found = named("Secrets.ACME.test", &member(OWNER));
        assert_eq!(found, Ok(Some("secrets.acme.test".into())));
    }

    #[test]
    fn v1_d3_the_host_decides_whatever_was_sent() {
        for host in ["secrets.acme.test", "SECRETS.acme.test", "secrets.acme.test:443"] {
            assert_eq!(on(host, "elsewhere.com", &guest()), Ok(Some("secrets.acme.test".into())), "{host}");
        }
        assert_eq!(on("unknown.test", "", &guest()), Ok(None));
    }

    #[test]
    fn v1_d4_e11_a_domain_of_another_is_refused() {
        let foreign = Err(Refusal::ForeignDomain("Secrets.acme.test".into()));
        assert_eq!(named("Secrets.acme.test", &guest()), foreign);
        assert_eq!(named("Secrets.acme.test", &member(AccountId([2; 16]))), foreign);
    }

    #[test]
    fn v1_e10_an_unknown_domain_is_echoed_as_sent() {
        for sent in ["Secrets.Example.com", "xn--a.co.uk"] {
            assert_eq!(named(sent, &member(OWNER)), Err(Refusal::UnknownDomain(sent.into())), "{sent}");
        }
    }
}
