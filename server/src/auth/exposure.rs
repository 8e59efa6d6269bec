//! The way by which browsers on other machines reach a server. It decides no request.

use std::net::SocketAddr;
use std::sync::Arc;

use super::public_url::PublicUrl;
use crate::tls::Certificate;

/// The proxy or the TLS between a server and browsers.
#[derive(Clone, Debug)]
pub(crate) enum Exposure {
    /// Nothing: it listens on this machine only.
    None,
    /// A reverse proxy, which shows the board at this address.
    Proxy(PublicUrl),
    /// TLS of the server's own.
    Tls(Arc<Certificate>),
}

impl Exposure {
    /// The address of the board for browsers, when the server listens there.
    pub(crate) fn url(&self, listen: SocketAddr) -> String {
        match self {
            Self::None => format!("http://{listen}"),
            Self::Proxy(public) => public.to_string(),
            Self::Tls(certificate) => certificate.url(listen),
        }
    }

    /// The path of the board, without a slash at its end: "" or `/kanban`.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Proxy(public) => public.path(),
            Self::None | Self::Tls(_) => "",
        }
    }

    /// Returns true when browsers reach it by TLS only.
    pub(super) fn is_secure(&self) -> bool {
        match self {
            Self::None => false,
            Self::Proxy(public) => public.is_secure(),
            Self::Tls(_) => true,
        }
    }
}
