//! The places of a page where a text stands, as a browser's own tokenizer sees them.

use std::cell::RefCell;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer,
};

/// A place in a page, such as `a.title` or `input[value]`, and the text in it.
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
    /// The tag that was opened or closed last.
    tag: RefCell<String>,
}

impl Slots {
    fn push(&self, name: String, text: &str) {
        let text = text.to_owned();
        self.slots.borrow_mut().push(Slot { name, text });
    }

    /// A tokenizer tells a text in pieces.
    fn push_text(&self, text: &str) {
        let name = self.tag.borrow().clone();
        match self.slots.borrow_mut().last_mut() {
            Some(last) if last.name == name => return last.text.push_str(text),
            _ => {}
        }
        self.push(name, text);
    }

    fn open(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        assert_ne!(name, "x-evil", "a text has made an element");
        let class = tag.attrs.iter().find(|it| &*it.name.local == "class");
        let first = class.and_then(|it| it.value.split_whitespace().next());
        let place = match first {
            Some(class) => format!("{name}.{class}"),
            None => name.to_owned(),
        };
        for attribute in &tag.attrs {
            let key = &*attribute.name.local;
            assert_ne!(key, "x-evil", "a text has made an attribute of {place}");
            self.push(format!("{place}[{key}]"), &attribute.value);
        }
        *self.tag.borrow_mut() = place;
        match name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl TokenSink for Slots {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return self.open(&tag),
            Token::TagToken(_) => "after a tag".clone_into(&mut self.tag.borrow_mut()),
            Token::CharacterTokens(text) => self.push_text(&text),
            Token::CommentToken(text) => self.push("comment".to_owned(), &text),
            Token::NullCharacterToken => self.push_text("\0"),
            Token::DoctypeToken(_) | Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
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
