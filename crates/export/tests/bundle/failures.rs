//! Bundles that cannot be written: the old one stays, byte for byte.

use std::cell::Cell;
use std::path::PathBuf;

use export::WriteProgress;

use super::*;

/// Weights that go wrong at one tensor.
struct FailingWeights {
    weights: SyntheticWeights,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Missing,
    NotFinite,
    Short,
    Long,
}

/// A tensor in the middle of the third component.
const KEY: &str = "flow_lm.flow_net.res_blocks.0.mlp.0.bias";

struct FailingReader<'a> {
    reader: Box<dyn TensorReader + 'a>,
    how: How,
    extra: bool,
}

impl Weights for FailingWeights {
    fn open(&self, key: &str) -> Result<Box<dyn TensorReader + '_>, WeightsError> {
        if key != KEY {
            return self.weights.open(key);
        }
        if self.how == How::Missing {
            return Err(WeightsError::UnknownTensor {
                key: key.to_owned(),
            });
        }
        Ok(Box::new(FailingReader {
            reader: self.weights.open(key)?,
            how: self.how,
            extra: false,
        }))
    }
}

impl TensorReader for FailingReader<'_> {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError> {
        let again = std::mem::replace(&mut self.extra, true);
        match self.how {
            How::NotFinite if again => Err(WeightsError::NotFinite {
                path: "model.safetensors".into(),
                key: KEY.to_owned(),
                index: 1,
            }),
            How::Short if again => Ok(0),
            How::NotFinite | How::Short => self.reader.read(&mut out[..1]),
            How::Missing | How::Long => {
                let n = self.reader.read(out)?;
                if n == 0 && !again {
                    return Ok(1);
                }
                // One more value behind the last.
                self.extra = n == 0;
                Ok(n)
            }
        }
    }
}

/// Spoils the folder that is written, or stops.
struct Meddling {
    partial: PathBuf,
    spoil: Option<&'static str>,
    calls: Cell<usize>,
    stop_after: usize,
}

impl WriteProgress for Meddling {
    fn started(&self, _: u64) {}

    fn component(&self, name: ComponentName) {
        if let Some(file) = self.spoil
            && name == ComponentName::FlowNet
        {
            // Where a file belongs, there is a folder.
            std::fs::create_dir(self.partial.join(file)).unwrap();
        }
    }

    fn advanced(&self, _: u64) {}

    fn rounded(&self, _: ComponentName, _: usize) {}

    fn cancelled(&self) -> bool {
        self.calls.set(self.calls.get() + 1);
        self.calls.get() > self.stop_after
    }
}

#[test]
fn the_old_bundle_stays() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    let old = BundleParts::of("tiny_2m");
    old.write(&old.weights(), &out, &()).unwrap();
    let before = files(dir.path());

    let new = BundleParts::of("tiny_english");
    let quiet = || Meddling {
        partial: dir.path().join(".out.partial"),
        spoil: None,
        calls: Cell::new(0),
        stop_after: usize::MAX,
    };
    let spoilt = |file| Meddling {
        spoil: Some(file),
        ..quiet()
    };
    let stopped = |stop_after| Meddling {
        stop_after,
        ..quiet()
    };
    let failing = |how| FailingWeights {
        weights: new.weights(),
        how,
    };
    let good = new.weights();
    let bad = [How::Missing, How::NotFinite, How::Short, How::Long].map(failing);
    let cases: [(&str, &dyn Weights, Meddling); 10] = [
        ("no tensor", &bad[0], quiet()),
        ("is not finite", &bad[1], quiet()),
        ("has 1 values where its shape holds", &bad[2], quiet()),
        ("values where its shape holds", &bad[3], quiet()),
        ("cannot write", &good, spoilt("flow_net.onnx")),
        ("cannot write", &good, spoilt("flow_net.onnx.data")),
        ("cannot write", &good, spoilt("tokenizer.json")),
        ("cannot write", &good, spoilt("manifest.json")),
        ("cancelled", &good, stopped(0)),
        ("cancelled", &good, stopped(100)),
    ];
    let mut problems = Vec::new();
    for (message, weights, progress) in cases {
        match new.write(weights, &out, &progress) {
            Ok(_) => problems.push(format!("{message}: written")),
            Err(error) if error.to_string().contains(message) => {}
            Err(error) => problems.push(format!("{message}: {error}")),
        }
        if files(dir.path()) != before || dir.path().join(".out.partial").exists() {
            problems.push(format!("{message}: something is left"));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    // And it can be replaced still.
    new.write(&good, &out, &()).unwrap();
    assert_ne!(files(dir.path()), before);
}

#[test]
fn nothing_is_left_where_nothing_was() {
    let dir = TempDir::new().unwrap();
    let parts = BundleParts::of("tiny_english");
    let weights = FailingWeights {
        weights: parts.weights(),
        how: How::Missing,
    };
    parts
        .write(&weights, &dir.path().join("new/out"), &())
        .unwrap_err();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
