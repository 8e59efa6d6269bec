//! The variables in which `kanban.toml` says that secrets of channels are.

use std::collections::BTreeSet;

use toml::{Table, Value};

/// Names of variables that nothing we start may see: neither workers nor the programs of channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Reads the names from the text of a `kanban.toml`; finds none where that is invalid.
    pub fn of_file(text: &str) -> Self {
        let file: Table = toml::from_str(text).unwrap_or_default();
        file.get("channels").map(Self::of).unwrap_or_default()
    }

    /// Collects the names of the table `[channels]`: each `NAME` of an `{ env = "NAME" }`.
    pub(super) fn of(channels: &Value) -> Self {
        let mut secrets = Self::default();
        if let Some(channels) = channels.as_table() {
            secrets.find_in(channels);
        }
        secrets
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn find_in(&mut self, table: &Table) {
        if let Some(name) = table.get("env").and_then(Value::as_str) {
            self.0.insert(name.to_owned());
        }
        let inner = table.values().flat_map(|value| match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        });
        for table in inner.filter_map(Value::as_table) {
            self.find_in(table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_a_channel_names_it() {
        let file: Table = toml::from_str(
            r#"
            [webhook.ci]
            secrets = [{ env = "CI_1" }, { env = "CI_2" }, { file = "/s" }]
            [webhook.env]
            url = "https://example.com"
            [telegram]
            token = { env = "TELEGRAM" }
            [slack]
            webhooks = { general = { env = "SLACK" } }
            "#,
        )
        .unwrap();
        let names: Vec<_> = Secrets::of(&file.into())
            .names()
            .map(str::to_owned)
            .collect();
        assert_eq!(names, ["CI_1", "CI_2", "SLACK", "TELEGRAM"]);
    }
}
