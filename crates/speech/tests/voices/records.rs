//! Voice files that are read and written come out as pocket-tts writes them.

use safetensors::SafeTensors;
use speech::{Voice, VoiceDType, VoiceForm};

use crate::support::{flow_lm, record};

#[test]
fn written_voices_equal_the_records_in_both_forms() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        let component = flow_lm(name);
        let forms = [
            ("voice.safetensors", VoiceForm::Current),
            ("voice_v1.safetensors", VoiceForm::Older),
        ];
        for (from, _) in forms {
            let voice = Voice::from_safetensors(&record(name, from), &component).unwrap();
            for (to, form) in forms {
                let written = voice.to_safetensors(form, VoiceDType::F32).unwrap();
                if tensors(&written) != tensors(&record(name, to)) {
                    wrong.push((name, from, to));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn half_precision_is_half_the_size_and_near() {
    let component = flow_lm("tiny_english");
    let voice = record("tiny_english", "voice.safetensors");
    let voice = Voice::from_safetensors(&voice, &component).unwrap();
    let [full, half] = [VoiceDType::F32, VoiceDType::F16]
        .map(|dtype| voice.to_safetensors(VoiceForm::Current, dtype).unwrap());
    assert!(half.len() * 10 < full.len() * 6);
    let read = Voice::from_safetensors(&half, &component).unwrap();
    assert_eq!(read.position(), voice.position());
    for ((name, a), (_, b)) in voice.states().zip(read.states()) {
        let pairs = a.as_f32().unwrap().iter().zip(b.as_f32().unwrap());
        let worst = pairs.fold(0.0, |max: f32, (a, b)| max.max((a - b).abs()));
        assert!(worst < 4e-3, "{name}: {worst}");
    }
}

/// Names, formats, shapes and bytes, in the order of their names.
fn tensors(file: &[u8]) -> Vec<(String, String, Vec<usize>, Vec<u8>)> {
    let file = SafeTensors::deserialize(file).unwrap();
    let mut tensors: Vec<_> = (file.tensors().into_iter())
        .map(|(name, tensor)| {
            let dtype = format!("{:?}", tensor.dtype());
            (name, dtype, tensor.shape().to_vec(), tensor.data().to_vec())
        })
        .collect();
    tensors.sort();
    tensors
}
