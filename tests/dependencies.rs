//! The dependency rule that keeps the parts apart, checked against cargo's own output.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::harness::text;

/// For each package of ours: which others of ours it may use, and which crates it must never use.
const RULES: [(&str, &[&str], &[&str]); 9] = [
    (
        "domain",
        &[],
        &[
            "tokio",
            "rusqlite",
            "leptos",
            "rand",
            "getrandom",
            "jiff",
            "chrono",
            "time",
            "web-sys",
        ],
    ),
    (
        "state",
        &["domain"],
        &[
            "leptos", "web-sys", "tokio", "rand", "jiff", "chrono", "time",
        ],
    ),
    ("kernel", &["domain"], &["leptos", "axum", "clap"]),
    (
        "app",
        &["domain", "state"],
        &[
            "rusqlite",
            "axum",
            "tokio",
            "ammonia",
            "pulldown-cmark",
            "serde-saphyr",
        ],
    ),
    ("frontend", &["app"], &["axum", "tokio", "rusqlite"]),
    (
        "dispatcher",
        &["domain", "kernel"],
        &["leptos", "axum", "clap", "rusqlite"],
    ),
    (
        "notifier",
        &["dispatcher", "domain", "kernel"],
        &["leptos", "clap", "rusqlite"],
    ),
    (
        "server",
        &["app", "dispatcher", "domain", "kernel", "notifier", "state"],
        &["rusqlite"],
    ),
    // It speaks SQL only as another program would that writes to the same file.
    ("tests", &["domain", "kernel", "server"], &["app", "leptos"]),
];

/// These must be free of the forbidden crates through and through, not only in their own manifest.
const PURE: [&str; 1] = ["domain"];

/// The output of cargo.
fn cargo(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn metadata() -> anyhow::Result<Value> {
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
        "--offline",
    ];
    Ok(serde_json::from_str(&cargo(&arguments)?)?)
}

/// Our packages, by name.
fn ours(metadata: &Value) -> anyhow::Result<BTreeMap<&str, &Value>> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .map(|package| Ok((text(package, "/name")?, package)))
        .collect()
}

/// The names that a package's manifest asks for. What only its tests use counts in the package of
/// tests and nowhere else.
fn asked_for(package: &Value) -> BTreeSet<&str> {
    let is_of_tests = package["name"] == "tests";
    let all = package["dependencies"].as_array().into_iter().flatten();
    let kept = all.filter(|it| is_of_tests || it["kind"] != "dev");
    kept.filter_map(|it| it["name"].as_str()).collect()
}

/// The names of everything that is built into a package, however far down.
fn built_in(package: &str) -> anyhow::Result<BTreeSet<String>> {
    let shape = [
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--locked",
        "--offline",
    ];
    let tree = cargo(&[&["tree", "--package", package], &shape[..]].concat())?;
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

#[test]
fn every_package_uses_only_what_it_may() -> anyhow::Result<()> {
    let metadata = metadata()?;
    let ours = ours(&metadata)?;
    let names: Vec<_> = ours.keys().copied().collect();
    let mut ruled = RULES.map(|(name, ..)| name);
    ruled.sort_unstable();
    assert_eq!(
        names, ruled,
        "every package has its rule, and no rule is left over"
    );
    for (name, may_use, must_never_use) in RULES {
        for used in &asked_for(ours[name]) {
            let is_allowed = !ours.contains_key(used) || may_use.contains(used);
            assert!(is_allowed, "{name} must not use our {used}");
            assert!(
                !must_never_use.contains(used),
                "{name} must never use {used}"
            );
        }
        if PURE.contains(&name) {
            let built_in = built_in(name)?;
            assert!(built_in.contains("serde"), "the tree was read");
            let forbidden = must_never_use.iter().find(|it| built_in.contains(**it));
            assert_eq!(
                forbidden, None,
                "{name} must be free of it through and through"
            );
        }
    }
    Ok(())
}

#[test]
fn the_browsers_half_is_not_built_with_the_servers() -> anyhow::Result<()> {
    let metadata = metadata()?;
    let frontend = text(ours(&metadata)?["frontend"], "/id")?;
    let members = metadata["workspace_default_members"]
        .as_array()
        .context("no members")?;
    assert!(!members.is_empty());
    assert!(!members.iter().any(|id| id == frontend));
    Ok(())
}
