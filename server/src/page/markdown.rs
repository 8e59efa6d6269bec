//! Markdown as HTML that is safe to show, made on the server only.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The allowed HTML. Pictures are not: they would tell others who reads the board, and when.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ];
    let attributes = HashMap::from([
        ("a", HashSet::from(["href", "title"])),
        ("ol", HashSet::from(["start"])),
    ]);
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(tags))
        .tag_attributes(attributes)
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

/// The deepest nesting of lists and quotations. The sanitizer looks through all that are open for
/// each new one, so that a text of nothing but `>` would keep it busy for minutes.
const DEPTH: u32 = 24;

/// A longer text is shown as it stands, in bytes.
const LONGEST: usize = 100_000;

/// So is one with more characters that HTML has names for. The sanitizer takes the square of their
/// number.
const MOST_ESCAPED: usize = 4_000;

/// The most text of one page that becomes Markdown, in bytes. What comes after that is shown as it
/// stands.
const A_PAGE: usize = 500_000;

/// Makes HTML of the texts of one page.
pub(super) struct Page {
    left: usize,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { left: A_PAGE }
    }

    pub(super) fn render(&mut self, text: &str) -> String {
        match self.left.checked_sub(text.len()) {
            Some(left) => {
                self.left = left;
                to_html(text)
            }
            None => as_it_stands(text),
        }
    }
}

/// The HTML of a text, with tables, strike-through and task lists. Line breaks stay where they were
/// written, as people who write notes expect. What looks like HTML is shown as it stands.
fn to_html(text: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let escaped = || text.bytes().filter(|byte| b"&<>\"".contains(byte)).count();
    if text.len() > LONGEST || escaped() > MOST_ESCAPED {
        return as_it_stands(text);
    }
    let (mut around, mut heading) = (Vec::new(), HeadingLevel::H4);
    let mut depth: u32 = 0;
    let shallow = Parser::new_ext(text, options).filter(|event| match event {
        Event::Start(_) => {
            depth += 1;
            depth <= DEPTH
        }
        Event::End(_) => {
            depth = depth.saturating_sub(1);
            depth < DEPTH
        }
        _ => true,
    });
    let events = shallow.map(|event| match event {
        Event::Start(Tag::Heading { level, .. }) => {
            heading = below_section(&mut around, level);
            let (level, id, classes, attrs) = (heading, None, Vec::new(), Vec::new());
            Event::Start(Tag::Heading {
                level,
                id,
                classes,
                attrs,
            })
        }
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(heading)),
        Event::SoftBreak => Event::HardBreak,
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::TaskListMarker(is_done) => Event::Text(if is_done { "☑ " } else { "☐ " }.into()),
        event => event,
    });
    let mut unsafe_html = String::new();
    html::push_html(&mut unsafe_html, events);
    SANITIZER.clean(&unsafe_html).to_string()
}

/// The level of a heading of a text, below that of its section. It is as deep as there are headings
/// around it, whatever numbers a text uses: so nobody who goes from heading to heading misses a level.
fn below_section(around: &mut Vec<HeadingLevel>, level: HeadingLevel) -> HeadingLevel {
    around.retain(|outer| *outer < level);
    around.push(level);
    match around.len() {
        1 => HeadingLevel::H4,
        2 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

fn as_it_stands(text: &str) -> String {
    let mut html = String::new();
    let events = [
        Event::Html("<pre>".into()),
        Event::Text(text.into()),
        Event::Html("</pre>".into()),
    ];
    html::push_html(&mut html, events.into_iter());
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_keeps_the_server_busy() {
        let begun = std::time::Instant::now();
        for piece in [
            ">", "- ", "x", "&", "&#x", "<", "[", "![", "*_", "`", "|", "~~", "\\",
        ] {
            let html = to_html(&piece.repeat(90_000 / piece.len()));
            assert!(html.matches("<blockquote>").count() <= 24);
            assert!(html.matches("<ul>").count() <= 24);
            assert!(begun.elapsed().as_secs() < 30, "{piece}");
        }
    }

    #[test]
    fn a_page_of_many_texts_shows_the_last_as_they_stand() {
        let (mut page, text) = (Page::new(), format!("*a* {}", "x ".repeat(45_000)));
        let made: Vec<_> = (0..6).map(|_| page.render(&text)).collect();
        let is_markdown: Vec<_> = made.iter().map(|it| it.contains("<em>a</em>")).collect();
        assert_eq!(is_markdown, [true, true, true, true, true, false]);
    }

    #[test]
    fn notes_become_paragraphs_lists_and_tables() {
        let html = to_html("# One\ntwo\nthree\n\n- [x] done\n\n| a |\n|---|\n| 1 |\n\n~~no~~");
        for part in [
            "<h4>One</h4>",
            "two<br>\nthree",
            "<li>☑ done",
            "<td>1</td>",
            "<del>no</del>",
        ] {
            assert!(html.contains(part), "no {part} in {html}");
        }
    }

    #[test]
    fn headings_leave_no_level_out() {
        let html = to_html("## a\n#### b\n## c\n# d\n### e\n#### f\n##### g");
        let levels: Vec<_> = html
            .match_indices("<h")
            .map(|(at, _)| &html[at + 2..at + 3])
            .collect();
        assert_eq!(levels, ["4", "5", "4", "4", "5", "6", "6"]);
    }

    #[test]
    fn nothing_that_runs_or_reaches_out_gets_through() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "![pixel](https://spy.example/p.png)",
            "[x](javascript:alert(1))",
            "[x](data:text/html;base64,AAAA)",
            "<a href=\"java\nscript:alert(1)\">x</a>",
            "<p style=\"position:fixed\" onclick=\"x()\">x</p>",
            "<svg/onload=alert(1)>",
            "<iframe src=//spy.example></iframe>",
            "<form action=/fn/create_task><button>x</button></form>",
            "```\n</code></pre><script>x</script>\n```",
            "<input type=text autofocus onfocus=alert(1)>",
        ];
        for text in hostile {
            let html = to_html(text).to_lowercase();
            for sign in [
                "<script", "<img", "<svg", "<iframe", "<form", "<button", "<input", "<p s",
            ] {
                assert!(!html.contains(sign), "{sign} in {html}");
            }
            let leads_astray = ["<a href=\"j", "<a href=\"d"].map(|link| html.contains(link));
            assert_eq!(leads_astray, [false; 2], "{html}");
        }
    }

    #[test]
    fn html_that_was_meant_as_text_is_shown() {
        assert!(to_html("use <b>bold</b>").contains("&lt;b&gt;bold&lt;/b&gt;"));
    }

    #[test]
    fn links_open_beside_the_board_and_tell_nothing_of_it() {
        let html = to_html("<https://example.org/a?b=1&c=2>");
        assert!(
            html.contains("rel=\"noopener noreferrer nofollow\""),
            "{html}"
        );
        assert!(html.contains("target=\"_blank\""), "{html}");
    }
}
