//! The one harness: the real program on a home folder of its own, and its public doors as verbs.
//!
//! Nothing here sleeps or polls. A test awaits the thing itself, under [`within`].

mod board;
mod gate;
pub(crate) mod golden;
mod markup;
pub(crate) mod program;
mod socket;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::Command;

pub(crate) use board::cli::{Said, said};
pub(crate) use board::http::{API, answer};
pub(crate) use board::{Board, client};
pub(crate) use gate::Gate;
pub(crate) use markup::Markup;
pub(crate) use socket::Socket;

/// Far longer than anything takes, on a machine that compiles something else meanwhile.
const LIMIT: Duration = Duration::from_mins(1);

/// Awaits `what`, but not for ever.
pub(crate) async fn within<T>(what: &str, coming: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(LIMIT, coming)
        .await
        .with_context(|| format!("waited {LIMIT:?} in vain for {what}"))
}

/// Waits until no process has this id any more.
pub(crate) async fn gone(pid: &str) -> anyhow::Result<()> {
    let gone = Command::new("tail")
        .args(["-s", "0.1", "--pid", pid, "-f", "/dev/null"])
        .kill_on_drop(true)
        .status();
    within("the end of a process", gone).await??;
    Ok(())
}

/// Waits until there is such a file, in a folder that there is already.
pub(crate) async fn there(path: &Path) -> anyhow::Result<()> {
    let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    let folder = path.parent().context("no folder")?;
    inotify::add_watch(&events, folder, WatchFlags::CREATE | WatchFlags::MOVED_TO)?;
    let mut events = pipe::Receiver::from_owned_fd_unchecked(events)?;
    let appears = async {
        while !path.try_exists()? {
            let read = events.read(&mut [0; 4_096]).await?;
            anyhow::ensure!(read > 0, "nobody watches {}", folder.display());
        }
        anyhow::Ok(())
    };
    within("a file", appears).await?
}

/// The status of a request.
pub(crate) async fn status(request: reqwest::RequestBuilder) -> anyhow::Result<u16> {
    Ok(request.send().await?.status().as_u16())
}

/// The value of a header of a response, empty where there is none.
pub(crate) fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The keys of an object, in their order.
pub(crate) fn keys(json: &Value) -> Vec<&str> {
    let keys = json.as_object().into_iter().flatten();
    keys.map(|(key, _)| key.as_str()).collect()
}

/// The text at `pointer`.
pub(crate) fn text<'a>(json: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    let found = json.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("no text at {pointer} of {json}"))
}
