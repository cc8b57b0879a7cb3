//! The client against servers of Onetime Secret as they were recorded, the classic one and
//! the last before its rewrite.

use serde_json::Value;

use crate::home::{Done, Home};
use crate::recorded::{GENERATED, METADATA_KEY, Recorded, SECRET_KEY};

const VERSIONS: [&str; 2] = ["v0.13.0", "v0.23.6"];

/// The client of one recorded server.
struct Old {
    home: Home,
    server: Recorded,
    version: &'static str,
}

impl Old {
    fn each(case: &str, play: impl Fn(&Self)) {
        for version in VERSIONS {
            let old = Self { home: Home::new(), server: Recorded::play(case, version), version };
            play(&old);
            old.server.end();
        }
    }

    fn run(&self, args: &[&str], input: &str) -> Done {
        self.run_as(args, input, &[])
    }

    fn run_as(&self, args: &[&str], input: &str, variables: &[(&str, &str)]) -> Done {
        let mut command = self.home.client(args);
        command.env("WAXSEAL_SERVER", &self.server.url).envs(variables.iter().copied());
        self.home.feed(&mut command, input.as_bytes())
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(args, "").ok()).unwrap()
    }

    fn link(&self) -> String {
        format!("{}/secret/{SECRET_KEY}", self.server.url)
    }
}

#[test]
fn a_secret_is_shared_and_opened_once() {
    Old::each("reveal-once", |old| {
        let link = old.run(&["share"], "hello").ok();
        assert_eq!(link.trim(), old.link(), "{}", old.version);
        assert_eq!(old.run(&["reveal", "--yes", link.trim()], "").ok(), "hello");
        old.run(&["reveal", "--yes", SECRET_KEY], "").refused(3, &["servers do not tell"]);
    });
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    Old::each("reveal-passphrase-wrong", |old| {
        let with = |args: &[&str], input: &str, passphrase: &str| {
            old.run_as(args, input, &[("WAXSEAL_PASSPHRASE", passphrase)])
        };
        with(&["share"], "hello", "correct-horse").ok();
        with(&["reveal", "--yes", SECRET_KEY], "", "wrong-wrong").refused(3, &["not its passphrase"]);
        assert_eq!(with(&["reveal", "--yes", SECRET_KEY], "", "correct-horse").ok(), "hello");
    });
}

#[test]
fn a_receipt_tells_without_the_secret() {
    Old::each("private-post", |old| {
        old.run(&["share", "--ttl", "1h"], "hello").ok();
        // Servers of 0.18 to 0.25 send the secret to whoever looks first.
        let told = old.run(&["receipt", METADATA_KEY], "").ok();
        assert!(
            told.contains("not opened yet") && told.contains("Expires") && !told.contains("hello"),
            "{told}"
        );
        let told = old.json(&["receipt", METADATA_KEY, "--json"]);
        assert_eq!(told["link"], old.link());
        assert_eq!(told["receipt_link"], format!("{}/private/{METADATA_KEY}", old.server.url));
        assert!(told["expires"].is_u64() && told["share_domain"].is_null(), "{told}");
    });
}

#[test]
fn a_burned_secret_is_said_to_be_burned() {
    Old::each("burn", |old| {
        old.run(&["share", "--ttl", "1h"], "hello").ok();
        let burned = old.json(&["burn", "--yes", "--json", METADATA_KEY]);
        assert_eq!((&burned["state"], &burned["link"]), (&"burned".into(), &Value::Null), "{}", old.version);
        old.run(&["reveal", "--yes", SECRET_KEY], "").refused(3, &[]);
    });
}

#[test]
fn burning_needs_the_passphrase() {
    Old::each("burn-passphrase", |old| {
        let with = |args: &[&str], input: &str, passphrase: &str| {
            old.run_as(args, input, &[("WAXSEAL_PASSPHRASE", passphrase)])
        };
        let burn = ["burn", "--yes", METADATA_KEY];
        // The classic server says of a wrong passphrase what it says of an unknown key.
        let code = if old.version == "v0.13.0" { 3 } else { 4 };
        with(&["share"], "hello", "correct-horse").ok();
        with(&burn, "", "wrong-wrong").refused(code, &[]);
        old.run(&burn, "").refused(code, &[]);
        with(&burn, "", "correct-horse").ok();
    });
}

#[test]
fn a_generated_secret_is_in_the_json() {
    Old::each("generate-anon", |old| {
        let made = old.json(&["generate", "--json"]);
        assert_eq!((&made["value"], &made["link"]), (&GENERATED.into(), &old.link().into()));
        assert_eq!(old.run(&["reveal", "--yes", SECRET_KEY], "").ok(), GENERATED);
    });
}

#[test]
fn what_has_ended_is_told() {
    Old::each("private-expired", |old| {
        old.run(&["share", "--ttl", "60s"], "hello").ok();
        old.run(&["reveal", "--yes", SECRET_KEY], "").refused(3, &[]);
        let state = old.json(&["receipt", METADATA_KEY, "--json"])["state"].clone();
        // The classic server never learns of it.
        assert_eq!(state == "expired", old.version != "v0.13.0", "{state}");
        old.run(&["receipt", METADATA_KEY], "").ok();
        old.run(&["burn", "--yes", METADATA_KEY], "").refused(3, &[]);
    });
}

#[test]
fn an_account_is_heard_or_refused() {
    let account = [("WAXSEAL_USER", "tom@example.com"), ("WAXSEAL_TOKEN", "hunter2")];
    Old::each("auth-share-wrong-token", |old| {
        let refused = old.run_as(&["share"], "hello", &account);
        refused.refused(77, &["tom@example.com"]);
        assert!(!refused.err.contains("hunter2"), "{refused:?}");
    });
    Old::each("recent-order", |old| {
        for secret in ["one", "two"] {
            old.run_as(&["share", "--ttl", "1h"], secret, &account).ok();
        }
        let listed = old.run_as(&["recent", "--json"], "", &account);
        if old.version == "v0.13.0" {
            let listed: Value = serde_json::from_str(&listed.ok()).unwrap();
            assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
        } else {
            // These versions never could.
            listed.refused(1, &["An unexpected error occurred"]);
        }
    });
}

#[test]
fn a_server_is_asked_how_it_does() {
    Old::each("status-anon", |old| {
        assert!(old.run(&["status"], "").ok().contains("is nominal, asked as a guest"))
    });
}
