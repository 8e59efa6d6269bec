//! The other side of a webhook or a chat: a server on loopback that hands each request to the test.

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::within;

/// The server. It takes one request a connection, and only when the test asks for it.
pub(crate) struct Receiver {
    listener: TcpListener,
}

/// A request that waits for its answer; dropping it hangs up.
pub(crate) struct Request {
    pub(crate) path: String,
    /// In lower case, with their values.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    stream: TcpStream,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { listener })
    }

    /// Its address.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}", self.listener.local_addr()?))
    }

    /// The next request.
    pub(crate) async fn next(&self) -> anyhow::Result<Request> {
        within("a request", async {
            let (stream, _) = self.listener.accept().await?;
            read(stream).await
        })
        .await?
    }

    /// Takes the next request and answers it.
    pub(crate) async fn answer(&self, status: &str, body: &str) -> anyhow::Result<Request> {
        let mut request = self.next().await?;
        let (length, connection) = (body.len(), "connection: close");
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{connection}\r\n\r\n{body}");
        request.stream.write_all(answer.as_bytes()).await?;
        request.stream.shutdown().await?;
        Ok(request)
    }
}

async fn read(stream: TcpStream) -> anyhow::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    let path = line
        .split(' ')
        .nth(1)
        .context("no request line")?
        .to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Ok(0), |(_, value)| value.parse())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    let (body, stream) = (String::from_utf8(body)?, reader.into_inner());
    Ok(Request {
        path,
        headers,
        body,
        stream,
    })
}

impl Request {
    /// The body as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.body)?)
    }

    /// A header, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map_or("", |(_, value)| value)
    }
}
