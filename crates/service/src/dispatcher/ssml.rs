//! Texts of screen readers: SSML with index marks.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::XmlVersion::Implicit1_0;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// A text, and where its index marks are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) text: String,
    /// Bytes of the text before the mark, and its name.
    pub(super) marks: Vec<(usize, String)>,
}

impl Message {
    /// Reads SSML. Elements other than `mark` and `break` have no influence; a text that is not
    /// XML is spoken as it is.
    pub(super) fn parse(ssml: &str) -> Self {
        Self::read(ssml).unwrap_or_else(|error| {
            tracing::warn!("a text is not XML: {error}");
            Self {
                text: ssml.to_owned(),
                marks: Vec::new(),
            }
        })
    }

    /// A name, such as `control_a`, or one character.
    pub(super) fn name(name: &str) -> Self {
        let is_character = name.chars().count() == 1;
        Self {
            text: if is_character {
                name.to_owned()
            } else {
                name.replace('_', " ")
            },
            marks: Vec::new(),
        }
    }

    fn read(ssml: &str) -> Result<Self, quick_xml::Error> {
        let mut reader = Reader::from_str(ssml);
        let mut message = Self::default();
        loop {
            match reader.read_event()? {
                Event::Text(text) => message.text += &text.xml_content(Implicit1_0),
                Event::CData(text) => message.text += &text.xml_content(Implicit1_0),
                Event::GeneralRef(reference) => match reference.resolve_char_ref()? {
                    Some(letter) => message.text.push(letter),
                    None => message.text += resolve_predefined_entity(&reference).unwrap_or(" "),
                },
                Event::Start(element) | Event::Empty(element) => message.element(&element)?,
                Event::Eof => return Ok(message),
                Event::End(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => {}
            }
        }
    }

    fn element(&mut self, element: &BytesStart) -> Result<(), quick_xml::Error> {
        let attribute = |name: &str| -> Result<Option<String>, quick_xml::Error> {
            let value = element.try_get_attribute(name)?;
            let value = value.map(|value| value.normalized_value(Implicit1_0));
            Ok(value.transpose()?.map(String::from))
        };
        match element.local_name().as_ref() {
            "mark" => {
                if let Some(name) = attribute("name")? {
                    self.marks.push((self.text.len(), name));
                }
            }
            "break" => {
                if let Some(time) = attribute("time")? {
                    // A string takes all that is written.
                    let _ = write!(self.text, " [pause {time}] ");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_breaks_are_read() {
        let ssml = "<speak>\n<mark name=\"a\"/>Fish &amp; chips<mark name='__spd_1'/> &#8212; and\
                    <break time=\"300ms\"/><emphasis>tea</emphasis>.</speak>";
        let message = Message::parse(ssml);
        assert_eq!(
            message.text,
            "\nFish & chips \u{2014} and [pause 300ms] tea."
        );
        let marks = message.marks.iter();
        let before: Vec<_> = marks
            .map(|(at, name)| (&message.text[..*at], name.as_str()))
            .collect();
        assert_eq!(before, [("\n", "a"), ("\nFish & chips", "__spd_1")]);
    }

    #[test]
    fn what_is_not_xml_is_spoken() {
        for text in [
            "a < b",
            "</speak>",
            "<mark name=\"a>",
            "fish & chips",
            "&#xffffffff;",
        ] {
            assert_eq!(Message::parse(text).text, text);
        }
        assert_eq!(Message::name("control_a").text, "control a");
        assert_eq!(Message::name("_").text, "_");
    }
}
