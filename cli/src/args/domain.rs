//! `waxseal domain …`

use std::net::IpAddr;

use clap::Subcommand;
use waxseal_core::brand::Accent;
use waxseal_server::config::{Host, Title};

pub(super) const EXAMPLES: &str = "\
So that links on a custom domain open, two things must be so:
  DNS    The host leads to where the site's own host leads: a CNAME record to it, or A and AAAA
         records to the proxy's addresses.
  Proxy  It has a certificate for the host, and passes the Host header on as it came. Caddy and
         Traefik do that by themselves. nginx needs the host in `server_name`, and the line
         `proxy_set_header Host $host;` ($http_host, if the host has a port).
Links begin with the site's scheme (https beyond this machine, unless site.scheme says otherwise),
whatever the proxy speaks to the server. X-Forwarded-Host and X-Forwarded-Proto are never heard.

Examples:
  waxseal domain add secrets.acme.example --account tom@example.com
  waxseal domain add secrets.acme.example --account tom@example.com --name Acme --accent '#1a7f5a'
  waxseal domain list
  waxseal domain remove secrets.acme.example";

const ADD: &str = "\
What DNS and the proxy must do: waxseal domain --help

Examples:
  waxseal domain add secrets.acme.example --account tom@example.com
  waxseal domain add secrets.acme.example:8443 --account tom@example.com
  waxseal domain add xn--bcher-kva.example --account tom@example.com --name 'Bücher' --accent '#1a7f5a'";

const LIST: &str = "\
Examples:
  waxseal domain list
  waxseal domain list --json";

const REMOVE: &str = "\
Examples:
  waxseal domain remove secrets.acme.example";

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Domain {
    /// Let an account put its links on a further host
    ///
    /// From then on the account may name the host when it shares, and whoever shares while on that
    /// host gets links on it. To change a domain's name or colour, remove it and add it again.
    #[command(after_help = ADD)]
    Add {
        /// The host, as people type it, with :PORT if it has one
        #[arg(value_parser = domain_host)]
        host: Host,
        /// The account that may name it
        #[arg(long, value_name = "EMAIL")]
        account: String,
        /// What pages and mails call the place [default: the site's name]
        #[arg(long)]
        name: Option<Title>,
        /// The colour of what stands out on them, as #rrggbb [default: the site's]
        #[arg(long, value_name = "COLOUR")]
        accent: Option<Accent>,
    },
    /// List the domains, those of the configuration, too
    #[command(after_help = LIST)]
    List {
        /// Print JSON: [{"host": …, "account": …, "name": …, "accent": …, "source": …, "in_force": …}, …]
        #[arg(long)]
        json: bool,
    },
    /// Put no more links on a host
    ///
    /// Links that stand on it open for as long as DNS and proxy lead the host here.
    #[command(after_help = REMOVE)]
    Remove {
        /// The host
        #[arg(value_parser = domain_host)]
        host: Host,
    },
}

/// A name that DNS can lead here. An address is none, and would get no certificate.
fn domain_host(text: &str) -> Result<Host, String> {
    if !text.is_ascii() {
        return Err(format!(
            "`{text}` has letters beyond ASCII; write it as DNS has it, in its xn-- form, which the registrar \
             shows and `idn2 {text}` prints"
        ));
    }
    let host: Host = text.parse().map_err(|error: waxseal_server::config::BadValue| error.to_string())?;
    let name = host.as_str().rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    if name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
        return Err(format!("`{text}` is an address; a domain has a name, such as secrets.acme.example"));
    }
    if !name.contains('.') {
        return Err(format!(
            "`{text}` is no full name; write it with its domain, such as {name}.acme.example"
        ));
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_a_full_name_in_ascii() {
        for text in ["Secrets.Acme.example", "a.b:8443", "xn--bcher-kva.example"] {
            assert_eq!(domain_host(text).unwrap().as_str(), text.to_lowercase());
        }
        let refused = [
            ("bücher.example", "`idn2 bücher.example`"),
            ("127.0.0.1", "is an address"),
            ("127.0.0.1:80", "is an address"),
            ("[::1]:80", "is an address"),
            ("localhost", "no full name"),
            ("https://a.b", "without http://"),
            ("a.b/", "without a path"),
            ("a.b:0", "no host"),
            ("*.a.b", "no host"),
            ("", "no host"),
        ];
        for (text, word) in refused {
            let said = domain_host(text).unwrap_err();
            assert!(said.contains(word), "{text}: {said}");
        }
    }
}
