//! A short name for what must not be written down.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Half of a SHA-256 over parts that cannot run into one another.
pub(crate) fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    let mut hash = HEXLOWER.encode(&hasher.finalize());
    hash.truncate(32);
    hash
}
