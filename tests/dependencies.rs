//! The dependency rule that keeps the parts apart, checked against cargo's own output.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
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

/// Packages whose parts, the modules at the top, form no ring: each may be read before those that use
/// it.
const WITHOUT_RINGS: [&str; 2] = ["server/src", "server/notifier/src"];

#[test]
fn the_parts_of_the_doors_and_of_the_notifier_form_no_ring() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for package in WITHOUT_RINGS {
        let folder = root.join(package);
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let part = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            if !matches!(part, "lib" | "main" | "tests" | "receiver") {
                used_below(&path, uses.entry(part.to_owned()).or_default())?;
            }
        }
        let parts: BTreeSet<String> = uses.keys().cloned().collect();
        for (part, used) in &mut uses {
            used.retain(|it| it != part && parts.contains(it));
        }
        // A part that uses none of those left cannot be in a ring.
        while let Some(last) = uses.iter().find(|(_, used)| used.is_empty()) {
            let last = last.0.clone();
            uses.remove(&last);
            for used in uses.values_mut() {
                used.remove(&last);
            }
        }
        ensure!(uses.is_empty(), "a ring in {package}: {uses:#?}");
    }
    Ok(())
}

/// Collects the names that stand after `crate::` in the code below `path`, without its tests.
fn used_below(path: &Path, used: &mut BTreeSet<String>) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            used_below(&entry?.path(), used)?;
        }
    }
    let is_code = path.extension() == Some(OsStr::new("rs"));
    if !is_code || path.ends_with("tests.rs") {
        return Ok(());
    }
    let text = fs::read_to_string(path)?;
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.collect();
    for rest in code.split("crate::").skip(1) {
        let (names, _) = rest.split_once(';').unwrap_or((rest, ""));
        let is_list = names.starts_with('{');
        let names = names.split(|it: char| !it.is_alphanumeric() && it != '_');
        let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
        used.extend(names.take(if is_list { usize::MAX } else { 1 }));
    }
    Ok(())
}
