//! What every flow needs of one request: who asks, in which language, on whose site.

use waxseal_core::api::Api;
use waxseal_core::brand::Brand;
use waxseal_core::contract::locale;
use waxseal_core::contract::reply::PATIENCE;
use waxseal_core::contract::site::Site;
use waxseal_core::id::ClientId;
use waxseal_core::seal::page::PageKey;
use waxseal_core::store::{Action, Pass};
use waxseal_core::time::{Tick, Timestamp};
use waxseal_core::vault::{Caller, Fault, Vault};
use waxseal_locale::Words;

use crate::flow::Turn;
use crate::view::{self, Frame, Region, Trouble, What};
use crate::{Pages, Visit};

/// What stands around every page, owned for as long as the page is rendered.
pub(crate) struct Around {
    brand: Brand,
    accent: String,
    region: Option<(String, String)>,
    regions: Vec<(String, String)>,
}

impl Around {
    /// For whoever asks on this host. Links come from the configuration.
    pub(crate) fn of(site: &Site, host: Option<&str>) -> Self {
        let brand = site.brand_for(host);
        let linked = |region: &waxseal_core::contract::site::Region| {
            (region.label.clone(), format!("{}/", site.origin(Some(&region.host))))
        };
        Self {
            accent: brand.accent.to_string(),
            brand,
            region: site.region.as_ref().map(linked),
            regions: site.regions.iter().map(linked).collect(),
        }
    }

    pub(crate) fn regions(&self) -> Vec<Region<'_>> {
        self.regions.iter().map(region).collect()
    }

    pub(crate) fn frame<'a>(&'a self, regions: &'a [Region<'a>], visit: &Visit<'_>) -> Frame<'a> {
        let asked = locale::parameter(visit.request.query);
        Frame {
            words: Words::of(locale::choose(asked, visit.request.accept_language)),
            chosen: asked.is_some_and(|tag| !tag.is_empty()),
            brand: view::Brand {
                name: &self.brand.name,
                accent: &self.accent,
                footer: self.brand.footer.as_deref(),
            },
            region: self.region.as_ref().map(region),
            regions,
            offers_languages: true,
        }
    }
}

fn region((label, url): &(String, String)) -> Region<'_> {
    Region { label, url }
}

/// One request's side of the counter.
pub(crate) struct Desk<'a> {
    pub(crate) pages: Pages,
    pub(crate) api: &'a Api,
    pub(crate) frame: Frame<'a>,
    pub(crate) client: ClientId,
    /// Whether a browser says that another site sent this.
    pub(crate) foreign: bool,
    pub(crate) id: &'a str,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(pages: Pages, api: &'a Api, visit: &Visit<'a>, frame: Frame<'a>) -> Self {
        // `none` is a person's own doing, such as sending a form again by the reload button.
        let ours = |site: &[u8]| matches!(site, b"same-origin" | b"none");
        let foreign = visit.sec_fetch_site.is_some_and(|site| !ours(site));
        Self { pages, api, frame, client: visit.client, foreign, id: visit.id }
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.api.vault
    }

    pub(crate) fn site(&self) -> &Site {
        &self.api.site
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::guest(self.client)
    }

    pub(crate) fn key(&self) -> &PageKey {
        self.vault().keyring().page()
    }

    pub(crate) fn tick(&self) -> Tick {
        self.vault().ports().clock.now().tick()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.vault().ports().clock.now().timestamp()
    }

    /// The frame of a page that following a link would lose.
    pub(crate) fn frame_to_stay(&self) -> Frame<'a> {
        Frame { offers_languages: false, ..self.frame }
    }

    /// A path of ours, in the language that the visitor chose.
    pub(crate) fn in_language(&self, path: &str) -> String {
        format!("{path}{}", self.frame.query())
    }

    /// Takes an action out of the client's allowance; the page that refuses it, if it
    /// is used up. The allowance is the API's, too.
    pub(crate) async fn refusal(&self, action: Action) -> Result<Option<Turn>, Fault> {
        Ok(match self.api.allow(action, &self.caller()).await? {
            Pass::Allowed => None,
            Pass::Refused { retry_after } => {
                let turn = self.trouble(What::TooMany { retry_after }, "refused");
                Some(turn.retry_after(retry_after))
            }
        })
    }

    pub(crate) fn trouble(&self, what: What, word: &'static str) -> Turn {
        let page = Trouble { frame: self.frame, what, request_id: self.id }.render();
        let turn = Turn::page(page, word);
        if turn.status() == 503 { turn.retry_after(PATIENCE) } else { turn }
    }

    /// 405, with the methods that there are.
    pub(crate) fn not_allowed(&self, methods: &'static str) -> Turn {
        self.trouble(What::BadRequest, "refused").status_of(405).header("allow", methods.to_owned())
    }

    /// The page of a fault, which says what became of the secret.
    pub(crate) fn fault(&self, fault: Fault) -> Turn {
        let what = match fault {
            Fault::Unconfirmed(_) => What::Unsure,
            Fault::Undecipherable(_) => What::Undecipherable,
            Fault::Full => What::NotStored,
            // Whether there is a secret at all was not seen.
            Fault::Busy | Fault::Unavailable(_) | Fault::Entropy(_) => What::Unreached,
            Fault::Breach(_) => What::BadRequest,
        };
        Turn { fault: Some(fault), ..self.trouble(what, "fault") }
    }
}
