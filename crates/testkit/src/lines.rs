//! Lines made at random, of what is hard to tokenize.

use crate::FixtureError;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng as _;

/// How many lines are compared.
pub const LINES: usize = 50_000;

/// Words, names of special pieces, spaces, and characters that normalisation changes.
const LINE_PARTS: &[&str] = &[
    "the ",
    "ing ",
    " hello",
    "world",
    "don't",
    "3.14",
    "1,000 ",
    "CamelCase",
    "café",
    "naïve",
    "Straße ",
    "señor",
    "日本語",
    "中文",
    "한국어",
    "مرحبا",
    "שלום ",
    "नमस्ते",
    "Привет",
    "😀",
    "👩‍👩‍👧‍👦",
    "🇫🇷",
    "👍🏽",
    "<s>",
    "</s>",
    "<unk>",
    "<pad>",
    "<0x41>",
    "<s",
    "▁",
    "▁▁",
    "▁the",
    " ",
    "  ",
    "      ",
    "\t",
    "\n",
    "\r\n",
    "\u{a0}",
    "\u{2003}",
    "\u{3000}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{0}",
    "\u{7}",
    "\u{1b}",
    "\u{301}",
    "\u{308}\u{301}",
    "e\u{301}",
    "½",
    "½\u{301}",
    "ﬁ",
    "ﬃ",
    "Ⅷ",
    "㎏",
    "①",
    "²",
    "ＡＢＣ",
    "ｶﾞ",
    "ﷺ",
    "¨",
    "…",
    "—",
    "“",
    "”",
    "‘",
    "’",
    "«",
    "ŉ",
    "ß",
    "İ",
    "Å",
    "Ω",
    "ﾡ",
    "\u{1100}\u{1161}",
    "\u{2028}",
    "\u{fffd}",
    "\u{10ffff}",
    "<laugh>",
    "ab",
    ".",
    ",",
    "!",
    "?",
    ";",
    ":",
    "-",
    "(",
    ")",
    "\"",
    "'",
    "/",
    "&",
];

/// [`LINES`] lines, the same ones each time.
pub fn lines() -> Result<Vec<String>, FixtureError> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(16);
    let recorded: Vec<String> = (crate::cases()?.into_iter())
        .map(|(text, _)| text)
        .collect();
    Ok((0..LINES).map(|_| line(&mut random, &recorded)).collect())
}

fn line(random: &mut Xoshiro256PlusPlus, recorded: &[String]) -> String {
    let length = random.random_range(0..=24_u32);
    let mut line = String::new();
    for _ in 0..length {
        match random.random_range(0..10_u32) {
            0..6 => line.push_str(LINE_PARTS.choose(random).unwrap_or(&"")),
            6 => line.push(random.random_range('a'..='z')),
            7 => line.push(random.random_range('\u{0}'..='\u{ffff}')),
            8 => line.push(random.random_range('\u{0}'..='\u{10ffff}')),
            _ => {
                let Some(other) = recorded.choose(random) else {
                    continue;
                };
                let other: Vec<char> = other.chars().collect();
                let start = random.random_range(0..=other.len());
                line.extend(&other[start..other.len().min(start + 12)]);
            }
        }
    }
    line
}
