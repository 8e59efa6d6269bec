//! Prepares the place of the site, and tells cargo that a release binary changes with it.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let site = Path::new("../target/site");
    // An empty folder will do for everything but a page in a browser. Without any, a debug binary
    // would not find the files that are made after it.
    fs::create_dir_all(site)?;

    println!("cargo::rerun-if-changed=build.rs");
    // A debug binary reads the files while it runs; new ones need no new binary.
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed={}", site.display());
    }
    Ok(())
}
