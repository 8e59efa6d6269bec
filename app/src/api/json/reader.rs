//! A reader of JSON for what the server sends to a page. The one of `serde_json` says of each wrong value
//! what is wrong with it and where, also reads structs that are arrays, and is there anew for each type:
//! a tenth of the program, for words that nobody is told.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// More levels than this have no answer of the server.
const MOST_LEVELS: u32 = 128;

/// A text that is no JSON, or not of the type that was wanted.
#[derive(Debug)]
pub struct Unread;

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not what was expected")
    }
}

impl std::error::Error for Unread {}

impl Error for Unread {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The rest of a text.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    levels: u32,
}

/// A whole number.
enum Number {
    Natural(u64),
    Negative(i64),
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            levels: 0,
        }
    }

    /// Fails if anything follows.
    pub(super) fn end(&mut self) -> Result<(), Unread> {
        match self.peek() {
            0 => Ok(()),
            _ => Err(Unread),
        }
    }

    /// The first byte of what comes next; 0 at the end.
    fn peek(&mut self) -> u8 {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied().unwrap_or_default()
    }

    fn next(&mut self) -> Result<u8, Unread> {
        let (first, rest) = self.rest.split_first().ok_or(Unread)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Passes this byte if it comes next.
    fn passes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        if is_next {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unread> {
        if self.passes(byte) {
            Ok(())
        } else {
            Err(Unread)
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Unread> {
        self.rest = self.rest.strip_prefix(word.as_bytes()).ok_or(Unread)?;
        Ok(())
    }

    /// Begins an object or an array.
    fn open(&mut self, byte: u8) -> Result<(), Unread> {
        self.levels = self.levels.saturating_add(1);
        if self.levels > MOST_LEVELS {
            return Err(Unread);
        }
        self.expect(byte)
    }

    fn close(&mut self, byte: u8) -> Result<(), Unread> {
        self.levels = self.levels.saturating_sub(1);
        self.expect(byte)
    }

    /// Goes on to the next entry of an object or an array; false at its end.
    fn goes_on(&mut self, is_first: &mut bool, end: u8) -> Result<bool, Unread> {
        if self.peek() == end {
            return Ok(false);
        }
        if !std::mem::take(is_first) {
            self.expect(b',')?;
        }
        Ok(true)
    }

    fn text(&mut self) -> Result<String, Unread> {
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            let plain = self
                .rest
                .iter()
                .take_while(|it| !matches!(it, b'"' | b'\\'));
            let (plain, rest) = self.rest.split_at_checked(plain.count()).ok_or(Unread)?;
            text.extend_from_slice(plain);
            self.rest = rest;
            if self.next()? == b'"' {
                return String::from_utf8(text).map_err(|_| Unread);
            }
            let escaped = self.escaped()?;
            text.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn escaped(&mut self) -> Result<char, Unread> {
        Ok(match self.next()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'u' => {
                let first = self.unit()?;
                let code = if (0xd800..0xdc00).contains(&first) {
                    self.word("\\u")?;
                    let second = self.unit()?;
                    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
                    let high = first.wrapping_sub(0xd800) << 10;
                    0x1_0000 + high + low.ok_or(Unread)?
                } else {
                    first
                };
                char::from_u32(code).ok_or(Unread)?
            }
            _ => return Err(Unread),
        })
    }

    /// Reads four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Unread> {
        (0..4).try_fold(0, |unit, _| {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Unread)?;
            Ok(unit << 4 | digit)
        })
    }

    /// Reads a number. Of one with a fraction or an exponent, which a page reads nowhere, it is the whole
    /// part.
    fn number(&mut self) -> Result<Number, Unread> {
        let of_number = |it: &&u8| matches!(it, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest.iter().take_while(of_number).count();
        let (number, rest) = self.rest.split_at_checked(length).ok_or(Unread)?;
        self.rest = rest;
        let number = str::from_utf8(number).map_err(|_| Unread)?;
        let whole = number.split(['.', 'e', 'E']).next().unwrap_or_default();
        match whole.parse() {
            Ok(number) => Ok(Number::Natural(number)),
            Err(_) => whole.parse().map(Number::Negative).map_err(|_| Unread),
        }
    }
}

/// Forwards the numbers, and what is read as any value is.
macro_rules! any {
    ($($kind:ident)*) => {$(
        fn $kind<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match self.peek() {
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b'"' => self.deserialize_string(visitor),
            b'n' => self.deserialize_unit(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            _ => match self.number()? {
                Number::Natural(number) => visitor.visit_u64(number),
                Number::Negative(number) => visitor.visit_i64(number),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        let is_true = self.peek() == b't';
        self.word(if is_true { "true" } else { "false" })?;
        visitor.visit_bool(is_true)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.peek();
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        if self.peek() == b'n' {
            return self.deserialize_unit(visitor);
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.open(b'[')?;
        let value = visitor.visit_seq(Entries::of(self))?;
        self.close(b']')?;
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.open(b'{')?;
        let value = visitor.visit_map(Entries::of(self))?;
        self.close(b'}')?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        if self.peek() != b'{' {
            let name = self.text()?;
            return visitor.visit_enum(StrDeserializer::new(&name));
        }
        self.open(b'{')?;
        let value = visitor.visit_enum(Entries::of(self))?;
        self.close(b'}')?;
        Ok(value)
    }

    any! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_ignored_any
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_string(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_seq(visitor)
    }
}

/// The entries of an object or an array.
struct Entries<'r, 'a> {
    reader: &'r mut Reader<'a>,
    is_first: bool,
}

impl<'r, 'a> Entries<'r, 'a> {
    fn of(reader: &'r mut Reader<'a>) -> Self {
        let is_first = true;
        Self { reader, is_first }
    }
}

impl<'de> SeqAccess<'de> for Entries<'_, '_> {
    type Error = Unread;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unread> {
        if !self.reader.goes_on(&mut self.is_first, b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Unread;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unread> {
        if !self.reader.goes_on(&mut self.is_first, b'}')? {
            return Ok(None);
        }
        let key = self.reader.text()?;
        seed.deserialize(Key(&key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unread> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant that is the only key of an object, and its content.
impl<'de> EnumAccess<'de> for Entries<'_, '_> {
    type Error = Unread;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Unread> {
        let name = self.reader.text()?;
        self.reader.expect(b':')?;
        Ok((seed.deserialize(Key(&name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Entries<'_, '_> {
    type Error = Unread;

    fn unit_variant(self) -> Result<(), Unread> {
        serde::Deserialize::deserialize(self.reader)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Unread> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Unread> {
        self.reader.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.reader.deserialize_map(visitor)
    }
}

/// A key of an object: a text, or a number in one.
struct Key<'k>(&'k str);

/// Forwards what a key is read as.
macro_rules! key {
    ($($kind:ident)*) => {$(
        fn $kind<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
            self.number(visitor)
        }
    )*};
}

impl Key<'_> {
    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_i64(self.0.parse().map_err(|_| Unread)?)
    }
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        let name: StrDeserializer<'_, Unread> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    key! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64
    }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}
