//! A page of the guide as HTML. The text is ours, so it is taken as it is.

use pulldown_cmark::{CowStr, Event, Options, Parser, html};

use super::page;

/// The prefix by which a page names another.
const COMMAND: &str = "kanban guide ";

/// The HTML of a page. Where it names the command that shows another page, it leads there.
pub(super) fn of_markdown(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Code(code) => link(&code).unwrap_or(Event::Code(code)),
        event => event,
    });
    let mut text = String::new();
    html::push_html(&mut text, events);
    text
}

fn link(code: &CowStr<'_>) -> Option<Event<'static>> {
    let topic = page(code.strip_prefix(COMMAND)?)?.topic;
    let link = format!("<a href=\"./guide/{topic}\"><code>{COMMAND}{topic}</code></a>");
    Some(Event::InlineHtml(link.into()))
}

#[cfg(test)]
mod tests {
    use super::super::PAGES;
    use super::*;

    #[test]
    fn a_page_that_names_another_leads_there() {
        let html = of_markdown("See `kanban guide lanes`, not `kanban guide nonsense` or `ls`.");
        assert!(html.contains(r#"<a href="./guide/lanes"><code>kanban guide lanes</code></a>"#));
        assert_eq!(html.matches("<a ").count(), 1);
    }

    #[test]
    fn no_page_holds_html_of_its_own() {
        for page in PAGES {
            let text = page.text();
            let mut events = Parser::new_ext(&text, Options::ENABLE_TABLES);
            let is_html = |it: &Event<'_>| matches!(it, Event::Html(_) | Event::InlineHtml(_));
            assert!(!events.any(|event| is_html(&event)), "{}", page.topic);
        }
    }
}
