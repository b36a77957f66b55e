//! Resampling and the end of a prompt, as recorded.

use safetensors::SafeTensors;
use speech::{end_on_pause, resample_poly};

use crate::support::floats;

#[test]
fn prompts_end_and_are_resampled_as_recorded() {
    // Those of the other models would be the same: the clip does not depend on the model.
    let path = testkit::records("tiny_english").join("pause.safetensors");
    let file = testkit::unpacked(&path).unwrap();
    let file = SafeTensors::deserialize(&file).unwrap();
    let clip = floats(&file, "in");
    let low = floats(&file, "resampled_16000");
    let mut ended = clip.clone();
    end_on_pause(&mut ended, 24_000);
    let cases = [
        ("out", ended),
        (
            "resampled_16000",
            resample_poly(&clip, 24_000, 16_000).unwrap(),
        ),
        (
            "resampled_back",
            resample_poly(&low, 16_000, 24_000).unwrap(),
        ),
    ];
    let mut wrong = Vec::new();
    for (tensor, actual) in cases {
        let expected = floats(&file, tensor);
        let largest = expected.iter().fold(0.0, |max: f32, v| max.max(v.abs()));
        let worst = (actual.iter().zip(&expected))
            .fold(0.0, |max: f32, (a, b)| max.max((a - b).abs() / largest));
        if actual.len() != expected.len() || worst > 1e-6 {
            wrong.push((tensor, actual.len(), expected.len(), worst));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
