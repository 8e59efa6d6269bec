//! Texts that others rely on, kept in files: a change of one is a change of an interface.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Compares a text with the file of this name in `golden`. With `KANBAN_BLESS=1` it is written
/// there instead; look through the difference then.
pub(crate) fn golden(name: &str, found: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    if env::var_os("KANBAN_BLESS").is_some() {
        path.parent().map(fs::create_dir_all).transpose()?;
        return Ok(fs::write(&path, found)?);
    }
    let expected = fs::read_to_string(&path)
        .with_context(|| format!("no {}; KANBAN_BLESS=1 makes it", path.display()))?;
    ensure!(
        expected == found,
        "{name} is not what it was (KANBAN_BLESS=1 accepts it)\n--- expected\n{expected}\n--- found\n{found}"
    );
    Ok(())
}

/// JSON in which everything is replaced that is another each time: ids, moments, paths, secrets.
pub(crate) fn shape(json: &Value, home: &Path) -> Value {
    match json {
        Value::Array(items) => items.iter().map(|item| shape(item, home)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), shape_member(key, value, home)))
            .collect(),
        Value::Number(number) if number.as_i64().is_some_and(|it| it > 1_000_000_000) => {
            "MOMENT".into()
        }
        Value::String(text) => shape_text(text, home).into(),
        other => other.clone(),
    }
}

fn shape_member(key: &str, value: &Value, home: &Path) -> Value {
    let is_measured = key.ends_with("_seconds") || key.ends_with("_bytes");
    match value {
        Value::Number(_) if is_measured => "MEASURED".into(),
        Value::String(_) if key == "program" => "PROGRAM".into(),
        Value::String(_) if key == "token" => "SECRET".into(),
        value => shape(value, home),
    }
}

fn shape_text(text: &str, home: &Path) -> String {
    let text = text.replace(&*home.to_string_lossy(), "HOME");
    let text = match env::var("PATH") {
        Ok(path) if !path.is_empty() => text.replace(&path, "SEARCHED"),
        _ => text,
    };
    let words = text.split_inclusive(|char: char| !char.is_alphanumeric() && char != '_');
    words
        .map(|word| {
            let end = word.trim_end_matches(|char: char| !char.is_alphanumeric() && char != '_');
            let rest = word.get(end.len()..).unwrap_or_default();
            let digits = end.strip_prefix("t_").unwrap_or_default();
            let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_number = end.len() >= 2 && end.bytes().all(|byte| byte.is_ascii_digit());
            match end {
                _ if digits.len() == 8 && is_hex(digits) => format!("TASK{rest}"),
                _ if end.len() == 64 && is_hex(end) => format!("SECRET{rest}"),
                _ if is_number => format!("NUMBER{rest}"),
                _ => word.to_owned(),
            }
        })
        .collect()
}
