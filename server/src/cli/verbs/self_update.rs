//! `kanban self-update`: downloads a release, and replaces the program once its sum is right and it has
//! started. Never touches a board.

use std::fs;
use std::io::{Read, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use data_encoding::HEXLOWER;
use flate2::read::GzDecoder;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::{Digest, Sha256};
use tar::Archive;
use tokio::process::Command;
use tokio::time::timeout;

use crate::cli::output::Output;

/// Compare this program with the newest release, and replace it when asked to
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban self-update --base-url https://releases.example/kanban\n  \
    kanban self-update --base-url https://releases.example/kanban --install\n\n\
    A release has a file `latest` with its version, and below `vVERSION/` the archives and their \
    SHA256SUMS. A running server goes on as it is: start it anew afterwards.")]
pub(crate) struct Args {
    /// The address of the releases; there is no public one yet
    #[arg(long, env = "KANBAN_BASE_URL", value_name = "URL", value_parser = base_url)]
    base_url: Url,
    /// The version to install [default: the newest]
    #[arg(long, value_parser = version, value_name = "VERSION")]
    version: Option<String>,
    /// Replace this program; without it, print what would be done
    #[arg(long)]
    install: bool,
}

/// The time limit of a download.
const LIMIT: Duration = Duration::from_mins(10);

/// The most redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// The time limit of a new program to say its version.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The largest file that is downloaded, in bytes: some ten times what a release has.
const LONGEST: usize = 128 * 1024 * 1024;

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(update(args, output))
}

async fn update(args: &Args, output: &mut Output) -> anyhow::Result<()> {
    let release = Release::of(args)?;
    let wanted = match &args.version {
        Some(version) => version.clone(),
        None => release.newest().await?,
    };
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let place = program.display();
    let here = env!("CARGO_PKG_VERSION");
    if wanted == here {
        output.line(format!("{place} is version {here} already"));
        return Ok(());
    }
    // A board that a newer program has opened is refused by an older one.
    if args.version.is_none() && numbers(&wanted) < numbers(here) {
        output.line(format!(
            "{place} is version {here}, newer than the newest release, {wanted}; --version {wanted} \
             goes back"
        ));
        return Ok(());
    }
    if !args.install {
        output.line(format!(
            "{place} is version {here}; with --install it is replaced by {wanted}"
        ));
        return Ok(());
    }
    let archive = release.archive(&wanted).await?;
    let unpacked = unpack(&archive, &name(&wanted))?;
    replace(&program, &unpacked, &wanted).await?;
    output.line(format!("{place} is version {wanted} now"));
    Ok(())
}

/// The address of the releases, and the client that asks there.
struct Release {
    client: Client,
    base: Url,
}

impl Release {
    fn of(args: &Args) -> anyhow::Result<Self> {
        // Whoever was first has chosen the same.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let client = Client::builder()
            .timeout(LIMIT)
            // Forges keep their files elsewhere; the sums tell whether it is the right one.
            .redirect(Policy::custom(|attempt| {
                if attempt.previous().len() > MOST_REDIRECTS {
                    attempt.error("too many redirects")
                } else if is_safe(attempt.url()) {
                    attempt.follow()
                } else {
                    attempt.error("it leads to where anybody on the way could change what comes")
                }
            }))
            .build()?;
        let base = args.base_url.clone();
        Ok(Self { client, base })
    }

    async fn newest(&self) -> anyhow::Result<String> {
        let latest = self.text("latest").await?;
        let latest = latest.trim().trim_start_matches('v');
        version(latest).map_err(|_| anyhow::anyhow!("{}latest holds no version", self.base))
    }

    /// The archive of a version, once its sum is right.
    async fn archive(&self, version: &str) -> anyhow::Result<Vec<u8>> {
        let file = format!("{}.tar.gz", name(version));
        let sums = self.text(&format!("v{version}/SHA256SUMS")).await?;
        let sum = sums
            .lines()
            .filter_map(|line| line.split_once(char::is_whitespace))
            .find(|(_, of)| of.trim().trim_start_matches('*') == file)
            .map(|(sum, _)| sum)
            .with_context(|| format!("version {version} has no program for this machine"))?;
        let archive = self.get(&format!("v{version}/{file}")).await?;
        ensure!(
            HEXLOWER.encode(&Sha256::digest(&archive)) == sum,
            "{file} has a wrong sum: it was cut off or changed on its way, so nothing was installed"
        );
        Ok(archive)
    }

    async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.get(path).await?)?)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let url = self.base.join(path)?;
        let fail = || format!("{url} could not be downloaded");
        let answer = self.client.get(url.clone()).send().await;
        let mut answer = answer
            .and_then(reqwest::Response::error_for_status)
            .map_err(reqwest::Error::without_url)
            .with_context(fail)?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.with_context(fail)? {
            ensure!(bytes.len() + piece.len() <= LONGEST, "{url} is too long");
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// The name of a version's archive, without its extension, and of the folder in it.
fn name(version: &str) -> String {
    format!("kanban-{version}-{}-linux-musl", std::env::consts::ARCH)
}

/// The program in an archive.
fn unpack(archive: &[u8], folder: &str) -> anyhow::Result<Vec<u8>> {
    let wanted = Path::new(folder).join("kanban");
    for entry in Archive::new(GzDecoder::new(archive)).entries()? {
        let entry = entry?;
        if entry.path()? == wanted {
            let mut program = Vec::new();
            entry
                .take(u64::try_from(LONGEST)?)
                .read_to_end(&mut program)?;
            return Ok(program);
        }
    }
    bail!("the archive holds no {}", wanted.display())
}

/// Puts a program in the place of another in one step, once it has said its version.
async fn replace(place: &Path, program: &[u8], version: &str) -> anyhow::Result<()> {
    let folder = place.parent().context("this program is in no folder")?;
    let fail = || format!("{} could not be replaced", place.display());
    let mut new = tempfile::NamedTempFile::new_in(folder).with_context(fail)?;
    new.write_all(program).with_context(fail)?;
    let old = fs::metadata(place).with_context(fail)?;
    fs::set_permissions(new.path(), old.permissions()).with_context(fail)?;
    new.as_file().sync_all().with_context(fail)?;
    // A file that is open for writing cannot be executed.
    let new = new.into_temp_path();
    let mut say = Command::new(&new);
    let said = say.arg("--version").kill_on_drop(true).output();
    let said = timeout(START_LIMIT, said).await;
    let says = said.is_ok_and(|said| {
        said.is_ok_and(|said| said.stdout == format!("kanban {version}\n").into_bytes())
    });
    ensure!(
        says,
        "the program does not start on this machine, so it was not installed"
    );
    new.persist(place).with_context(fail)?;
    Ok(())
}

/// An address at which nobody on the way can change what comes: the sums come from there too.
fn base_url(text: &str) -> Result<Url, &'static str> {
    const ASK: &str = "write an address that begins with https://";
    let mut url: Url = text.parse().map_err(|_| ASK)?;
    if !is_safe(&url) {
        return Err(ASK);
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Returns true when nobody on the way can change what comes from there.
fn is_safe(url: &Url) -> bool {
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// The numbers of a version, to be compared.
fn numbers(version: &str) -> Vec<u64> {
    let numbers = version.split(['.', '-', '+']);
    numbers.map_while(|number| number.parse().ok()).collect()
}

/// The text of a version, which becomes part of an address.
fn version(text: &str) -> Result<String, &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
    let is_version = text.bytes().all(is_plain) && text.starts_with(|it: char| it.is_ascii_digit());
    let version = is_version.then(|| text.to_owned());
    version.ok_or("write a version like 0.2.0")
}
