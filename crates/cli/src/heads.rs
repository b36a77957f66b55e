//! `pocket-onnx heads`: finds the attention heads that show which word is being spoken.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bundle::Manifest;
use config::Variant;
use engine::Engine;
use pocket_onnx::text::read_all;
use runtime::Backend;
use serde_json::json;
use speaker::search_heads;
use speech::{Certainty, FoundHeads};

use crate::args::HeadsArgs;
use crate::interrupt;
use crate::output::{note, print, table};
use crate::voice;

/// Spoken if no sentences are given and the model's language is English or unknown.
const HEAD_SENTENCES: [&str; 16] = [
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
    "Where were they when the noise started?",
    "He lay prone and hardly moved a limb, and nobody saw him there.",
    "A wisp of cloud hung in the blue air.",
    "Twenty-seven people came, and eleven of them stayed.",
    "What a lovely day it is.",
    "She asked, quietly, whether the boat had come in.",
    "The colt reared and threw the tall rider into the long grass.",
];

pub(crate) fn run(args: &HeadsArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    let manifest = Manifest::read(&args.bundle)?;
    let texts = texts(args, &manifest)?;
    let backend: Arc<dyn Backend> = Arc::new(Engine::default());
    let typed = args.voice.as_deref();
    let voice = |speaker: &speaker::Speaker| {
        let chosen = voice::resolve(speaker, typed, true)?;
        Ok::<_, anyhow::Error>(speaker.prepare(&chosen.voice)?)
    };
    let bar = (!args.quiet && !args.json).then(crate::progress::speaking);
    let search = search_heads(
        &args.bundle,
        &manifest,
        &backend,
        &texts,
        voice,
        |done, all| {
            if let Some(bar) = &bar {
                bar.set_message(format!("{done} of {all} sentences spoken"));
                bar.tick();
            }
            if interrupt::interrupted() {
                std::process::exit(130);
            }
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let search = search?;
    if search.sentences() == 0 {
        bail!(
            "no sentence was spoken with three words or more: give sentences in the model's language \
             with --text-file"
        );
    }
    let found = search.best();
    if args.json {
        let heads = |heads: &[config::WordHead]| heads.iter().map(name).collect::<Vec<_>>();
        print(&format!(
            "{:#}\n",
            json!({
                "heads": heads(&found.heads),
                "score": found.score,
                "certainty": certainty(&found),
                "known": heads(manifest.word_heads()),
                "sentences": search.sentences(),
            })
        ))?;
    } else {
        show(&found, &manifest)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn texts(args: &HeadsArgs, manifest: &Manifest) -> Result<Vec<String>> {
    let variant = manifest.variant.as_deref();
    let variant = variant.and_then(|name| Variant::find(name).ok());
    let text = match (&args.text_file, variant) {
        (Some(path), _) => {
            let read = |path: &Path| read_all(File::open(path)?);
            read(path)
                .with_context(|| format!("cannot read the sentences in {}", path.display()))?
        }
        (None, Some(variant)) if !variant.name.starts_with("english") && !variant.is_included() => {
            note(
                "notice: the included text of this language is short: for a surer result give sentences with \
                 --text-file FILE, one per line",
            );
            variant.default_text().replace(". ", ".\n")
        }
        (None, _) => HEAD_SENTENCES.join("\n"),
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        bail!("there are no sentences to speak: give some, one per line");
    }
    Ok(lines)
}

fn name(head: &config::WordHead) -> String {
    format!("{}.{}", head.layer, head.head)
}

fn certainty(found: &FoundHeads) -> &'static str {
    match found.certainty() {
        Certainty::Sure => "sure",
        Certainty::Fair => "fair",
        Certainty::None => "none",
    }
}

fn show(found: &FoundHeads, manifest: &Manifest) -> Result<()> {
    let rows = found.single.iter().map(|(head, score)| {
        let chosen = if found.heads.contains(head) {
            "yes"
        } else {
            ""
        };
        let known = manifest.word_heads().contains(head);
        let known = if known { "yes" } else { "" };
        vec![
            name(head),
            format!("{score:.3}"),
            chosen.to_owned(),
            known.to_owned(),
        ]
    });
    let mut text = table(&["HEAD", "SCORE", "CHOSEN", "KNOWN"], rows, &[1]);
    let names: Vec<String> = found.heads.iter().map(name).collect();
    let says = match found.certainty() {
        Certainty::Sure => "they follow the words",
        Certainty::Fair => "they follow most words: listen before you rely on them",
        Certainty::None => "they do not follow the words, so this model has no word times",
    };
    writeln!(
        text,
        "\n{:.0} % of the attention of {} is on the word being spoken: {says}.",
        found.score * 100.0,
        names.join(" and "),
    )?;
    if found.certainty() != Certainty::None {
        writeln!(
            text,
            "Put them into a bundle: pocket-onnx convert … --word-heads {}",
            names.join(" ")
        )?;
    }
    print(&text)
}
