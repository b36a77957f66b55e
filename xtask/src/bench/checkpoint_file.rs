//! A synthetic checkpoint as a file, laid out as the published ones are.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checkpoint::{SyntheticWeights, TokenizerFile, TokenizerKind, Weights};
use config::Config;
use half::bf16;
use serde_json::{Map, json};

/// Number type of the file.
#[derive(Clone, Copy)]
pub(crate) enum CheckpointFormat {
    Bf16,
    F32,
}

impl CheckpointFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "BF16",
            Self::F32 => "F32",
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Bf16 => 2,
            Self::F32 => 4,
        }
    }
}

/// Writes random weights, a vocabulary, and the configuration that names them, into `dir`. Returns
/// the configuration's path, from which pocket-tts loads the model and `convert` makes a bundle.
pub(crate) fn write_model(mut config: Config, dir: &Path) -> Result<PathBuf> {
    let [weights, tokenizer, yaml] =
        ["model.safetensors", "tokenizer.json", "config.yaml"].map(|name| dir.join(name));
    write(&config, CheckpointFormat::Bf16, &weights)?;
    let vocabulary = TokenizerFile::shipped(TokenizerKind::Json)?;
    fs::write(&tokenizer, vocabulary.bytes())?;
    name_files(&mut config, &weights, &tokenizer);
    fs::write(&yaml, config.to_yaml()?)?;
    Ok(yaml)
}

/// Has `config` name these files.
pub(crate) fn name_files(config: &mut Config, weights: &Path, tokenizer: &Path) {
    config.weights_path = Some(weights.display().to_string());
    config.weights_path_without_voice_cloning = None;
    config.flow_lm.lookup_table.tokenizer_path = Some(tokenizer.display().to_string());
}

/// Writes random weights for `config` to `path`.
pub(crate) fn write(config: &Config, format: CheckpointFormat, path: &Path) -> Result<()> {
    let tensors = config.tensors();
    let mut header = Map::new();
    let mut at = 0;
    for tensor in &tensors {
        let end = at + tensor.shape.iter().product::<usize>() * format.width();
        let entry =
            json!({ "dtype": format.name(), "shape": tensor.shape, "data_offsets": [at, end] });
        header.insert(tensor.key.clone(), entry);
        at = end;
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let context = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(File::create(path).with_context(context)?);
    out.write_all(&(header.len() as u64).to_le_bytes())
        .with_context(context)?;
    out.write_all(&header).with_context(context)?;
    let weights = SyntheticWeights::new(&tensors, 1);
    let mut values = vec![0.0; 1 << 16];
    for tensor in &tensors {
        let mut reader = weights.open(&tensor.key)?;
        loop {
            let n = reader.read(&mut values)?;
            if n == 0 {
                break;
            }
            let bytes: Vec<u8> = match format {
                CheckpointFormat::Bf16 => values[..n]
                    .iter()
                    .flat_map(|&v| bf16::from_f32(v).to_le_bytes())
                    .collect(),
                CheckpointFormat::F32 => values[..n].iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
            out.write_all(&bytes).with_context(context)?;
        }
    }
    out.flush().with_context(context)
}
