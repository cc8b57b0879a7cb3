//! The way that people come: the public host, its proxy and its scheme.

use std::net::SocketAddr;

use waxseal_core::id::AccountId;
use waxseal_server::config::{Config, Host, reachable};

use super::Finding;
use super::web::{self, Trouble};

const CHECK: &str = "public host";

/// Asks the server itself, and then through the host that links stand on. Answers
/// whether a server runs.
pub(super) async fn look(config: &Config, findings: &mut Vec<Finding>) -> bool {
    let here = reachable(config.listen);
    match at(config, here).await {
        Ok(()) => findings.push(Finding::ok("server", format!("it listens on {here}"))),
        Err(Trouble::Tls(why)) => {
            let mend = "give [tls] a certificate that names site.host, of an authority that people trust";
            findings.push(Finding::failed("server", format!("TLS fails on {here} ({why})"), mend));
        }
        Err(Trouble::Stranger(what)) => {
            let mend = "stop that program, or set another `listen`";
            findings.push(Finding::failed(
                "server",
                format!("another program listens on {here} ({what})"),
                mend,
            ));
        }
        Err(_) => {
            let finding = format!("none listens on {here}: the way through the public host was not tried");
            findings.push(Finding::warning("server", finding, "waxseal serve, then waxseal doctor again"));
            return false;
        }
    }
    findings.push(through(config).await);
    findings.extend(proxied(config));
    true
}

/// Asks the listening address itself, as whoever comes by the site's name does.
async fn at(config: &Config, here: SocketAddr) -> Result<(), Trouble> {
    let address = here.to_string();
    let named = config.site.host.as_ref().map_or(address.as_str(), Host::as_str);
    web::ask_at(here, config.tls.is_some(), if config.tls.is_some() { named } else { &address }).await
}

async fn through(config: &Config) -> Finding {
    let site = config.site(reachable(config.listen), |_| AccountId([0; 16]));
    let origin = site.origin(None);
    if config.site.host.is_none() && config.listen.ip().is_unspecified() {
        let mend = "say where people reach this server: host in [site]";
        return Finding::warning(CHECK, format!("links lead to {origin}, on this machine only"), mend);
    }
    match web::ask(site.scheme == "https", &site.host).await {
        Ok(()) => Finding::ok(CHECK, format!("{origin} leads to a Waxseal server")),
        Err(trouble) => Finding::failed(CHECK, format!("{origin}: {trouble}"), mend(&trouble)),
    }
}

/// What to do where a host does not lead here.
pub(super) fn mend(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Unresolved => "enter the name in DNS, or correct it in [site]",
        Trouble::Unreachable(_) => "start the proxy, and let it pass to `listen`; check port and firewall",
        Trouble::Tls(_) => "give the proxy a certificate for that name, or set scheme = \"http\" in [site]",
        Trouble::Redirected(_) => "set scheme and host in [site] to where people end up",
        Trouble::Stranger(_) => "let the proxy pass every path and X-Request-Id to `listen`",
    }
}

/// A proxy that was never named: all people count as one.
fn proxied(config: &Config) -> Option<Finding> {
    if config.tls.is_some() {
        return None;
    }
    let elsewhere = config.site.host.as_ref().is_some_and(|host: &Host| !host.is_loopback());
    let proxied = elsewhere && config.listen.ip().is_loopback() && config.trusted_proxies.is_empty();
    proxied.then(|| {
        Finding::warning(
            "proxy",
            "a proxy must stand before it and none is trusted: all people count as one client",
            "set trusted_proxies = [\"127.0.0.1\"], and let the proxy send X-Forwarded-For",
        )
    })
}
