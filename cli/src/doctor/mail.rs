//! The mail server: there, encrypted, and it lets us in. Nothing is sent.

use std::sync::Arc;

use waxseal_core::id::AccountId;
use waxseal_mail::greet;
use waxseal_server::config::Config;
use waxseal_server::mail;

use super::Finding;
use crate::mail::advice;

const CHECK: &str = "mail";

/// Connects, encrypts and signs in.
pub(super) async fn look(config: &Config) -> Finding {
    let Some(smtp) = &config.smtp else {
        return Finding::ok(CHECK, "none is configured: recipients are not told");
    };
    let site = Arc::new(config.site(config.listen, |_| AccountId([0; 16])));
    let ready = mail::ready(smtp, site).map_err(|error| error.to_string());
    let server = smtp.server().map_err(|error| error.to_string());
    let ((relay, _), server) = match (ready, server) {
        (Ok(ready), Ok(server)) => (ready, server),
        (Err(error), _) | (_, Err(error)) => {
            return Finding::failed(CHECK, error, "mend [smtp] in the configuration");
        }
    };
    let place = format!("{}:{}", server.host, server.port);
    match greet(&relay).await {
        Err(trouble) => {
            let finding = format!("{place}: {trouble}: {}", trouble.said().replace(['\r', '\n'], " "));
            Finding::failed(CHECK, finding, advice(&trouble, &server, smtp))
        }
        Ok(()) => match mail::warning(smtp) {
            Some(warning) => Finding::warning(CHECK, warning, "set tls = \"starttls\" in [smtp]"),
            None => Finding::ok(CHECK, format!("{place} lets us in (waxseal mail test sends a message)")),
        },
    }
}
