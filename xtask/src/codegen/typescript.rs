//! TypeScript types of the manifest, from its JSON Schema.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use bundle::WeightFormat;
use serde_json::{Map, Value};

/// The module `browser/src/manifest-schema.ts`.
pub(super) fn types(schema: &Value) -> Result<String> {
    let mut text = "\
/** A bundle's `manifest.json`. Written by `cargo xtask codegen` from docs/manifest.schema.json. */

"
    .to_owned();
    let names: Vec<_> = WeightFormat::ALL
        .map(|format| format!("\"{format}\""))
        .into();
    writeln!(
        text,
        "/** The weight formats, the most exact first. */\nexport const FORMATS = [{}] as const;",
        names.join(", ")
    )?;
    let definitions = object(schema, "$defs")?;
    for (name, definition) in definitions.iter().chain([(&"Manifest".to_owned(), schema)]) {
        declare(&mut text, name, definition)
            .with_context(|| format!("{name} of the manifest's schema"))?;
    }
    Ok(text)
}

fn declare(text: &mut String, name: &str, schema: &Value) -> Result<()> {
    text.push('\n');
    document(text, schema, "")?;
    if schema.get("properties").is_some() && schema.get("oneOf").is_none() {
        writeln!(text, "export interface {name} {{")?;
        members(text, schema)?;
        text.push_str("}\n");
    } else {
        writeln!(text, "export type {name} = {};", kind(schema)?)?;
    }
    Ok(())
}

/// The members of an object, one a line.
fn members(text: &mut String, schema: &Value) -> Result<()> {
    let required: Vec<&str> = match schema.get("required").and_then(Value::as_array) {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    for (name, member) in object(schema, "properties")? {
        document(text, member, "  ")?;
        let optional = if required.contains(&name.as_str()) {
            ""
        } else {
            "?"
        };
        let kind = kind(member).with_context(|| format!("member {name}"))?;
        writeln!(text, "  {name}{optional}: {kind};")?;
    }
    Ok(())
}

fn document(text: &mut String, schema: &Value, indent: &str) -> Result<()> {
    if let Some(description) = schema.get("description").and_then(Value::as_str) {
        let lines: Vec<_> = description.lines().map(str::trim).collect();
        writeln!(text, "{indent}/** {} */", lines.join(" "))?;
    }
    Ok(())
}

/// The type of what a schema allows.
fn kind(schema: &Value) -> Result<String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.strip_prefix("#/$defs/");
        return Ok(name.context("a reference to elsewhere")?.to_owned());
    }
    if let Some(value) = schema.get("const") {
        return Ok(value.to_string());
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Ok(union(values.iter().map(Value::to_string)));
    }
    for any in ["anyOf", "oneOf"] {
        if let Some(schemas) = schema.get(any).and_then(Value::as_array) {
            let kinds = schemas.iter().map(kind).collect::<Result<Vec<_>>>()?;
            return Ok(union(kinds));
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) => named(name, schema),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            let kinds = names.map(|name| named(name, schema));
            Ok(union(kinds.collect::<Result<Vec<_>>>()?))
        }
        _ => bail!("a schema without a type: {schema}"),
    }
}

fn named(name: &str, schema: &Value) -> Result<String> {
    Ok(match name {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => format!("Array<{}>", kind(schema.get("items").context("no items")?)?),
        "object" => match (schema.get("additionalProperties"), schema.get("properties")) {
            (_, Some(_)) => inline(schema)?,
            (Some(value @ Value::Object(_)), None) => format!("Record<string, {}>", kind(value)?),
            _ => bail!("an object without members: {schema}"),
        },
        other => bail!("the type {other} is not known"),
    })
}

/// An object inside of a union, on one line.
fn inline(schema: &Value) -> Result<String> {
    let mut text = String::new();
    let mut plain = schema.clone();
    if let Some(Value::Object(members)) = plain.get_mut("properties") {
        for member in members.values_mut().filter_map(Value::as_object_mut) {
            member.shift_remove("description");
        }
    }
    members(&mut text, &plain)?;
    let members: Vec<_> = text
        .lines()
        .map(|l| l.trim().trim_end_matches(';'))
        .collect();
    Ok(format!("{{ {} }}", members.join("; ")))
}

fn union(kinds: impl IntoIterator<Item = String>) -> String {
    kinds.into_iter().collect::<Vec<_>>().join(" | ")
}

fn object<'a>(schema: &'a Value, key: &str) -> Result<&'a Map<String, Value>> {
    let object = schema.get(key).and_then(Value::as_object);
    object.with_context(|| format!("the schema has no {key}"))
}
