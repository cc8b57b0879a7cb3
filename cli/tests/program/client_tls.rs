//! The client before a server that speaks TLS.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::home::{Done, Home};

/// A server of certificates by an authority of its own: its port. Whoever trusts the
/// authority in `ca.pem` may trust it, if it is asked by the right name.
fn serve(home: &Home) -> u16 {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    home.write("ca.pem", &authority.pem());
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut tls) = (stream.unwrap(), ServerConnection::new(config.clone()).unwrap());
            let mut stream = Stream::new(&mut tls, &mut stream);
            // A client that does not trust it hangs up.
            if stream.read(&mut [0; 4096]).is_ok() {
                let body = r#"{"status":"nominal"}"#;
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok();
            }
        }
    });
    port
}

fn status(home: &Home, url: &str, trusted: &str) -> Done {
    let mut command = home.client(&["status", "--server", url]);
    home.feed(command.env("SSL_CERT_FILE", home.path(trusted)).env_remove("SSL_CERT_DIR"), b"")
}

#[test]
fn a_server_is_trusted_by_its_certificate_alone() {
    let home = Home::new();
    let port = serve(&home);
    let (right, wrong) = (format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}"));
    assert!(status(&home, &right, "ca.pem").ok().contains("nominal"));
    status(&home, &wrong, "ca.pem").refused(69, &["certificate", "nothing was sent"]);
    let other = Home::new();
    serve(&other);
    home.write("other.pem", &other.read("ca.pem"));
    status(&home, &right, "other.pem").refused(69, &["certificate", "nothing was sent"]);
    status(&home, &right, "none.pem").refused(69, &["ca-certificates"]);
    status(&home, &format!("http://localhost:{port}"), "ca.pem").refused(69, &[]);
}
