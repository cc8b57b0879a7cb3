//! What the operator says of this deployment, as far as answers show it.

use std::sync::Arc;

use crate::brand::Brand;
use crate::domain::{Domain, Domains};

/// How numbers are written in answers: `api.v1.numbers`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Numbers {
    /// As JSON numbers.
    #[default]
    Number,
    /// As JSON strings, for clients written after the old documentation page.
    String,
}

/// A region: a deployment with a store of its own. No secret crosses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// Its short name, such as `EU`.
    pub code: String,
    /// What people call it.
    pub label: String,
    /// Where it is; [`Site::origin`] makes a link of it.
    pub host: String,
}

/// The deployment. Links are built from here, never from a request's headers.
#[derive(Debug)]
pub struct Site {
    /// `http` or `https`.
    pub scheme: String,
    /// The host that links stand on, with a port if it has one.
    pub host: String,
    /// What the site calls itself and looks like.
    pub brand: Brand,
    /// The region that this deployment is, if there are regions.
    pub region: Option<Region>,
    /// The other regions, to point visitors to.
    pub regions: Vec<Region>,
    /// Registered custom domains.
    pub domains: Domains,
    /// How numbers are written.
    pub numbers: Numbers,
}

impl Site {
    /// A site without domains and regions, that says nothing of its own.
    #[must_use]
    pub fn new(scheme: &str, host: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            brand: Brand::default(),
            region: None,
            regions: Vec::new(),
            domains: Domains::default(),
            numbers: Numbers::default(),
        }
    }

    /// `https://host`, of the custom domain if there is one.
    #[must_use]
    pub fn origin(&self, share_domain: Option<&str>) -> String {
        format!("{}://{}", self.scheme, share_domain.unwrap_or(&self.host))
    }

    /// The registered domain that a request's `Host` names, with the scheme's usual
    /// port or without; `None` for every other host.
    #[must_use]
    pub fn domain_of(&self, host: Option<&str>) -> Option<Arc<Domain>> {
        let host = self.without_usual_port(host?);
        // What was registered before the site moved there must not take the site over.
        if host.eq_ignore_ascii_case(self.without_usual_port(&self.host)) {
            return None;
        }
        self.domains.find(host)
    }

    /// Whether this is the site's own host, with its port or without.
    #[must_use]
    pub fn is_own(&self, host: &str) -> bool {
        let bare = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        host.eq_ignore_ascii_case(&self.host) || host.eq_ignore_ascii_case(bare)
    }

    /// A host as browsers name it: without the port that the scheme implies.
    #[must_use]
    pub fn without_usual_port<'a>(&self, host: &'a str) -> &'a str {
        let usual = if self.scheme == "https" { ":443" } else { ":80" };
        host.strip_suffix(usual).unwrap_or(host)
    }

    /// Where links stand for whoever asks for this `Host`: on the registered domain it
    /// names, else on the site's own host.
    #[must_use]
    pub fn origin_for(&self, host: Option<&str>) -> String {
        self.origin(self.domain_of(host).as_ref().map(|domain| domain.host.as_str()))
    }

    /// What pages show whoever asks for this `Host`: the site's brand, with the name
    /// and the colour of the registered domain it names. A mail about a link on a
    /// custom domain asks with that domain.
    #[must_use]
    pub fn brand_for(&self, host: Option<&str>) -> Brand {
        let mut brand = self.brand.clone();
        if let Some(domain) = self.domain_of(host) {
            brand.accent = domain.accent.unwrap_or(brand.accent);
            brand.name = domain.name.clone().unwrap_or(brand.name);
        }
        brand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::Accent;
    use crate::id::AccountId;

    fn site(scheme: &str) -> Site {
        let account = AccountId([1; 16]);
        let domains = [
            Domain {
                name: Some("Acme".into()),
                accent: Some(Accent([1, 2, 3])),
                ..Domain::new("acme.test", account)
            },
            Domain::new("plain.test:8443", account),
        ];
        let brand = Brand { name: "Ours".into(), footer: Some("foot".into()), ..Brand::default() };
        Site { brand, domains: domains.into_iter().collect(), ..Site::new(scheme, "example.com") }
    }

    #[test]
    fn the_usual_port_of_the_scheme_counts_as_none() {
        let names = |scheme, host| site(scheme).domain_of(Some(host)).is_some();
        assert!(
            names("https", "Acme.test") && names("https", "acme.test:443") && names("http", "acme.test:80")
        );
        assert!(!names("https", "acme.test:80") && !names("http", "acme.test:443"));
        assert!(names("https", "plain.test:8443") && !names("https", "plain.test"));
        assert!(!names("https", "example.com") && !names("https", "x.acme.test") && !names("https", ""));
        assert!(site("https").domain_of(None).is_none());
        assert_eq!(site("https").origin_for(Some("ACME.test:443")), "https://acme.test");
        assert_eq!(site("https").origin_for(Some("evil.test")), "https://example.com");
    }

    #[test]
    fn no_domain_takes_the_sites_own_host_over() {
        let site = Site::new("https", "example.com:443");
        site.domains.set_stored([Domain::new("example.com", AccountId([1; 16]))]);
        for host in ["example.com", "Example.com", "example.com:443"] {
            assert!(site.domain_of(Some(host)).is_none(), "{host}");
        }
    }

    #[test]
    fn a_domain_has_its_own_name_and_colour_and_the_sites_footer() {
        let acme = site("https").brand_for(Some("acme.test"));
        assert_eq!(
            (acme.name.as_str(), acme.accent, acme.footer.as_deref()),
            ("Acme", Accent([1, 2, 3]), Some("foot"))
        );
        for host in [None, Some("example.com"), Some("plain.test:8443"), Some("else.test")] {
            assert_eq!(site("https").brand_for(host), site("https").brand);
        }
    }
}
