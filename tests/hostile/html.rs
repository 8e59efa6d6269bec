//! The slots of a page: every text and every attribute, as a browser's own tokenizer sees them.

use std::cell::RefCell;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer,
};

/// A place in a page, such as `article.card a.title` or `form input[value]`, and the text in it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) text: String,
}

/// Every text and every attribute of a page.
pub(super) fn slots(html: &str) -> Vec<Slot> {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(
        Slots::default(),
        html5ever::tokenizer::TokenizerOpts::default(),
    );
    drop(tokenizer.feed(&input));
    tokenizer.end();
    tokenizer.sink.slots.into_inner()
}

#[derive(Debug, Default)]
struct Slots {
    slots: RefCell<Vec<Slot>>,
    /// The elements that are open: their names, and how a slot calls them.
    open: RefCell<Vec<(String, String)>>,
}

/// Elements that have no end tag, nor a text.
const VOID: [&str; 8] = ["br", "col", "hr", "img", "input", "link", "meta", "source"];

impl Slots {
    fn push(&self, name: String, text: &str) {
        let text = text.to_owned();
        self.slots.borrow_mut().push(Slot { name, text });
    }

    /// A tokenizer tells a text in pieces.
    fn push_text(&self, text: &str) {
        let name = self.place();
        match self.slots.borrow_mut().last_mut() {
            Some(last) if last.name == name => return last.text.push_str(text),
            _ => {}
        }
        self.push(name, text);
    }

    /// The innermost element, after the next one around it that has a class.
    fn place(&self) -> String {
        let open = self.open.borrow();
        let Some(((_, innermost), around)) = open.split_last() else {
            return String::new();
        };
        let with_class = around.iter().rev().find(|(_, it)| it.contains('.'));
        match with_class {
            Some((_, around)) => format!("{around} {innermost}"),
            None => innermost.clone(),
        }
    }

    fn open(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        assert_ne!(name, "x-evil", "a text has made an element");
        let class = tag.attrs.iter().find(|it| &*it.name.local == "class");
        let first = class.and_then(|it| it.value.split_whitespace().next());
        let called = match first {
            Some(class) => format!("{name}.{class}"),
            None => name.to_owned(),
        };
        self.open.borrow_mut().push((name.to_owned(), called));
        let place = self.place();
        for attribute in &tag.attrs {
            let key = &*attribute.name.local;
            assert_ne!(key, "x-evil", "a text has made an attribute of {place}");
            self.push(format!("{place}[{key}]"), &attribute.value);
        }
        if tag.self_closing || VOID.contains(&name) {
            self.open.borrow_mut().pop();
        }
        match name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn close(&self, name: &str) {
        let mut open = self.open.borrow_mut();
        // A page may leave out the end of a paragraph or a list entry.
        if let Some(at) = open.iter().rposition(|(it, _)| it == name) {
            open.truncate(at);
        }
    }
}

impl TokenSink for Slots {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return self.open(&tag),
            Token::TagToken(tag) => self.close(&tag.name),
            Token::CharacterTokens(text) => self.push_text(&text),
            Token::CommentToken(text) => self.push("comment".to_owned(), &text),
            Token::NullCharacterToken => self.push_text("\0"),
            Token::DoctypeToken(_) | Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[test]
fn a_slot_is_called_by_its_element_and_the_class_around_it() {
    let html = "<main class='a b'><p><br><b title=t>one</b>two</p></main><input value=v>";
    let slots = slots(html);
    let found: Vec<_> = slots.iter().map(|it| (&*it.name, &*it.text)).collect();
    assert_eq!(
        found,
        [
            ("main.a[class]", "a b"),
            ("main.a b[title]", "t"),
            ("main.a b", "one"),
            ("main.a p", "two"),
            ("input[value]", "v"),
        ]
    );
}

#[test]
fn a_text_that_breaks_out_is_seen() {
    for html in [
        "<p><x-evil>",
        "<input value=\"\" x-evil=1>",
        "<script>\"</script><x-evil>\"</script>",
        "<title></title><x-evil></title>",
    ] {
        let seen = std::panic::catch_unwind(|| slots(html));
        assert!(seen.is_err(), "{html}");
    }
    for html in [
        "<title><x-evil></title>",
        "<script>\"<x-evil>\"</script>",
        "<p title='<x-evil>'>",
    ] {
        assert!(
            slots(html).iter().any(|it| it.text.contains("x-evil")),
            "{html}"
        );
    }
}
