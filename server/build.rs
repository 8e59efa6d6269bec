//! Tells cargo that a release binary changes with the site that it carries.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads the site's files while it runs. Were they named here too, a check without
    // a site would start anew each time.
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed=../target/site");
    }
}
