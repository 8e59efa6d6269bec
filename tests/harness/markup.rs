//! A page as a browser reads it: its elements and its title, by the tokenizer of the HTML standard.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, StartTag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};

/// A parsed page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Markup {
    /// The names of all elements in the order in which they begin, each with those of its attributes.
    pub(crate) elements: Vec<(String, Vec<String>)>,
    /// The text of the document's title.
    pub(crate) title: String,
}

#[derive(Default)]
struct Sink(RefCell<Reading>);

#[derive(Default)]
struct Reading {
    markup: Markup,
    is_in_title: bool,
}

impl Markup {
    /// Parses a document.
    pub(crate) fn of(html: &str) -> Self {
        let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(html));
        // It stops after each script, for whoever runs them.
        while !matches!(tokenizer.feed(&input), html5ever::TokenizerResult::Done) {}
        tokenizer.end();
        tokenizer.sink.0.into_inner().markup
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            TagToken(tag) => {
                let is_start = tag.kind == StartTag;
                // An icon may have a title of its own; the first is the document's.
                let is_first = reading.markup.title.is_empty();
                reading.is_in_title = is_start && &*tag.name == "title" && is_first;
                if !is_start {
                    return TokenSinkResult::Continue;
                }
                let attributes = tag.attrs.iter().map(|it| it.name.local.to_string());
                let element = (tag.name.to_string(), attributes.collect());
                reading.markup.elements.push(element);
                match &*tag.name {
                    "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
                    "style" | "noscript" => TokenSinkResult::RawData(Rawtext),
                    "script" => TokenSinkResult::RawData(ScriptData),
                    _ => TokenSinkResult::Continue,
                }
            }
            CharacterTokens(text) => {
                if reading.is_in_title {
                    reading.markup.title.push_str(&text);
                }
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}
