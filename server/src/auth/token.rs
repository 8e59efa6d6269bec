//! The board's token: the secret that opens every door, kept in the home folder.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use dispatcher::plain_file;
use subtle::ConstantTimeEq;

/// Shorter than this is no secret: a file that was cut off, or filled by hand with a word.
const MIN_TOKEN_BYTES: usize = 32;

/// Longer than this is no token but another file.
const MOST_BYTES: u64 = 4096;

/// The secret that programs show as a bearer token and that signs the cookies of browsers.
///
/// Its `Debug` shows none of it, so that it does not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// The token in the file at `path`, which is made with 256 random bits where there is none.
    ///
    /// # Errors
    /// Fails when the file cannot be read or written, or holds no secret worth the name.
    pub(crate) fn load_or_create(path: &Path) -> io::Result<Self> {
        match Self::load(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// The token in the file at `path`, which afterwards only its owner may read. What is no token, or
    /// lies elsewhere and is linked here, keeps its mode.
    ///
    /// # Errors
    /// Fails when there is no such file, or it cannot be read, or holds no secret worth the name, or is a
    /// link to one that others can read.
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        let refused = |complaint| Err(io::Error::new(io::ErrorKind::InvalidData, complaint));
        let file = plain_file::open_owned(path, OpenOptions::new().read(true))?;
        let text = plain_file::text_of(&file, MOST_BYTES)?;
        let token = text.trim();
        if token.len() < MIN_TOKEN_BYTES || !token.bytes().all(is_the_same_in_a_url) {
            return refused(
                "holds no token of 32 or more letters, digits, `-`, `.`, `_` and `~`; \
                 delete it to get a new one",
            );
        }
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            if path.is_symlink() {
                return refused("is a link to a file that others can read; close that one");
            }
            file.set_permissions(Permissions::from_mode(0o600))?;
            tracing::warn!(file.path = %path.display(), "others could read the token; closed it");
        }
        Ok(Self(token.to_owned()))
    }

    /// A new token in the place of whatever is in the file at `path`.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub(crate) fn rotate(path: &Path) -> io::Result<Self> {
        let draft = write_draft(path)?;
        fs::rename(&draft, path)?;
        Self::load(path)
    }

    /// Returns true when `offered` is the token, in constant time.
    pub(super) fn is(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }

    /// The secret itself, as the key of a signature.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[cfg(test)]
    pub(super) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Returns true when a character needs no percent-encoding (RFC 3986, section 2.3): sockets carry
/// the token in their address, where it is compared as it stands.
fn is_the_same_in_a_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Writes a new token beside `path` and links it into place: another process that starts at the
/// same moment finds a whole token or none, and both end up with the same one.
fn create(path: &Path) -> io::Result<()> {
    let draft = write_draft(path)?;
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    fs::remove_file(&draft)?;
    linked
}

/// Writes a new token into a file beside `path`.
fn write_draft(path: &Path) -> io::Result<PathBuf> {
    let nonce: u64 = rand::random();
    let draft = path.with_extension(format!("{nonce:016x}"));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{}", HEXLOWER.encode(&rand::random::<[u8; 32]>()))?;
    file.sync_all()?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_256_bits_and_only_its_owner_may_read_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let token = Token::load_or_create(&path).unwrap();
        assert_eq!(token.0.len(), 64);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(Token::load_or_create(&path).unwrap().is(&token.0));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_without_a_token_that_fits_into_a_url_opens_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        for text in ["\n", "short\n", "0123456789abcdef0123456789abcde%41\n"] {
            fs::write(&path, text).unwrap();
            assert_eq!(
                Token::load_or_create(&path).unwrap_err().kind(),
                io::ErrorKind::InvalidData,
                "{text}"
            );
        }
        fs::write(&path, "by-hand_0123456789.abcdef0123456789~\n").unwrap();
        assert!(Token::load(&path).is_ok());
    }

    #[test]
    fn a_token_that_others_can_read_is_closed_and_nothing_else_is() {
        let home = tempfile::tempdir().unwrap();
        let (path, other) = (home.path().join("token"), home.path().join("other"));
        let open = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        };
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let token = "by-hand_0123456789.abcdef0123456789~\n";
        open(&path, token);
        assert!(Token::load(&path).is_ok());
        assert_eq!(mode(&path), 0o600);
        open(&path, "my-machine\n");
        Token::load(&path).unwrap_err();
        assert_eq!(mode(&path), 0o644, "it is no token");

        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        for text in ["my-machine\n", token] {
            open(&other, text);
            Token::load(&path).unwrap_err();
            assert_eq!(mode(&other), 0o644, "{text}");
        }
        fs::set_permissions(&other, Permissions::from_mode(0o600)).unwrap();
        assert!(Token::load(&path).is_ok(), "a secret may lie elsewhere");
    }

    #[test]
    fn a_rotated_token_replaces_the_old_one() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let old = Token::load_or_create(&path).unwrap();
        let new = Token::rotate(&path).unwrap();
        assert!(!new.is(&old.0));
        assert!(Token::load(&path).unwrap().is(&new.0));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_token_never_shows_in_debug_output() {
        assert_eq!(format!("{:?}", Token::from_text("secret")), "Token(…)");
    }
}
