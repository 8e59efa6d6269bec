//! `kanban self-update`, against a local file server.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::oneshot;

use crate::harness::{Board, Said, program, said, within};

/// A program of version 9.9.9.
const NEXT: &str = "#!/bin/sh\necho kanban 9.9.9\n";

fn archive(program: &str) -> anyhow::Result<Vec<u8>> {
    let name = format!("kanban-9.9.9-{}-linux-musl/kanban", std::env::consts::ARCH);
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::try_from(program.len())?);
    header.set_mode(0o755);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, name, program.as_bytes())?;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&archive.into_inner()?)?;
    Ok(packed.finish()?)
}

/// Serves nothing but an answer with this head, and what follows it, and leaves the connection open.
async fn answer(head: String, body: Vec<u8>) -> anyhow::Result<(String, impl Future<Output = ()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (asked, is_asked) = oneshot::channel();
    tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await?;
        // An answer to no question is none.
        let asks = caller.read(&mut [0; 4096]).await?;
        assert!(asks > 0, "no question");
        caller.write_all(head.as_bytes()).await?;
        caller.write_all(&body).await?;
        asked.send(()).ok();
        // Until the caller goes.
        caller.read_to_end(&mut Vec::new()).await
    });
    let is_asked = async { is_asked.await.unwrap_or_default() };
    Ok((format!("http://{address}"), is_asked))
}

/// Serves a release of that archive, whose sum is told of another.
async fn release(archive: Vec<u8>, summed: &[u8]) -> anyhow::Result<String> {
    release_of("9.9.9", archive, summed).await
}

/// The same, which says that this is the newest version.
async fn release_of(newest: &str, archive: Vec<u8>, summed: &[u8]) -> anyhow::Result<String> {
    let name = format!("kanban-9.9.9-{}-linux-musl.tar.gz", std::env::consts::ARCH);
    let sum = Sha256::digest(summed);
    let sum = sum.iter().fold(String::new(), |mut sum, byte| {
        // Writing to a `String` cannot fail.
        write!(sum, "{byte:02x}").ok();
        sum
    });
    let files = BTreeMap::from([
        ("latest".to_owned(), format!("{newest}\n").into_bytes()),
        (
            "v9.9.9/SHA256SUMS".to_owned(),
            format!("{sum}  {name}\n").into_bytes(),
        ),
        (format!("v9.9.9/{name}"), archive),
    ]);
    let files = Arc::new(files);
    let file = move |Path(path): Path<String>| {
        let found = files.get(&path).cloned().ok_or(StatusCode::NOT_FOUND);
        async move { found }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/{*path}", get(file));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(format!("http://{address}"))
}

/// A copy of the program under test, which may be replaced.
struct Copy {
    board: Board,
    path: PathBuf,
}

impl Copy {
    fn new() -> anyhow::Result<Self> {
        let board = Board::without_server()?;
        let folder = board.home().with_file_name("bin");
        fs::create_dir(&folder)?;
        let path = folder.join("kanban");
        program::copy(program::path()?, &path)?;
        Ok(Self { board, path })
    }

    fn command(&self, base: &str, flags: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(["self-update", "--base-url", base])
            .args(flags)
            .env("KANBAN_HOME", self.board.home());
        command
    }

    async fn update(&self, base: &str, flags: &[&str]) -> anyhow::Result<Said> {
        said(&mut self.command(base, flags)).await
    }

    /// Checks that it is what it was, and that nothing was left beside it.
    fn is_as_before(&self) -> anyhow::Result<()> {
        assert!(fs::read(&self.path)? == fs::read(program::path()?)?);
        assert_eq!(
            fs::read_dir(self.path.parent().context("no folder")?)?.count(),
            1
        );
        Ok(())
    }
}

#[tokio::test]
async fn a_newer_release_is_told_and_installed_only_when_asked() -> anyhow::Result<()> {
    let copy = Copy::new()?;
    let archive = archive(NEXT)?;
    let base = release(archive.clone(), &archive).await?;
    let told = copy.update(&base, &[]).await?;
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(told.out.contains("replaced by 9.9.9"), "{}", told.out);
    copy.is_as_before()?;
    let done = copy.update(&base, &["--install"]).await?;
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(fs::read_to_string(&copy.path)?, NEXT);
    assert_eq!(
        fs::read_dir(copy.path.parent().context("no folder")?)?.count(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_new_program_has_the_rights_of_the_old_one() -> anyhow::Result<()> {
    let copy = Copy::new()?;
    fs::set_permissions(&copy.path, fs::Permissions::from_mode(0o700))?;
    let archive = archive(NEXT)?;
    let base = release(archive.clone(), &archive).await?;
    let done = copy.update(&base, &["--install"]).await?;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let mode = fs::metadata(&copy.path)?.permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
    Ok(())
}

#[tokio::test]
async fn a_release_that_leads_to_where_others_can_change_it_is_refused() -> anyhow::Result<()> {
    let copy = Copy::new()?;
    let head = "HTTP/1.1 302 Found\r\nlocation: http://releases.example/latest\r\n\
                content-length: 0\r\n\r\n";
    let (base, _) = answer(head.to_owned(), Vec::new()).await?;
    let refused = copy.update(&base, &["--install"]).await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let expected = "anybody on the way could change what comes";
    assert!(refused.err.contains(expected), "{}", refused.err);
    copy.is_as_before()
}

#[tokio::test]
async fn a_program_that_is_killed_in_its_download_is_as_it_was() -> anyhow::Result<()> {
    let copy = Copy::new()?;
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    let (base, is_asked) = answer(head.to_owned(), vec![b'1'; 1000]).await?;
    let mut update = copy.command(&base, &["--install"]).spawn()?;
    within("a request", is_asked).await?;
    update.kill().await?;
    copy.is_as_before()
}

#[tokio::test]
async fn an_older_release_is_installed_only_by_its_version() -> anyhow::Result<()> {
    let copy = Copy::new()?;
    let base = release_of("0.0.1", Vec::new(), b"").await?;
    let told = copy.update(&base, &["--install"]).await?;
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(
        told.out.contains("newer than the newest release"),
        "{}",
        told.out
    );
    copy.is_as_before()
}

#[tokio::test]
async fn a_release_that_is_not_what_it_says_changes_nothing() -> anyhow::Result<()> {
    let copy = Copy::new()?;
    let right = archive(NEXT)?;
    let broken = archive("#!/bin/sh\necho kanban 9.9.8\n")?;
    let empty = b"no archive".to_vec();
    for (archive, summed, expected) in [
        (right.clone(), b"another".as_slice(), "a wrong sum"),
        (broken.clone(), &broken, "does not start"),
        (empty.clone(), &empty, "kanban"),
    ] {
        let base = release(archive, summed).await?;
        let refused = copy.update(&base, &["--install"]).await?;
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
        assert!(refused.err.contains(expected), "{}", refused.err);
        copy.is_as_before()?;
    }
    let base = release(right.clone(), &right).await?;
    let missing = copy
        .update(&base, &["--install", "--version", "1.0"])
        .await?;
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.err.contains("could not be downloaded"),
        "{}",
        missing.err
    );
    for base in [
        "http://releases.example",
        "releases.example",
        "ftp://127.0.0.1",
    ] {
        assert_eq!(copy.update(base, &[]).await?.code, Some(2), "{base}");
    }
    copy.is_as_before()
}
