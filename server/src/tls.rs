//! TLS without a proxy: the certificate that browsers check, read again when its files change.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DEFAULT_VERSIONS, ServerConfig};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use webpki::EndEntityCert;

/// The polling interval of the files. A look is two system calls.
const PERIOD: Duration = Duration::from_secs(5);

/// The certificate in force, and the files that it is from.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: Files,
    current: RwLock<Arc<CertifiedKey>>,
}

/// The paths of a certificate and its key, as PEM (RFC 7468).
#[derive(Clone, Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn load(&self) -> anyhow::Result<Arc<CertifiedKey>> {
        let (at, key_at) = (self.certificate.display(), self.key.display());
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| anyhow!("cannot read the certificate {at}: {error}"))?;
        let end = chain
            .first()
            .with_context(|| format!("{at} holds no certificate"))?;
        EndEntityCert::try_from(end).map_err(|error| anyhow!("{at} is no certificate: {error}"))?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| anyhow!("cannot read the key {key_at}: {error}"))?;
        let loaded = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| anyhow!("{key_at} is no key for {at}: {error}"))?;
        Ok(Arc::new(loaded))
    }

    /// The times at which both were written, as far as that can be told.
    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key]
            .map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
    }
}

impl Certificate {
    /// Reads a certificate and its key. It blocks.
    ///
    /// # Errors
    /// Fails with a sentence when one of them cannot be read, or they do not belong together.
    pub(crate) fn load(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let current = RwLock::new(files.load()?);
        Ok(Self { files, current })
    }

    /// Makes the acceptor of TLS connections by it, for HTTP/1.1 only.
    ///
    /// # Errors
    /// Fails when the cryptography knows no version of TLS.
    pub(crate) fn acceptor(self: &Arc<Self>) -> anyhow::Result<TlsAcceptor> {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(DEFAULT_VERSIONS)?;
        let mut config = config
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config).into())
    }

    /// Returns true when browsers that ask for this host, which may have a port, accept it.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        // Only an address of version 6 stands in brackets.
        let inner = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let inner = inner.filter(|name| name.parse::<Ipv6Addr>().is_ok());
        let Ok(name) = ServerName::try_from(inner.unwrap_or(name)) else {
            return false;
        };
        self.with_end(|end| end.verify_is_valid_for_subject_name(&name).is_ok())
            .unwrap_or(false)
    }

    /// The address of the board at which browsers accept it: the one that the server listens at, or
    /// else the first name in it that is no pattern.
    pub(crate) fn url(&self, listen: SocketAddr) -> String {
        let first = || {
            let first = |end: &EndEntityCert<'_>| {
                let mut names = end.valid_dns_names().filter(|name| !name.contains('*'));
                names.next().map(str::to_owned)
            };
            self.with_end(first).flatten()
        };
        let named = !listen.ip().is_unspecified() && self.is_for(&listen.to_string());
        match first().filter(|_| !named) {
            Some(name) => format!("https://{name}:{}", listen.port()),
            None => format!("https://{listen}"),
        }
    }

    fn with_end<T>(&self, ask: impl FnOnce(&EndEntityCert<'_>) -> T) -> Option<T> {
        let current = self.current();
        let end = EndEntityCert::try_from(current.cert.first()?).ok()?;
        Some(ask(&end))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another certificate in force whenever the files change, for as long as it is awaited. Files
    /// that do not belong together change nothing: the second may be on its way.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = None;
        loop {
            ticks.tick().await;
            let files = self.files.clone();
            let look = spawn_blocking(move || {
                let written = files.written();
                (seen.is_some() && seen != Some(written))
                    .then(|| files.load())
                    .map_or_else(|| (written, None), |loaded| (written, Some(loaded)))
            });
            let Ok((written, loaded)) = look.await else {
                continue;
            };
            seen = Some(written);
            match loaded {
                Some(Ok(loaded)) => {
                    let current = self.current.write();
                    *current.unwrap_or_else(PoisonError::into_inner) = loaded;
                    tracing::info!("the certificate was read again");
                }
                Some(Err(error)) => tracing::warn!(%error, "the old certificate stays in force"),
                None => {}
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}
