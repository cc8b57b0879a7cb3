//! Who a request counts for: the peer, or behind trusted proxies the right-most
//! hop that is not one of them. What a client writes itself is never believed.

use std::net::IpAddr;

use hyper::HeaderMap;
use ipnet::IpNet;
use waxseal_core::id::ClientId;
use waxseal_core::seal::keyring::Keyring;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Networks whose `X-Forwarded-For` is believed. None by default.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address a request counts for.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        if !self.trusts(nearest) {
            return nearest;
        }
        for hop in hops(headers).into_iter().rev() {
            let Some(address) = hop else { return nearest };
            nearest = address;
            if !self.trusts(nearest) {
                break;
            }
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The hops of every `X-Forwarded-For`, left to right; `None` where one is no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(X_FORWARDED_FOR).into_iter();
    lines.flat_map(|line| line.to_str().unwrap_or("?").split(',').map(address).collect::<Vec<_>>()).collect()
}

/// An address, with or without a port, in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed =
        bare.parse::<IpAddr>().or_else(|_| text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

/// The other end of a connection. Its id is worked out once, for all its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    address: IpAddr,
    id: ClientId,
}

impl Peer {
    pub(crate) fn new(address: IpAddr, keyring: &Keyring) -> Self {
        let address = address.to_canonical();
        Self { address, id: keyring.client_id(&counted(address)) }
    }

    /// Whom a request counts for that came with these headers.
    pub(crate) fn client(self, proxies: &TrustedProxies, headers: &HeaderMap, keyring: &Keyring) -> ClientId {
        let address = proxies.client(self.address, headers);
        if address == self.address { self.id } else { keyring.client_id(&counted(address)) }
    }
}

/// Whose share a connection is taken from; nobody's, if it speaks for many: a trusted
/// proxy's, or one from this machine, where a proxy may stand that was never named.
pub(crate) fn holder(proxies: &TrustedProxies, peer: IpAddr) -> Option<Vec<u8>> {
    let peer = peer.to_canonical();
    (!proxies.trusts(peer) && !peer.is_loopback()).then(|| counted(peer))
}

/// What of an address is counted: all of IPv4; of IPv6 the /64, which one client has to itself.
fn counted(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use waxseal_core::system::SystemEntropy;

    use super::*;

    fn headers(forwarded: &[&str]) -> HeaderMap {
        let lines = forwarded.iter().map(|line| (X_FORWARDED_FOR, line.parse().unwrap()));
        lines.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
    }

    fn proxies(trusted: &[&str]) -> TrustedProxies {
        TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect())
    }

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        proxies(trusted).client(peer.parse().unwrap(), &headers(forwarded)).to_string()
    }

    #[test]
    fn a_request_counts_for_its_peer_or_for_whom_a_proxy_names() {
        let keyring = Keyring::generate(&SystemEntropy::default()).unwrap();
        let counts = |peer: &str, forwarded: &[&str]| {
            let peer = Peer::new(peer.parse().unwrap(), &keyring);
            peer.client(&proxies(&["10.0.0.0/8"]), &headers(forwarded), &keyring)
        };
        let direct = counts("1.2.3.4", &[]);
        assert_eq!(counts("::ffff:1.2.3.4", &["5.6.7.8"]), direct);
        assert_eq!(counts("10.0.0.1", &["1.2.3.4"]), direct);
        for other in [counts("10.0.0.1", &[]), counts("10.0.0.1", &["1.2.3.5"]), counts("1.2.3.5", &[])] {
            assert_ne!(other, direct);
        }
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(client(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(&trusted, "10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(client(&trusted, "10.0.0.1", &["6.6.6.6", "1.2.3.4:80"]), "1.2.3.4");
        assert_eq!(client(&trusted, "::ffff:10.0.0.1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn behind_a_hop_that_is_no_address_nothing_is_believed() {
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, unknown, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn a_share_is_everyones_but_a_proxys_and_this_machines() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let holder = |text: &str| holder(&proxies, text.parse().unwrap());
        for many in ["10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(holder(many), None, "{many}");
        }
        assert_eq!(holder("9.9.9.9"), Some(vec![9, 9, 9, 9]));
        assert_eq!(holder("192.168.0.7"), holder("::ffff:192.168.0.7"));
        assert!(holder("192.168.0.7").is_some() && holder("2001:db8::7").is_some());
    }

    #[test]
    fn one_ipv6_client_is_its_64() {
        let counted = |text: &str| counted(text.parse().unwrap());
        assert_eq!(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!(counted("::ffff:1.2.3.4"), counted("1.2.3.4"));
    }
}
