//! From a routed request to the [`Command`] it asks for.

use zeroize::Zeroizing;

use super::Request;
use super::body::Fields;
use super::domain::share_domain;
use super::locale;
use super::number::leading_integer;
use super::refusal::Refusal;
use super::route::Route;
use super::site::Site;
use super::ttl::ttl;
use crate::generate::{CharacterSets, LONGEST, Recipe};
use crate::policy::{Plan, Policy};
use crate::recipient::Recipient;
use crate::secret::{Passphrase, Plaintext};
use crate::vault::{Caller, Command, Terms};

/// What is asked, `None` for the two routes that are answered without a command,
/// and the language of the answer.
///
/// The checks come in the contract's order (§5): key, fields, size, recipient,
/// domain, passphrase, nothing supplied. Credentials and limits come before all
/// of them and are the server's. The request loses its body, which is wiped: the
/// command owns the only copy of the value.
///
/// # Errors
/// The [`Refusal`] of the first check that fails. Nothing was changed.
pub fn command(
    route: &Route,
    request: &mut Request<'_>,
    caller: &Caller,
    site: &Site,
    policy: &Policy,
) -> Result<(Option<Command>, &'static str), Refusal> {
    if route.needs_account() && caller.member.is_none() {
        return Err(Refusal::NotAuthorized);
    }
    let mut locale = locale::choose(locale::parameter(request.query), request.accept_language);
    let command = match route {
        Route::Unrouted => return Err(Refusal::Unrouted),
        Route::Status | Route::Authcheck => return Ok((None, locale)),
        Route::Recent => Command::Recent,
        Route::Look(key) => Command::Look(key.metadata_key()?),
        Route::Reveal(key) => Command::Reveal(key.link_key()?, passphrase(&mut Fields::read(request)?)?),
        Route::Burn(key) => {
            let key = key.metadata_key()?;
            let mut fields = Fields::read(request)?;
            locale = language(&mut fields, request);
            Command::Burn(key, passphrase(&mut fields)?)
        }
        Route::Share => share(Fields::read(request)?, &Context { request, caller, site, policy })?,
        Route::Create => {
            let mut fields = Fields::read(request)?;
            fields.unnest_secret();
            share(fields, &Context { request, caller, site, policy })?
        }
        Route::Generate => generate(Fields::read(request)?, &Context { request, caller, site, policy })?,
    };
    Ok((Some(command), locale))
}

/// What a new secret is checked against.
struct Context<'a> {
    request: &'a Request<'a>,
    caller: &'a Caller,
    site: &'a Site,
    policy: &'a Policy,
}

impl Context<'_> {
    fn plan(&self) -> &Plan {
        let plans = &self.policy.plans;
        self.caller.member.as_ref().map_or(&plans.anonymous, |member| plans.of_account(&member.plan))
    }
}

fn share(mut fields: Fields, context: &Context<'_>) -> Result<Command, Refusal> {
    let value = fields.secret()?;
    let wishes = Wishes::read(&mut fields)?;
    context.plan().check_size(value.len()).map_err(Refusal::Breach)?;
    let terms = wishes.check(context)?;
    if value.is_empty() {
        return Err(Refusal::Nothing);
    }
    // Fields::secret has checked the text, so that this cannot be refused.
    let value = Plaintext::from_utf8(value).ok_or(Refusal::Unexpected)?;
    Ok(Command::Share(value, terms))
}

/// A value sent along is ignored, unread (V1-P2).
fn generate(mut fields: Fields, context: &Context<'_>) -> Result<Command, Refusal> {
    let recipe = recipe(&mut fields)?;
    let terms = Wishes::read(&mut fields)?.check(context)?;
    Ok(Command::Generate(recipe, terms))
}

/// Only a burn has words to translate, so that only there the body may name the
/// language (V1-P9, V1-C2). A name that cannot be read is none: it stops no burn.
fn language(fields: &mut Fields, request: &Request<'_>) -> &'static str {
    let sent = fields.lenient("locale").unwrap_or_default();
    locale::choose(sent.as_deref().map(String::as_str), request.accept_language)
}

/// An empty passphrase is none (V1-P4).
fn passphrase(fields: &mut Fields) -> Result<Option<Passphrase>, Refusal> {
    let mut text = fields.text("passphrase")?;
    Ok((!text.is_empty()).then(|| Passphrase::from(std::mem::take(&mut *text))))
}

/// What was asked for beside the value, read but not checked.
struct Wishes {
    passphrase: Option<Passphrase>,
    ttl: Zeroizing<String>,
    recipients: Vec<Zeroizing<String>>,
    share_domain: Option<Zeroizing<String>>,
    locale: Option<Zeroizing<String>>,
}

impl Wishes {
    fn read(fields: &mut Fields) -> Result<Self, Refusal> {
        let mut recipients = fields.list("recipient")?;
        recipients.retain(|text| !text.trim().is_empty());
        Ok(Self {
            passphrase: passphrase(fields)?,
            ttl: fields.number("ttl")?,
            recipients,
            share_domain: fields.lenient("share_domain")?,
            // A name that cannot be read is none: it stops no secret.
            locale: fields.lenient("locale").unwrap_or_default(),
        })
    }

    fn check(self, context: &Context<'_>) -> Result<Terms, Refusal> {
        if !self.recipients.is_empty() && context.caller.member.is_none() {
            return Err(Refusal::RecipientNeedsAccount);
        }
        let recipients = addresses(&self.recipients)?;
        let sent = self.share_domain.as_deref().map(String::as_str);
        let share_domain = share_domain(sent, context.request.host, context.caller, context.site)?;
        context.policy.passphrases.check(self.passphrase.as_ref()).map_err(Refusal::Breach)?;
        let language = Some(self.language(context));
        let (passphrase, ttl) = (self.passphrase, ttl(&self.ttl));
        Ok(Terms { passphrase, ttl, recipients, language, over_mail_quota: false, share_domain })
    }

    /// The language of the message (V1-C1, V1-C2): what the request names, else the
    /// account's own, else what the client says it reads.
    fn language(&self, context: &Context<'_>) -> &'static str {
        let named = self.locale.as_deref().map(String::as_str).filter(|tag| !tag.is_empty());
        let own = context.caller.member.as_ref().and_then(|member| member.language.as_deref());
        locale::choose(named.or(own), context.request.accept_language)
    }
}

/// The first address of the first text: only it is mailed and echoed (V1-P5).
/// Yet every text must hold one, for none is silently dropped.
fn addresses(texts: &[Zeroizing<String>]) -> Result<Vec<Recipient>, Refusal> {
    let find = |text: &Zeroizing<String>| {
        Recipient::find(text).ok_or_else(|| Refusal::Undeliverable(text.to_string()))
    };
    let mut found = texts.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    found.truncate(1);
    Ok(found)
}

/// `length` and `character_sets[NAME]` (V1-N3).
fn recipe(fields: &mut Fields) -> Result<Recipe, Refusal> {
    let length = match fields.number("length")?.as_str() {
        "" => Recipe::default().length,
        text => length(leading_integer(text).ok_or(Refusal::Unexpected)?)?,
    };
    let mut sets: Option<CharacterSets> = None;
    for (name, value) in fields.map("character_sets")? {
        let on = is_on(&value);
        let sets = sets.get_or_insert_default();
        match name.as_str() {
            "uppercase" => sets.uppercase = on,
            "lowercase" => sets.lowercase = on,
            "numbers" => sets.numbers = on,
            "symbols" => sets.symbols = on,
            "exclude_ambiguous" => sets.exclude_ambiguous = on,
            _ => {}
        }
    }
    Ok(Recipe { length, sets })
}

fn length(number: i64) -> Result<usize, Refusal> {
    match usize::try_from(number.max(0)).unwrap_or(usize::MAX) {
        0 => Err(Refusal::Unexpected),
        length if length <= LONGEST => Ok(length),
        _ => Err(Refusal::LengthTooLarge),
    }
}

fn is_on(text: &str) -> bool {
    !["", "0", "false", "no", "off"].iter().any(|off| text.trim().eq_ignore_ascii_case(off))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, ClientId};
    use crate::policy::{Breach, PassphrasePolicy};
    use crate::secret::KeyBytes;
    use crate::store::Scope;
    use crate::time::Ttl;
    use crate::vault::Member;

    const KEY: &str = "0123456789abcdefghijklmnopqrstu";

    fn guest() -> Caller {
        Caller::guest(ClientId::LOCAL)
    }

    fn account() -> Caller {
        let member = Member {
            id: AccountId([1; 16]),
            name: "me@example.com".into(),
            plan: String::new(),
            language: Some("pt-BR".into()),
            scope: Scope::Full,
            list_key: KeyBytes::from([0; 32]),
        };
        Caller::signed_in(ClientId::LOCAL, member)
    }

    fn site() -> Site {
        Site::new("https", "example.com")
    }

    fn run(
        method: &str,
        path: &str,
        body: &str,
        caller: &Caller,
        policy: &Policy,
    ) -> Result<Option<Command>, Refusal> {
        let mut request = Request {
            method,
            path,
            query: None,
            host: Some("example.com"),
            authorization: None,
            content_types: vec![b"application/x-www-form-urlencoded"],
            accept_language: None,
            body: body.as_bytes().to_vec().into(),
        };
        command(&Route::of(method, path), &mut request, caller, &site(), policy).map(|(command, _)| command)
    }

    fn post(path: &str, body: &str, caller: &Caller) -> Result<Command, Refusal> {
        run("POST", &format!("/api/v1/{path}"), body, caller, &Policy::default()).map(Option::unwrap)
    }

    fn refusal(body: &str, caller: &Caller) -> Refusal {
        post("share", body, caller).unwrap_err()
    }

    fn shared(path: &str, body: &str) -> (String, Terms) {
        match post(path, body, &account()).unwrap() {
            Command::Share(value, terms) => (value.expose().to_owned(), terms),
            other => panic!("{other:?}"),
        }
    }

    fn generated(body: &str) -> Result<Recipe, Refusal> {
        match post("generate", body, &guest())? {
            Command::Generate(recipe, _) => Ok(recipe),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn v1_r3_share_carries_value_and_terms() {
        let body = "secret=hello%0A&ttl=3600&passphrase=pw&recipient=Tom+%3CTom@Example.com%3E&custid=x";
        let (value, terms) = shared("share", body);
        assert_eq!(value, "hello\n");
        assert_eq!(terms.ttl, Some(Ttl::hours(1)));
        assert_eq!(terms.passphrase.unwrap().expose(), b"pw");
        assert_eq!(terms.recipients[0].expose(), "tom@example.com");
        assert_eq!(terms.share_domain, None);
    }

    #[test]
    fn v1_r4_create_takes_flat_and_nested() {
        assert_eq!(shared("create", "secret=hello").0, "hello");
        let (value, terms) = shared("create", "secret[secret]=hello&secret[ttl]=3600");
        assert_eq!((value.as_str(), terms.ttl), ("hello", Some(Ttl::hours(1))));
        assert_eq!(refusal("secret[secret]=hello", &guest()), Refusal::Nothing);
    }

    #[test]
    fn v1_p4_p5_c_13_empty_is_not_given() {
        let (_, terms) = shared("share", "secret=x&passphrase=&ttl=&recipient[]=&recipient=&share_domain=");
        assert!(terms.passphrase.is_none() && terms.ttl.is_none());
        assert!(terms.recipients.is_empty() && terms.share_domain.is_none());
        assert!(post("share", "secret=x&recipient=+", &guest()).is_ok());
    }

    #[test]
    fn v1_p5_of_several_recipients_the_first_counts_and_none_is_dropped() {
        let (_, terms) = shared("share", "secret=x&recipient[]=&recipient[]=A@b.com&recipient[]=c@d.net");
        let found: Vec<&str> = terms.recipients.iter().map(Recipient::expose).collect();
        assert_eq!(found, ["a@b.com"]);
        let body = "secret=x&recipient[]=a@b.com&recipient[]=nobody";
        assert_eq!(refusal(body, &account()), Refusal::Undeliverable("nobody".into()));
    }

    #[test]
    fn v1_e1_reveal_and_burn_take_a_passphrase() {
        let reveal = post(&format!("secret/{KEY}"), "passphrase=+&continue=false", &guest()).unwrap();
        assert!(matches!(reveal, Command::Reveal(_, Some(passphrase)) if passphrase.expose() == b" "));
        let burn = post(&format!("private/{KEY}/burn"), "''", &guest()).unwrap();
        assert!(matches!(burn, Command::Burn(_, None)));
        let odd = post(&format!("secret/{KEY}"), "passphrase[]=x", &guest());
        assert_eq!(odd.unwrap_err(), Refusal::Unexpected);
    }

    #[test]
    fn v1_r7_a_look_reads_no_body() {
        let look = post(&format!("private/{KEY}"), "passphrase[]=%FF", &guest()).unwrap();
        assert!(matches!(look, Command::Look(_)));
    }

    #[test]
    fn v1_r2_r10_without_an_account_there_is_no_list() {
        let get = |path, caller: &Caller| run("GET", path, "", caller, &Policy::default());
        assert_eq!(get("/api/v1/private/recent", &guest()).unwrap_err(), Refusal::NotAuthorized);
        assert_eq!(get("/api/v1/authcheck", &guest()).unwrap_err(), Refusal::NotAuthorized);
        assert!(matches!(get("/api/v1/private/recent", &account()), Ok(Some(Command::Recent))));
        assert!(matches!(get("/api/v1/authcheck", &account()), Ok(None)));
        assert!(matches!(get("/api/v1/status", &guest()), Ok(None)));
        assert_eq!(get("/api/v1/share", &guest()).unwrap_err(), Refusal::Unrouted);
    }

    #[test]
    fn v1_z1_the_size_is_counted_in_bytes() {
        let too_large = Refusal::Breach(Breach::TooLarge { max: 10_000 });
        assert!(post("share", &format!("secret={}", "a".repeat(10_000)), &guest()).is_ok());
        assert_eq!(refusal(&format!("secret={}", "a".repeat(10_001)), &guest()), too_large);
        assert_eq!(refusal(&format!("secret={}", "🔑".repeat(2_501)), &guest()), too_large);
    }

    #[test]
    fn checks_come_in_the_contracts_order() {
        // Each body breaks its own rule and all that are checked later.
        let short = PassphrasePolicy { min: 8, ..PassphrasePolicy::default() };
        let policy = Policy { passphrases: short, ..Policy::default() };
        let late = "passphrase=short&share_domain=unknown.com";
        let large = format!("secret={}", "a".repeat(10_001));
        let share =
            |body: &str, caller: Caller| run("POST", "/api/v1/share", body, &caller, &policy).unwrap_err();
        assert_eq!(share(&format!("{large}&ttl[]=1&recipient=x&{late}"), guest()), Refusal::Unexpected);
        let too_large = Refusal::Breach(Breach::TooLarge { max: 10_000 });
        assert_eq!(share(&format!("{large}&recipient=x&{late}"), guest()), too_large);
        assert_eq!(share(&format!("recipient=x&{late}"), guest()), Refusal::RecipientNeedsAccount);
        assert_eq!(share(&format!("recipient=x&{late}"), account()), Refusal::Undeliverable("x".into()));
        assert_eq!(share(late, guest()), Refusal::UnknownDomain("unknown.com".into()));
        assert_eq!(
            share("passphrase=short", guest()),
            Refusal::Breach(Breach::PassphraseTooShort { min: 8 })
        );
        assert_eq!(share("", guest()), Refusal::Nothing);
    }

    #[test]
    fn v1_e3_a_key_is_checked_before_the_fields() {
        assert_eq!(post("secret/abc", "passphrase[]=x", &guest()).unwrap_err(), Refusal::NotAKey);
    }

    #[test]
    fn v1_e9_the_text_is_echoed_as_sent() {
        let sent = refusal("secret=x&recipient=a@b.com%0D%0ABcc:+x%00", &account());
        assert_eq!(sent, Refusal::Undeliverable("a@b.com\r\nBcc: x\0".into()));
    }

    #[test]
    fn v1_c1_c2_a_message_is_in_the_language_named_else_the_accounts_else_the_readers() {
        let language = |caller: &Caller, query, body: &str| {
            let mut request = Request {
                method: "POST",
                path: "/api/v1/share",
                query,
                host: None,
                authorization: None,
                content_types: Vec::new(),
                accept_language: Some("de"),
                body: body.as_bytes().to_vec().into(),
            };
            match command(&Route::Share, &mut request, caller, &site(), &Policy::default()) {
                Ok((Some(Command::Share(_, terms)), _)) => terms.language,
                other => panic!("{other:?}"),
            }
        };
        let own = account();
        assert_eq!(language(&own, Some("locale=fr"), "secret=x&locale=es-MX"), Some("es"));
        assert_eq!(language(&own, Some("locale=fr"), "secret=x"), Some("fr"));
        assert_eq!(language(&own, Some("locale=xx"), "secret=x"), Some("en"));
        assert_eq!(language(&own, None, "secret=x&locale="), Some("pt"));
        assert_eq!(language(&own, None, "secret=x&locale=%FF"), Some("pt"));
        assert_eq!(language(&guest(), None, "secret=x"), Some("de"));
    }

    #[test]
    fn v1_p9_a_burn_may_name_its_language_in_the_body() {
        let locale = |query, body: &str| {
            let path = format!("/api/v1/private/{KEY}/burn");
            let mut request = Request {
                method: "POST",
                path: &path,
                query,
                host: None,
                authorization: None,
                content_types: Vec::new(),
                accept_language: Some("de"),
                body: body.as_bytes().to_vec().into(),
            };
            command(&Route::of("POST", &path), &mut request, &guest(), &site(), &Policy::default()).unwrap().1
        };
        assert_eq!(locale(Some("locale=fr"), "locale=es&passphrase=x"), "es");
        assert_eq!(locale(None, "{\"locale\":\"es-MX\"}"), "es");
        assert_eq!(locale(Some("locale=fr"), "passphrase=x"), "fr");
        assert_eq!([locale(None, ""), locale(None, "locale=%FF"), locale(None, "locale[]=es")], ["de"; 3]);
    }

    #[test]
    fn v1_p2_generate_ignores_a_secret_unread() {
        assert_eq!(generated("secret[]=%FF&secret=mine"), Ok(Recipe::default()));
    }

    #[test]
    fn v1_n3_length_is_1_to_128() {
        for (text, length) in [("", 12), ("1", 1), ("128", 128), ("+20x", 20)] {
            assert_eq!(
                generated(&format!("length={}", text.replace('+', "%2B"))).map(|r| r.length),
                Ok(length)
            );
        }
        for text in ["0", "-1", "word", "-99999999999999999999"] {
            assert_eq!(generated(&format!("length={text}")), Err(Refusal::Unexpected), "{text}");
        }
        for text in ["129", "99999999999999999999"] {
            assert_eq!(generated(&format!("length={text}")), Err(Refusal::LengthTooLarge), "{text}");
        }
    }

    #[test]
    fn v1_n3_false_is_honoured_and_unnamed_sets_keep_their_default() {
        let sets = |body: &str| generated(body).unwrap().sets;
        assert_eq!(sets("length=5"), None);
        let expected = CharacterSets { lowercase: false, numbers: false, ..CharacterSets::default() };
        assert_eq!(sets("character_sets[lowercase]=off&character_sets[numbers]=off"), Some(expected));
        for off in ["false", "0", "no", "", "FALSE"] {
            let expected = CharacterSets { uppercase: false, ..CharacterSets::default() };
            assert_eq!(sets(&format!("character_sets[uppercase]={off}")), Some(expected), "{off}");
        }
        let expected = CharacterSets { symbols: true, exclude_ambiguous: false, ..CharacterSets::default() };
        let body = "character_sets[symbols]=true&character_sets[exclude_ambiguous]=0&character_sets[x]=1";
        assert_eq!(sets(body), Some(expected));
    }
}
