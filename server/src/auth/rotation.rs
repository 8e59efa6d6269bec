//! Hearing of a new token: whoever may write the token's file may put another in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::token::Token;
use crate::AppState;

/// The polling interval of the file. A look is one system call.
const PERIOD: Duration = Duration::from_secs(1);

/// Puts the token of this file in force whenever it is another one, for as long as it is awaited. A
/// file that is gone or holds no token changes nothing: it may be on its way.
pub(crate) async fn follow(state: AppState, path: PathBuf) {
    let path: Arc<Path> = path.into();
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        ticks.tick().await;
        let path = path.clone();
        let look = spawn_blocking(move || Look::at(&path, seen));
        match look.await {
            Ok(Look::Same) | Err(_) => {}
            Ok(Look::Changed { at, token }) => {
                seen = Some(at);
                match token.map(|token| state.door.keys.replace(token)) {
                    Ok(true) => {
                        tracing::info!(
                            "another token is in force; who came in with the old is out"
                        );
                    }
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "the old token stays in force"),
                }
            }
        }
    }
}

/// The result of a look at the file.
enum Look {
    Same,
    Changed {
        at: SystemTime,
        token: std::io::Result<Token>,
    },
}

impl Look {
    fn at(path: &Path, seen: Option<SystemTime>) -> Self {
        let modified = std::fs::metadata(path).and_then(|file| file.modified());
        match modified {
            Ok(at) if Some(at) != seen => Self::Changed {
                at,
                token: Token::load(path),
            },
            _ => Self::Same,
        }
    }
}
