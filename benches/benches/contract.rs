//! What the wire costs: from a body to a command, and from an outcome to bytes.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waxseal_benches::{SIZES, brief};
use waxseal_core::contract::Request;
use waxseal_core::contract::command::command;
use waxseal_core::contract::reply::{Asked, reply};
use waxseal_core::contract::route::Route;
use waxseal_core::contract::site::Site;
use waxseal_core::id::{ClientId, MetadataKey};
use waxseal_core::metadata::Metadata;
use waxseal_core::policy::Policy;
use waxseal_core::state::State;
use waxseal_core::store::{Kind, MailState};
use waxseal_core::time::Timestamp;
use waxseal_core::vault::{Caller, Opened, Outcome};

const KEY: &str = "0123456789abcdefghijklmnopqrstu";
const NOW: Timestamp = Timestamp::from_secs(1_200);

/// A line that every encoding must escape somewhere: of 10 bytes, one of them `ñ`.
const LINE: &str = "p=1 & \"ñ\n";

type Body = (&'static str, &'static [u8], fn(&str) -> Vec<u8>);

const BODIES: [Body; 3] = [
    ("urlencoded", b"application/x-www-form-urlencoded", urlencoded),
    ("multipart", b"multipart/form-data; boundary=XbX", multipart),
    ("json", b"application/json", json),
];

fn value(size: usize) -> String {
    LINE.repeat(size / LINE.len())
}

fn urlencoded(value: &str) -> Vec<u8> {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    let value: String = value.bytes().map(escaped).collect();
    format!("secret={value}&ttl=3600&share_domain=").into_bytes()
}

fn multipart(value: &str) -> Vec<u8> {
    let part =
        |name, value| format!("--XbX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    format!("{}{}{}--XbX--\r\n", part("secret", value), part("ttl", "3600"), part("share_domain", "")).into()
}

fn json(value: &str) -> Vec<u8> {
    let value = value.replace('"', "\\\"").replace('\n', "\\n");
    format!("{{\"secret\":\"{value}\",\"ttl\":3600,\"share_domain\":\"\"}}").into_bytes()
}

fn site() -> Site {
    Site::new("https", "example.com")
}

fn request<'a>(content_type: &'a [u8], body: &[u8]) -> Request<'a> {
    Request {
        method: "POST",
        path: "/api/v1/share",
        query: None,
        host: Some("example.com"),
        authorization: None,
        content_types: vec![content_type],
        accept_language: None,
        body: body.to_vec().into(),
    }
}

fn parsing(criterion: &mut Criterion) {
    let (site, policy, caller) = (site(), Policy::default(), Caller::guest(ClientId::LOCAL));
    for (name, content_type, encode) in BODIES {
        let mut group = criterion.benchmark_group(format!("parse/{name}"));
        for size in SIZES {
            let body = encode(&value(size));
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_with_input(BenchmarkId::from_parameter(size), &body, |bencher, body| {
                bencher.iter_batched(
                    || request(content_type, body),
                    |mut request| {
                        command(&Route::Share, &mut request, &caller, &site, &policy).expect("read")
                    },
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

fn metadata(n: u8) -> Metadata {
    let metadata_key = MetadataKey::from([n; 20]);
    Metadata {
        link_key: metadata_key.link_key(),
        metadata_key,
        account: Some("owner@example.com".to_owned()),
        created: Timestamp::from_secs(1_000),
        updated: Timestamp::from_secs(1_000),
        expires: Timestamp::from_secs(4_600),
        state: State::New,
        kind: Kind::Share,
        passphrase_required: true,
        recipients: vec!["to*****@e*****.com".to_owned()],
        share_domain: None,
        mail: MailState::None,
    }
}

fn replying(criterion: &mut Criterion) {
    let site = site();
    let mut group = criterion.benchmark_group("reply");
    let shared = Outcome::Shared(metadata(0));
    group.bench_function("share", |bencher| {
        bencher.iter(|| reply(black_box(&shared), Asked::Share, &site, || NOW));
    });
    for size in SIZES {
        let opened = Outcome::Revealed(Opened { value: value(size).into(), share_domain: None });
        group.bench_function(BenchmarkId::new("reveal", size), |bencher| {
            bencher.iter(|| reply(black_box(&opened), Asked::Reveal(KEY), &site, || NOW));
        });
    }
    let recent = Outcome::Recent((0..100).map(metadata).collect());
    group.bench_function("recent/100", |bencher| {
        bencher.iter(|| reply(black_box(&recent), Asked::Recent, &site, || NOW));
    });
    group.finish();
}

criterion_group! { name = benches; config = brief(); targets = parsing, replying }
criterion_main!(benches);
