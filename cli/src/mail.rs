//! `waxseal mail`: one message to try it all out, and what to do where it fails.

use std::sync::Arc;

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::id::AccountId;
use waxseal_core::recipient::Recipient;
use waxseal_core::system::SystemEntropy;
use waxseal_mail::{Step, Trouble, Verdict, try_out};
use waxseal_server::config::{Config, MailServer, Smtp, SmtpTls};
use waxseal_server::mail;

use crate::args::Mail;
use crate::exit::Failure;
use crate::out;

/// Does what `command` says.
pub(crate) fn run(config: &Config, command: &Mail) -> Result<(), Failure> {
    match command {
        Mail::Test { address, json } => test(config, address, *json),
    }
}

fn test(config: &Config, address: &str, json: bool) -> Result<(), Failure> {
    let Some(recipient) = Recipient::exact(address) else {
        return Err(Failure::usage(anyhow!("`{address}` is no e-mail address, such as tom@example.com")));
    };
    let Some(smtp) = &config.smtp else {
        return Err(Failure::config(anyhow!(
            "no mail server is configured: set url and from below [smtp] (waxseal init writes a file that shows how)"
        )));
    };
    let server = smtp.server().map_err(Failure::config)?;
    let mut done = Vec::new();
    let sent = attempt(config, smtp, &recipient, &mut |step| {
        done.push(step.as_str());
        if !json {
            out::remark(succeeded(step, &server, smtp, &recipient));
        }
    })?;
    report(&recipient, &server, smtp, done, sent, json)
}

fn attempt(
    config: &Config,
    smtp: &Smtp,
    recipient: &Recipient,
    witness: &mut (dyn FnMut(Step) + Send),
) -> Result<Result<(), Trouble>, Failure> {
    // No domain's name is in question, so nobody's account is.
    let site = Arc::new(config.site(config.listen, |_| AccountId([0; 16])));
    let (relay, letterhead) = mail::ready(smtp, site).map_err(Failure::config)?;
    mail::warning(smtp).into_iter().for_each(out::remark);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::other)?;
    Ok(runtime.block_on(try_out(&relay, &letterhead, recipient, &SystemEntropy::default(), witness)))
}

/// What came of it, for a machine.
#[derive(Serialize)]
struct Outcome<'a> {
    sent: bool,
    server: String,
    from: &'a str,
    to: &'a str,
    /// The steps that succeeded, in their order.
    steps: Vec<&'static str>,
    failed: Option<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    step: &'static str,
    /// The server's reply code.
    code: Option<u16>,
    /// What the server or the system said.
    said: &'a str,
    advice: String,
}

fn report(
    recipient: &Recipient,
    server: &MailServer,
    smtp: &Smtp,
    steps: Vec<&'static str>,
    sent: Result<(), Trouble>,
    json: bool,
) -> Result<(), Failure> {
    let (to, from) = (recipient.expose(), smtp.from.as_str());
    let trouble = sent.as_ref().err();
    if json {
        let failed = trouble.map(|trouble| Failed {
            step: trouble.step.as_str(),
            code: trouble.code,
            said: trouble.said(),
            advice: advice(trouble, server, smtp),
        });
        out::json(&Outcome { sent: sent.is_ok(), server: place(server), from, to, steps, failed })?;
    } else if sent.is_ok() {
        out::line(format_args!(
            "a test message is on its way to {to}: look into that mailbox, and into its spam"
        ))?;
    }
    match trouble {
        None => Ok(()),
        Some(trouble) => {
            Err(Failure::other(anyhow!("{trouble}: {}\n{}", trouble.said(), advice(trouble, server, smtp))))
        }
    }
}

fn place(server: &MailServer) -> String {
    format!("{}:{}", server.host, server.port)
}

fn succeeded(step: Step, server: &MailServer, smtp: &Smtp, recipient: &Recipient) -> String {
    match step {
        Step::Connect => format!("connected to {}", place(server)),
        Step::Tls => "encrypted; the certificate is good".to_owned(),
        Step::SignIn => "signed in".to_owned(),
        Step::Sender => format!("it takes messages from {}", smtp.from),
        Step::Recipient => format!("it takes messages for {}", recipient.expose()),
        Step::Content => "the message was sent".to_owned(),
        Step::Answer => "it has taken the message over".to_owned(),
    }
}

/// What a person can do about it.
pub(crate) fn advice(trouble: &Trouble, server: &MailServer, smtp: &Smtp) -> String {
    let later = if trouble.verdict == Verdict::Later && trouble.code.is_some() {
        " The server says that it is for now only: try again in some minutes."
    } else {
        ""
    };
    let first = match trouble.step {
        Step::Connect => format!(
            "Is {} right? Check host and port of smtp.url, and whether this machine may connect there. A server \
             that speaks TLS from the first byte (port 465, as a rule) takes smtps:// instead of smtp://.",
            place(server)
        ),
        Step::Tls => tls(server),
        Step::SignIn => "Check user and password of smtp.url; signs other than letters and digits are to be \
                         written as %XX there. The server must offer PLAIN or LOGIN."
            .to_owned(),
        Step::Sender => format!(
            "The server takes no messages from {}. Change smtp.from, let that address send there, or sign in: \
             smtp://USER:PASSWORD@HOST.",
            smtp.from
        ),
        Step::Recipient => "The server takes no messages for that address. Is it written right? Servers that do \
                            not know who sends take only their own addresses: sign in with \
                            smtp://USER:PASSWORD@HOST."
            .to_owned(),
        Step::Content => "The server takes no message. What it said tells why.".to_owned(),
        Step::Answer if trouble.verdict == Verdict::Unknown => {
            "All of the message was sent, and no answer came: it may have been taken. Look into the mailbox. A \
             message like this is never sent again, and counts as failed."
                .to_owned()
        }
        Step::Answer => "The server refused the content. What it said tells why.".to_owned(),
    };
    first + later
}

fn tls(server: &MailServer) -> String {
    let start = match server.tls {
        SmtpTls::Starttls => "The server must offer STARTTLS, with",
        SmtpTls::Implicit | SmtpTls::None => "The server must speak TLS from the first byte, with",
    };
    format!(
        "{start} a certificate for {} from an authority that this system trusts (the package ca-certificates; \
         SSL_CERT_FILE names a file with one of your own). For a server on this machine, tls = \"none\" does \
         without.",
        server.host
    )
}
