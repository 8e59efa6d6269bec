//! The variables in which `kanban.toml` says that secrets of channels are.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::document::Document;

/// Names of variables that nothing we start may see: neither workers nor the programs of channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Collects the names of the table `[channels]`: each `NAME` of an `{ env = "NAME" }`. Finds none
    /// where the document is invalid.
    pub fn of(document: &Document) -> Self {
        let mut secrets = Self::default();
        if let Ok(Some(channels)) = document.table("channels") {
            secrets.find_in(channels.value.get_ref());
        }
        secrets
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn find_in(&mut self, value: &DeValue<'_>) {
        match value {
            DeValue::Array(values) => values.iter().for_each(|it| self.find_in(it.get_ref())),
            DeValue::Table(table) => table.iter().for_each(|(key, value)| {
                if let ("env", DeValue::String(name)) = (key.get_ref().as_ref(), value.get_ref()) {
                    self.0.insert(name.clone().into_owned());
                }
                self.find_in(value.get_ref());
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_a_channel_names_it() {
        let text = r#"
            [channels.webhook.ci]
            secrets = [{ env = "CI_1" }, { env = "CI_2" }, { file = "/s" }]
            [channels.webhook.env]
            url = "https://example.com"
            [channels.telegram]
            token = { env = "TELEGRAM" }
            [channels.slack]
            webhooks = { general = { env = "SLACK" } }
            "#;
        let secrets = Secrets::of(&Document::new("/h".into(), text.to_owned()));
        let names: Vec<_> = secrets.names().collect();
        assert_eq!(names, ["CI_1", "CI_2", "SLACK", "TELEGRAM"]);
    }
}
