//! Makes the site where nobody has, and tells cargo that a release binary changes with it.

use std::path::Path;
use std::process::Command;
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
        // `cargo install` builds the program without having asked `make` for the page.
        if fs::read_dir(site)?.next().is_none() && !is_made() {
            println!(
                "cargo::error=the page could not be made: `make site` takes make, rustup, and Node 20 or later with npm"
            );
        }
    }
    Ok(())
}

fn is_made() -> bool {
    let mut make = Command::new("make");
    make.arg("site").current_dir("..");
    // The flags are those of this machine, and the page is made for browsers.
    make.env_remove("CARGO_ENCODED_RUSTFLAGS");
    make.status().is_ok_and(|status| status.success())
}
