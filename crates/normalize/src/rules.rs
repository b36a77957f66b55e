//! Rules that spell numbers, in the notation of ICU's `RuleBasedNumberFormat`, as far as the tables
//! need it.
//!
//! A set has rules such as `20: twenty[->>]`. The rule of the largest base that is not above the
//! number is taken. Its divisor is the largest power of ten that is not above the base, or of
//! another radix if one is given (`60/20: …`). In its text
//!
//! - `<<` is the number divided by the divisor, `>>` the remainder, in words of the same set;
//! - `<set<` and `>set>` are the same in words of another set, `=set=` is the number itself;
//! - `_` is a space at the beginning of a rule;
//! - `[…]` is left out if the remainder is zero; `[…|…]` takes its second part then.

use std::collections::HashMap;

use super::table::Fault;

/// Rules of one set, by their bases.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    base: u64,
    divisor: u64,
    parts: Vec<RulePart>,
}

#[derive(Debug)]
enum RulePart {
    Text(&'static str),
    /// The number divided by the divisor; in words of another set if one is named.
    Quotient(Option<&'static str>),
    Remainder(Option<&'static str>),
    Same(&'static str),
    /// The text if there is a remainder, and if there is none.
    Choice(Vec<RulePart>, Vec<RulePart>),
}

/// All sets of a language.
pub(crate) type RuleSets = HashMap<&'static str, RuleSet>;

/// Most nested sets: a table with a cycle spells nothing instead of running forever.
const DEEPEST: usize = 64;

impl RuleSet {
    /// Adds the rules of one line, which are separated by semicolons.
    pub(crate) fn add(&mut self, line: &'static str) -> Result<(), Fault> {
        for rule in line.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            let (base, text) = rule.split_once(':').ok_or(Fault::Rule)?;
            let (base, radix) = base.split_once('/').unwrap_or((base, "10"));
            let base: u64 = base.trim().parse().map_err(|_| Fault::Rule)?;
            let radix: u64 = radix.trim().parse().map_err(|_| Fault::Rule)?;
            if radix < 2 || self.rules.last().is_some_and(|last| last.base >= base) {
                return Err(Fault::Rule);
            }
            let mut rest = text.strip_prefix(' ').unwrap_or(text);
            let parts = parts(&mut rest, false)?;
            self.rules.push(Rule {
                base,
                divisor: divisor(base, radix),
                parts,
            });
        }
        Ok(())
    }

    fn rule(&self, number: u64) -> Option<&Rule> {
        let above = self.rules.partition_point(|rule| rule.base <= number);
        self.rules.get(above.checked_sub(1)?)
    }
}

/// The largest power of `radix` that is not above `base`.
fn divisor(base: u64, radix: u64) -> u64 {
    let mut divisor = 1_u64;
    while let Some(next) = divisor.checked_mul(radix).filter(|&next| next <= base) {
        divisor = next;
    }
    divisor
}

/// The number in words of a set; `None` if the table has no rule for it.
pub(crate) fn spell(sets: &RuleSets, set: &str, number: u64) -> Option<String> {
    let mut spelt = String::new();
    write(sets, set, number, DEEPEST, &mut spelt)?;
    Some(spelt)
}

fn write(sets: &RuleSets, set: &str, number: u64, depth: usize, out: &mut String) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let rule = sets.get(set)?.rule(number)?;
    write_parts(sets, set, &rule.parts, (number, rule.divisor), depth, out)
}

fn write_parts(
    sets: &RuleSets,
    set: &str,
    parts: &[RulePart],
    (number, divisor): (u64, u64),
    depth: usize,
    out: &mut String,
) -> Option<()> {
    let (quotient, remainder) = (number / divisor, number % divisor);
    for part in parts {
        match part {
            RulePart::Text(text) => {
                out.extend(text.chars().map(|c| if c == '_' { ' ' } else { c }));
            }
            RulePart::Quotient(other) => write(sets, other.unwrap_or(set), quotient, depth, out)?,
            RulePart::Remainder(other) => write(sets, other.unwrap_or(set), remainder, depth, out)?,
            RulePart::Same(other) => write(sets, other, number, depth, out)?,
            RulePart::Choice(some, none) => {
                let parts = if remainder == 0 { none } else { some };
                write_parts(sets, set, parts, (number, divisor), depth, out)?;
            }
        }
    }
    Some(())
}

/// Parses parts up to the end, or inside brackets up to `|` or `]`, which is not consumed.
fn parts(rest: &mut &'static str, is_inner: bool) -> Result<Vec<RulePart>, Fault> {
    let mut parts = Vec::new();
    while let Some(first) = rest.chars().next() {
        match first {
            ']' | '|' if is_inner => return Ok(parts),
            ']' | '|' => return Err(Fault::Rule),
            '[' => {
                *rest = &rest[1..];
                let some = self::parts(rest, true)?;
                let none = match rest.strip_prefix('|') {
                    Some(after) => {
                        *rest = after;
                        self::parts(rest, true)?
                    }
                    None => Vec::new(),
                };
                *rest = rest.strip_prefix(']').ok_or(Fault::Rule)?;
                parts.push(RulePart::Choice(some, none));
            }
            '<' | '>' | '=' => {
                let (name, after) = rest[1..].split_once(first).ok_or(Fault::Rule)?;
                *rest = after;
                let name = Some(name).filter(|name| !name.is_empty());
                parts.push(match (first, name) {
                    ('<', name) => RulePart::Quotient(name),
                    ('>', name) => RulePart::Remainder(name),
                    (_, Some(name)) => RulePart::Same(name),
                    (_, None) => return Err(Fault::Rule),
                });
            }
            _ => {
                let end = rest.find(['[', ']', '|', '<', '>', '=']);
                let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
                *rest = after;
                parts.push(RulePart::Text(text));
            }
        }
    }
    if is_inner {
        Err(Fault::Rule)
    } else {
        Ok(parts)
    }
}
