//! `pocket-onnx tokenize`: how a text is prepared, split into chunks, and tokenized.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use bundle::Manifest;
use checkpoint::{TokenizerFile, TokenizerKind};
use config::TextOptions;
use serde_json::{Value, json};
use speaker::rewritten;
use speech::{
    ChunkOrPause, MAX_TOKENS, Next, SpeechModel, TextPiece, TextStream, Token, Tokenizer,
};

use crate::args::{SpeakArgs, TokenizeArgs};
use crate::included;
use crate::output::{print, table};
use crate::rewriting;
use crate::text::Text;

pub(crate) fn run(args: &TokenizeArgs) -> Result<ExitCode> {
    let (vocabulary, rules) = if let Some(file) = &args.tokenizer {
        (Vocabulary::Alone(tokenizer(file)?), TextOptions::default())
    } else {
        let chosen = included::or_included(&args.bundle, args.json)?;
        let model = model(&chosen.bundle)?;
        let rules = model.manifest().text.clone();
        (Vocabulary::Of(Box::new(model)), rules)
    };
    let tokenizer = match &vocabulary {
        Vocabulary::Alone(tokenizer) => tokenizer,
        Vocabulary::Of(model) => model.tokenizer(),
    };
    let language = match &vocabulary {
        Vocabulary::Alone(_) => None,
        Vocabulary::Of(model) => model.manifest().language.as_deref(),
    };
    let parts = if args.raw {
        let text = raw_text(args)?;
        let tokens = tokenizer.tokens(&text);
        let source = |range: Range<usize>| text.get(range).unwrap_or_default().to_owned();
        vec![TokenizedPart::of(text.clone(), &tokens, tokenizer, source)]
    } else {
        let text = Text::of(&SpeakArgs {
            text: args.text.clone(),
            text_file: args.text_file.clone(),
            ..SpeakArgs::default()
        });
        let rewriting = rewriting::rules(&args.rewriting, tokenizer, language)?;
        let text = rewritten(text?.into_string()?, &rewriting);
        parts(&text, tokenizer, &rules)?
    };
    let printed = match (args.json, args.raw, parts.first()) {
        (true, true, Some(TokenizedPart::Chunk { ids, pieces, .. })) => {
            format!("{}\n", json!({"ids": ids, "pieces": pieces}))
        }
        (true, ..) => {
            let chunks: Vec<Value> = parts.iter().map(TokenizedPart::json).collect();
            format!("{:#}\n", json!({ "chunks": chunks }))
        }
        (false, ..) => shown(&parts)?,
    };
    print(&printed)?;
    Ok(ExitCode::SUCCESS)
}

/// The origin of the tokenizer.
enum Vocabulary {
    Alone(Tokenizer),
    Of(Box<SpeechModel>),
}

fn tokenizer(path: &Path) -> Result<Tokenizer> {
    let kind = TokenizerKind::resolve("", &path.to_string_lossy());
    Ok(TokenizerFile::read(path, kind)?.tokenizer()?)
}

fn model(bundle: &Path) -> Result<SpeechModel> {
    let manifest = Manifest::read(bundle)?;
    let path = bundle.join(&manifest.tokenizer.file.name);
    let context = || format!("tokenizer {}", path.display());
    let file = fs::read(&path).with_context(context)?;
    SpeechModel::new(manifest, &file).with_context(context)
}

/// The text, exactly as given.
fn raw_text(args: &TokenizeArgs) -> Result<String> {
    let is_dash = |path: &Path| path == Path::new("-");
    let bytes = match (&args.text, &args.text_file) {
        (Some(text), _) if text != "-" => return Ok(text.clone()),
        (_, Some(path)) if !is_dash(path) => {
            fs::read(path).with_context(|| format!("cannot read the text in {}", path.display()))?
        }
        _ => {
            let mut bytes = Vec::new();
            let read = io::stdin().read_to_end(&mut bytes);
            read.context("cannot read the text from standard input")?;
            bytes
        }
    };
    String::from_utf8(bytes).context("the text is not UTF-8, which --raw requires")
}

/// A chunk, or silence.
enum TokenizedPart {
    Chunk {
        text: String,
        ids: Vec<i64>,
        pieces: Vec<String>,
        sources: Vec<String>,
    },
    Pause(f64),
}

impl TokenizedPart {
    fn of(
        text: String,
        tokens: &[Token],
        tokenizer: &Tokenizer,
        source: impl Fn(Range<usize>) -> String,
    ) -> Self {
        let piece = |id| tokenizer.piece(id).unwrap_or_default().to_owned();
        Self::Chunk {
            text,
            ids: tokens.iter().map(|token| token.id).collect(),
            pieces: tokens.iter().map(|token| piece(token.id)).collect(),
            sources: (tokens.iter())
                .map(|token| source(token.source.clone()))
                .collect(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Chunk {
                text,
                ids,
                pieces,
                sources,
            } => json!({"text": text, "ids": ids, "pieces": pieces, "sources": sources}),
            Self::Pause(seconds) => json!({ "pause": seconds }),
        }
    }
}

/// What `speak` makes of a text.
fn parts(
    text: &TextPiece,
    tokenizer: &Tokenizer,
    rules: &TextOptions,
) -> Result<Vec<TokenizedPart>> {
    let mut stream = TextStream::new(tokenizer, MAX_TOKENS);
    stream.push_piece(text)?;
    stream.finish()?;
    let mut parts = Vec::new();
    loop {
        match stream.next(tokenizer, rules)? {
            Next::Say(ChunkOrPause::Chunk(chunk)) => {
                let prepared = chunk.prepare(rules)?;
                let tokens = chunk.tokens(&prepared, tokenizer);
                let source = |range| chunk.excerpt.get(range).to_owned();
                parts.push(TokenizedPart::of(prepared.text, &tokens, tokenizer, source));
            }
            Next::Say(ChunkOrPause::Pause(seconds)) => parts.push(TokenizedPart::Pause(seconds)),
            Next::Again => {}
            Next::More | Next::Over => return Ok(parts),
        }
    }
}

/// Readable output: each chunk and a table of its tokens.
fn shown(parts: &[TokenizedPart]) -> Result<String> {
    let mut shown = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            shown.push('\n');
        }
        match part {
            TokenizedPart::Pause(seconds) => writeln!(shown, "pause of {seconds} s")?,
            TokenizedPart::Chunk {
                text,
                ids,
                pieces,
                sources,
            } => {
                let count = ids.len();
                let tokens = if count == 1 { "token" } else { "tokens" };
                writeln!(shown, "{text:?}: {count} {tokens}")?;
                let rows = ids
                    .iter()
                    .zip(pieces)
                    .zip(sources)
                    .map(|((id, piece), source)| {
                        vec![
                            id.to_string(),
                            piece.escape_debug().to_string(),
                            format!("{source:?}"),
                        ]
                    });
                shown += &table(&["ID", "PIECE", "TEXT"], rows, &[0]);
            }
        }
    }
    Ok(shown)
}
