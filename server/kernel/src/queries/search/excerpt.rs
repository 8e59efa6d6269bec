//! The words around the first match in a task's texts, in time that grows with the texts alone. FTS5's
//! `snippet()` takes the square of the matches, and cannot be interrupted.

use std::ops::Range;

/// The number of words of an excerpt, and of those before the first match.
const LENGTH: usize = 16;
const BEFORE: usize = 4;

/// The maximum number of characters of an excerpt.
const MOST_CHARACTERS: usize = 400;

/// The words of a search, folded for comparison.
pub(super) struct Words(Vec<Vec<char>>);

impl Words {
    /// Returns the words of a text that somebody typed.
    pub(super) fn of(text: &str) -> Self {
        let words = tokens(text).filter_map(|token| text.get(token));
        Self(words.map(|word| fold(word).collect()).collect())
    }

    /// The excerpt of the text whose first match has most of the words around it; the beginning of a
    /// text where none has one.
    pub(super) fn excerpt(&self, texts: &[String]) -> String {
        let mut best = (0, String::new());
        for text in texts {
            let found = self.around_first_match(text);
            if best.1.is_empty() || found.0 > best.0 {
                best = found;
            }
        }
        best.1
    }

    /// Returns the excerpt of one text, with the number of the words that are in it.
    fn around_first_match(&self, text: &str) -> (usize, String) {
        let first = tokens(text)
            .position(|token| self.0.iter().any(|word| begins(text, token.clone(), word)));
        let skipped = match first {
            Some(first) if first >= LENGTH - BEFORE => first - BEFORE,
            _ => 0,
        };
        let mut shown: Vec<_> = tokens(text).skip(skipped).take(LENGTH + 1).collect();
        let is_cut = shown.len() > LENGTH;
        shown.truncate(LENGTH);
        let is_in = |word: &&Vec<char>| shown.iter().any(|token| begins(text, token.clone(), word));
        let count = self.0.iter().filter(is_in).count();
        let start = shown
            .first()
            .filter(|_| skipped > 0)
            .map_or(0, |token| token.start);
        let end = shown
            .last()
            .filter(|_| is_cut)
            .map_or(text.len(), |token| token.end);
        let (before, after) = (
            if skipped > 0 { "…" } else { "" },
            if is_cut { "…" } else { "" },
        );
        let shown = text.get(start..end).unwrap_or_default().trim();
        let shown: String = shown.chars().take(MOST_CHARACTERS).collect();
        (count, format!("{before}{shown}{after}"))
    }
}

/// Returns the byte ranges of the words of a text.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_in_word = |c: char| c.is_alphanumeric() || is_mark(c);
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = characters.find(|(_, c)| is_in_word(*c))?;
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = characters.next_if(|(_, c)| is_in_word(*c)) {
            end = at + c.len_utf8();
        }
        Some(start..end)
    })
}

fn begins(text: &str, token: Range<usize>, word: &[char]) -> bool {
    let mut token = fold(text.get(token).unwrap_or_default());
    word.iter().all(|c| token.next() == Some(*c))
}

/// Without case and accents, as the index compares (`unicode61`, of which these are the letters of
/// European languages).
fn fold(text: &str) -> impl Iterator<Item = char> {
    let letters = text.chars().flat_map(char::to_lowercase);
    letters.filter(|c| !is_mark(*c)).map(without_accent)
}

/// An accent that is a character of its own.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn without_accent(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(words: &str, texts: &[&str]) -> String {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Words::of(words).excerpt(&texts)
    }

    #[test]
    fn a_short_text_is_shown_whole_and_a_long_one_around_its_first_match() {
        assert_eq!(
            excerpt("dragon", &["", " beware of the dragon! "]),
            "beware of the dragon!"
        );
        let long: Vec<String> = (0..100).map(|number| format!("w{number}")).collect();
        assert_eq!(
            excerpt("w50", &[&long.join(" ")]),
            "…w46 w47 w48 w49 w50 w51 w52 w53 w54 w55 w56 w57 w58 w59 w60 w61…"
        );
        assert_eq!(
            excerpt("w11", &[&long.join(" ")]),
            "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15…"
        );
    }

    #[test]
    fn the_text_that_says_most_of_the_words_is_shown_and_the_first_one_where_none_does() {
        assert_eq!(
            excerpt("red fox", &["a fox", "a red fox", "red fox"]),
            "a red fox"
        );
        assert_eq!(excerpt("owl", &["", "a fox", "red"]), "a fox");
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        for (word, text) in [
            ("CAFE", "le Café"),
            ("cafe\u{301}", "le cafe"),
            ("Ångström", "angstrom"),
        ] {
            let long = format!("{} {text}", "and ".repeat(30));
            assert!(excerpt(word, &[&long]).ends_with(text), "{word}");
        }
    }

    #[test]
    fn what_stands_between_the_words_makes_it_no_longer() {
        let text = format!("ok{}ok", "-".repeat(10_000));
        assert_eq!(excerpt("ok", &[&text]).chars().count(), MOST_CHARACTERS);
        let text = "x".repeat(10_000);
        assert_eq!(excerpt("xx", &[&text]).chars().count(), MOST_CHARACTERS);
    }
}
