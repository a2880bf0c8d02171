//! Kinds of events: names, channels, who starts them.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    PageView,
    AdClick,
    EmailOpen,
    EmailClick,
    ContentDownload,
    WebinarRegister,
    WebinarAttend,
    DemoRequest,
    PartnerDemoRequest,
    PricingView,
    TrialStart,
    Login,
    FeatureUse,
    ReportShared,
    InviteUser,
    ApiCall,
    SupportView,
    SalesCall,
    SalesMeeting,
    Training,
}

/// How an event's row says who it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Account and contact.
    Person,
    /// The account only: a system of theirs.
    Account,
    /// The e-mail address only.
    Email,
    /// Contact and browser.
    Browser,
    /// The browser only: nobody knows who it is.
    Anonymous,
}

impl Kind {
    /// The name in the event table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PageView => "page_view",
            Self::AdClick => "ad_click",
            Self::EmailOpen => "email_open",
            Self::EmailClick => "email_click",
            Self::ContentDownload => "content_download",
            Self::WebinarRegister => "webinar_register",
            Self::WebinarAttend => "webinar_attend",
            Self::DemoRequest | Self::PartnerDemoRequest => "demo_request",
            Self::PricingView => "pricing_view",
            Self::TrialStart => "trial_start",
            Self::Login => "login",
            Self::FeatureUse => "feature_use",
            Self::ReportShared => "report_shared",
            Self::InviteUser => "invite_user",
            Self::ApiCall => "api_call",
            Self::SupportView => "support_view",
            Self::SalesCall => "sales_call",
            Self::SalesMeeting => "sales_meeting",
            Self::Training => "training",
        }
    }

    /// Where it happened.
    pub(super) fn channel(self) -> &'static str {
        match self {
            Self::PageView
            | Self::AdClick
            | Self::ContentDownload
            | Self::DemoRequest
            | Self::PricingView
            | Self::SupportView => "web",
            Self::EmailOpen | Self::EmailClick => "email",
            Self::WebinarRegister | Self::WebinarAttend => "event",
            Self::PartnerDemoRequest => "partner",
            Self::TrialStart
            | Self::Login
            | Self::FeatureUse
            | Self::ReportShared
            | Self::InviteUser => "product",
            Self::ApiCall => "api",
            Self::SalesCall => "phone",
            Self::SalesMeeting | Self::Training => "meeting",
        }
    }

    /// Whether a person of ours took part.
    pub(super) fn mode(self) -> &'static str {
        match self {
            Self::SalesCall | Self::SalesMeeting | Self::Training | Self::PartnerDemoRequest => {
                "assisted"
            }
            _ => "self_service",
        }
    }

    /// How the row says who it was, where they are known at all.
    pub(super) fn identity(self) -> Identity {
        match self {
            Self::PageView | Self::PricingView | Self::ContentDownload | Self::SupportView => {
                Identity::Browser
            }
            Self::AdClick => Identity::Anonymous,
            Self::EmailOpen
            | Self::EmailClick
            | Self::WebinarRegister
            | Self::WebinarAttend
            | Self::DemoRequest => Identity::Email,
            Self::ApiCall => Identity::Account,
            _ => Identity::Person,
        }
    }
}

/// One event before it is written; small, because a day of a large company
/// has millions.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    /// Second of the local day.
    pub(super) second: i32,
    /// Position of the account among the residents.
    pub(super) resident: u32,
    /// Position among the account's people.
    pub(super) person: Option<u16>,
    pub(super) kind: Kind,
    pub(super) identity: Identity,
    /// Number of the content or webinar.
    pub(super) content: Option<u16>,
    /// Position among the product's features.
    pub(super) feature: Option<u8>,
    pub(super) quantity: Option<i32>,
    pub(super) duration_seconds: Option<i32>,
    pub(super) errors: Option<i32>,
}
