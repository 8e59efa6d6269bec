//! A board that browsers on other machines reach by TLS of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use reqwest::{Certificate, Client};

use crate::harness::{API, Board, client, header, status};

/// The files of a certificate for these names and of its key.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    /// The arguments of a server that shows it, on every address of this machine.
    fn arguments(&self) -> anyhow::Result<Vec<&str>> {
        let [certificate, key] = [&self.certificate, &self.key].map(|path| path.to_str());
        let certificate = certificate.context("no text")?;
        let key = key.context("no text")?;
        Ok(vec![
            "--listen",
            "0.0.0.0:0",
            "--no-dispatch",
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
        ])
    }
}

/// Writes a new certificate for these names, and returns it too.
fn issue(board: &Board, names: &[&str]) -> anyhow::Result<(Files, String)> {
    let names = names.iter().map(|&name| name.to_owned());
    let issued = rcgen::generate_simple_self_signed(names.collect::<Vec<_>>())?;
    let folder = board.home().parent().context("no folder")?;
    let files = Files {
        certificate: folder.join("board.pem"),
        key: folder.join("board.key"),
    };
    fs::write(&files.key, issued.signing_key.serialize_pem())?;
    fs::write(&files.certificate, issued.cert.pem())?;
    Ok((files, issued.cert.pem()))
}

/// A client that accepts this certificate and no other.
fn trusting(certificate: &str) -> anyhow::Result<Client> {
    let here: SocketAddr = ([127, 0, 0, 1], 0).into();
    let client = client()
        .tls_certs_only([Certificate::from_pem(certificate.as_bytes())?])
        .resolve("board.example", here)
        .resolve("evil.example", here)
        .pool_max_idle_per_host(0)
        .build()?;
    Ok(client)
}

fn port(board: &Board) -> anyhow::Result<&str> {
    let (_, port) = board.address()?.rsplit_once(':').context("no port")?;
    Ok(port)
}

#[tokio::test]
async fn with_a_certificate_the_board_is_there_for_other_machines() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let (files, certificate) = issue(&board, &["board.example", "127.0.0.1"])?;
    let client = trusting(&certificate)?;
    board.serve(&files.arguments()?).await?;
    let port = port(&board)?;
    let root = format!("https://board.example:{port}");
    let link = board.launch_link()?;
    assert!(link.starts_with(&format!("{root}/launch?")), "{link}");
    let welcome = client.get(link).send().await?;
    assert_eq!(welcome.status(), 200);
    let cookie = header(&welcome, "set-cookie");
    assert!(cookie.ends_with("; Secure"), "{cookie}");

    let tasks = format!("{root}{API}/tasks");
    let create = |origin: &str| {
        client
            .post(&tasks)
            .bearer_auth(board.token().unwrap())
            .header("origin", origin.to_owned())
            .json(&serde_json::json!({ "title": "a" }))
    };
    assert_eq!(status(create(&root)).await?, 200);
    assert_eq!(status(create("https://evil.example")).await?, 403);
    // Other programs on this machine have other ports.
    assert_eq!(status(create("https://board.example:1")).await?, 403);
    assert_eq!(status(create(&root.replace("https", "http"))).await?, 403);

    let ask = |host| client.get(format!("{root}/healthz")).header("host", host);
    assert_eq!(status(ask("board.example")).await?, 200);
    assert_eq!(status(ask("evil.example")).await?, 421);
    let by_address = client.get(format!("https://127.0.0.1:{port}/healthz"));
    assert_eq!(status(by_address).await?, 200);

    let plain = client.get(format!("http://board.example:{port}/healthz"));
    assert!(plain.send().await.is_err(), "it speaks without TLS");
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_in_force_without_another_start() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let (files, first) = issue(&board, &["board.example"])?;
    board.serve(&files.arguments()?).await?;
    let health = format!("https://board.example:{}/healthz", port(&board)?);
    assert_eq!(status(trusting(&first)?.get(&health)).await?, 200);

    fs::write(&files.certificate, "half of a certificate")?;
    board.logged("the old certificate stays in force").await?;
    assert_eq!(status(trusting(&first)?.get(&health)).await?, 200);

    let (_, second) = issue(&board, &["board.example"])?;
    board.logged("the certificate was read again").await?;
    assert_eq!(status(trusting(&second)?.get(&health)).await?, 200);
    let refused = trusting(&first)?.get(&health).send().await;
    assert!(refused.is_err(), "the old one is still shown");
    Ok(())
}

#[tokio::test]
async fn files_that_make_no_certificate_are_refused_in_a_sentence() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (files, _) = issue(&board, &["board.example"])?;
    let key = fs::read(&files.key)?;
    let other = rcgen::KeyPair::generate()?.serialize_pem();
    for (wrong, expected) in [
        (other.as_str(), "is no key for"),
        ("nonsense", "cannot read the key"),
    ] {
        fs::write(&files.key, wrong)?;
        let said = board
            .kanban(&[&["serve"][..], &files.arguments()?].concat())
            .await?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(said.err.contains(expected), "{}", said.err);
    }
    fs::write(&files.key, key)?;
    for (wrong, expected) in [
        ("", "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "is no certificate",
        ),
    ] {
        fs::write(&files.certificate, wrong)?;
        let said = board
            .kanban(&[&["serve"][..], &files.arguments()?].concat())
            .await?;
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains(expected), "{}", said.err);
    }
    let half = ["serve", "--tls-cert", "board.pem"];
    assert_eq!(board.kanban(&half).await?.code, Some(2));
    Ok(())
}
