//! The registry, as the command shows and uses it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use config::{Config, Variant};

use crate::sandbox::{Sandbox, names};

#[test]
fn all_released_models_are_listed() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("variants").ok();
    let rows: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert_eq!(rows.len(), Variant::all().len(), "{ran}");
    for variant in Variant::all() {
        let row = rows
            .iter()
            .find(|row| row.split(' ').next() == Some(variant.name));
        assert!(
            row.is_some_and(|row| row.contains(" MB") != variant.is_included()),
            "{}: {ran}",
            variant.name
        );
    }
    let default: Vec<_> = rows
        .iter()
        .filter(|row| row.contains("(default)"))
        .collect();
    assert_eq!(default.len(), 1, "{ran}");
    assert!(default[0].contains("b6369a24"), "{ran}");

    let json = sandbox.run("variants --json").ok().json();
    let list = json.as_array().unwrap();
    assert_eq!(list.len(), Variant::all().len());
    let first = &list[0];
    assert_eq!(first["name"], "english_2026-01");
    assert_eq!(first["signature"], "b6369a24");
    assert_eq!(first["parameters"], 117_856_962);
    assert_eq!(first["default"], true);
    assert_eq!(list.iter().filter(|it| it["default"] == true).count(), 1);
    let included: Vec<_> = list.iter().filter(|it| it["included"] == true).collect();
    assert_eq!(included.len(), 1);
    assert_eq!(included[0]["name"], "starling");
    assert_eq!(included[0]["download_bytes"], 0);
}

/// A name, a signature and the YAML that is shown all mean the same model.
#[test]
fn every_variant_converts_by_name_and_by_its_configuration() {
    let sandbox = Sandbox::new();
    let options = "--components text_conditioner --synthetic 1 --output-dir out";
    let mut failures = Vec::new();
    for variant in Variant::released() {
        let name = variant.name;
        let line = format!("convert --variant {name} {options}");
        let ran = sandbox.run(&line).ok();
        let by_name = sandbox.manifest("out");
        if by_name.variant.as_deref() != Some(name) || !ran.stdout.contains(": 1 graph, ") {
            failures.push(format!("{name}: {ran}"));
        }
        let yaml = sandbox.run(&format!("variants {name}")).ok().stdout;
        assert_eq!(Config::from_yaml(&yaml), Ok(variant.config()), "{name}");
        sandbox.write("shown.yaml", yaml);
        sandbox
            .run(&format!("convert --config shown.yaml {options}"))
            .ok();
        let by_config = sandbox.manifest("out");
        if by_config.components != by_name.components
            || by_config.model != by_name.model
            || by_config.text != by_name.text
            || by_config.tokenizer != by_name.tokenizer
        {
            failures.push(format!("{name}: not what its own configuration gives"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn signatures_name_variants_and_one_is_taken_where_none_is_named() {
    let sandbox = Sandbox::new();
    for typed in ["", "--variant b6369a24", "--variant english_2026-01"] {
        let line =
            format!("convert {typed} --components text_conditioner --synthetic 1 --output-dir out");
        sandbox.run(&line).ok();
        let manifest = sandbox.manifest("out");
        assert_eq!(
            manifest.variant.as_deref(),
            Some("english_2026-01"),
            "{typed}"
        );
        assert_eq!(manifest.signature.as_deref(), Some("b6369a24"), "{typed}");
    }
    let shown = |name: &str| sandbox.run(&format!("variants {name}")).ok().stdout;
    assert_eq!(shown("b6369a24"), shown("english_2026-01"));
}

#[test]
fn unknown_names_lead_to_the_nearest() {
    let sandbox = Sandbox::new();
    for line in [
        "variants englsh_2m",
        "convert --variant englsh_2m --output-dir out",
    ] {
        let ran = sandbox.run(line);
        let error = ran.error();
        assert!(
            error.contains("englsh_2m") && error.contains("english_2m_2026-10"),
            "{ran}"
        );
    }
    assert!(!names(&sandbox.path(".")).contains(&"out".to_owned()));
}

/// As behind `| head -1`.
#[test]
fn a_reader_may_go_away() {
    let sandbox = Sandbox::new();
    sandbox
        .run("convert --variant english_2m_2026-10 --synthetic 1 --output-dir out")
        .ok();
    for line in [
        "variants",
        "variants --json",
        "variants english",
        "inspect out --json",
    ] {
        let mut command = sandbox.command(line);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        let status = child.wait().unwrap();
        assert!(
            status.success() && said.is_empty(),
            "{line}: {status}, {said}"
        );
    }
}
