//! WAV files whose headers are not true, or unusual.

use audio::Recording;

use crate::support::{Studio, format, riff};

/// Reads a file and compares it with the tone.
fn is_tone(studio: &Studio, name: &str, file: &[u8]) -> Option<String> {
    let path = studio.write(name, file);
    match Recording::read(&path, None) {
        Ok(recording) => {
            let difference = studio.difference(&recording.samples);
            let length = recording.samples.len();
            let is_tone = length == studio.samples.len() && difference < 1e-4;
            (!is_tone).then(|| format!("{name}: {length} samples, {difference:e}"))
        }
        Err(error) => Some(format!("{name}: {error}")),
    }
}

/// As recorders that were killed, streams, and programs that cannot go back write them.
#[test]
fn lengths_that_are_not_true_are_passed_over() {
    let studio = Studio::new();
    let pcm = studio.pcm();
    let length = pcm.len() as u32;
    let fmt = format(1, 1, 16, 2);
    let unknown = u32::MAX;
    let file = |name: &str, riff_length: u32, data_length: u32| {
        riff(
            name,
            riff_length,
            &[(b"fmt ", 16, &fmt), (b"data", data_length, &pcm)],
        )
    };
    let with_ds64 = |long: u64| {
        let mut ds64 = [0; 28];
        ds64[8..16].copy_from_slice(&long.to_le_bytes());
        riff(
            "RF64",
            unknown,
            &[
                (b"ds64", 28, &ds64),
                (b"fmt ", 16, &fmt),
                (b"data", unknown, &pcm),
            ],
        )
    };
    let mut wrong = Vec::new();
    for (name, content) in [
        ("short8", file("RIFF", length + 28, length)),
        ("riff0", file("RIFF", 0, length)),
        ("data_ff", file("RIFF", length + 36, unknown)),
        ("riff0_data_ff", file("RIFF", 0, unknown)),
        ("7f", file("RIFF", 0x7fff_ffff, 0x7fff_ffff)),
        ("80", file("RIFF", 0x8000_0024, 0x8000_0000)),
        ("zero", file("RIFF", 0, 0)),
        ("too_long", file("RIFF", length + 4000, length + 3964)),
        ("too_short", file("RIFF", length / 2 + 36, length / 2)),
        ("far_too_short", file("RIFF", 40, 4)),
        ("far_too_short_odd", file("RIFF", 41, 5)),
        ("one_byte_too_short", file("RIFF", length + 35, length - 5)),
        ("odd", file("RIFF", length, length - 1)),
        ("rf64", with_ds64(u64::from(length))),
        ("rf64_zero", with_ds64(0)),
        ("rf64_ff", with_ds64(u64::MAX)),
        ("bw64", file("BW64", unknown, unknown)),
    ] {
        wrong.extend(is_tone(&studio, name, &content));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn other_chunks_are_no_samples() {
    let studio = Studio::new();
    let pcm = studio.pcm();
    let length = pcm.len() as u32;
    let fmt = format(1, 1, 16, 2);
    let long_fmt = [&fmt[..], &[0, 0]].concat();
    let extensible = {
        let mut chunk = format(0xfffe, 1, 16, 2);
        chunk.extend([22, 0, 16, 0, 4, 0, 0, 0, 1, 0]);
        chunk.extend(b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
        chunk
    };
    let data = (b"data", length, &pcm[..]);
    let files = [
        (
            "list_behind",
            vec![(b"fmt ", 16, &fmt[..]), data, (b"LIST", 4, b"INFO")],
        ),
        (
            "list_before",
            vec![(b"LIST", 4, b"INFO"), (b"fmt ", 16, &fmt), data],
        ),
        (
            "junk",
            vec![(b"JUNK", 8, &[0; 8][..]), (b"fmt ", 16, &fmt), data],
        ),
        (
            "odd_padded",
            vec![(b"fmt ", 16, &fmt), (b"note", 3, b"odd\0"), data],
        ),
        (
            "odd_not_padded",
            vec![(b"fmt ", 16, &fmt), (b"note", 3, b"odd"), data],
        ),
        ("longer_format", vec![(b"fmt ", 18, &long_fmt), data]),
        ("extensible", vec![(b"fmt ", 40, &extensible), data]),
        (
            "empty_data_first",
            vec![(b"fmt ", 16, &fmt), (b"data", 0, b""), data],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, chunks) in files {
        wrong.extend(is_tone(&studio, name, &riff("RIFF", 0, &chunks)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Samples in containers that are wider than they are: at the lower end, as recorders write them
/// against the rule, and at the upper end, as the rule says.
#[test]
fn the_size_of_a_frame_counts() {
    let studio = Studio::new();
    let samples: Vec<i32> = (studio.pcm().chunks_exact(2))
        .map(|it| i32::from(i16::from_le_bytes([it[0], it[1]])))
        .collect();
    let four = |shift: u32| -> Vec<u8> {
        let shifted = samples.iter().map(|it| it << shift);
        shifted.flat_map(i32::to_le_bytes).collect()
    };
    let three: Vec<u8> = (samples.iter())
        .flat_map(|it| (it << 8).to_le_bytes()[..3].to_vec())
        .collect();
    let mut wrong = Vec::new();
    for (name, bits, frame, pcm) in [
        ("24_in_4_low", 24, 4, four(8)),
        ("24_in_4_high", 24, 4, four(16)),
        ("16_in_4_low", 16, 4, four(0)),
        ("16_in_4_high", 16, 4, four(16)),
        ("20_in_3", 20, 3, three.clone()),
        ("24_in_3", 24, 3, three.clone()),
        // No size of a frame at all.
        ("24_in_0", 24, 0, three),
    ] {
        let chunk = format(1, 1, bits, frame);
        let length = pcm.len() as u32;
        let file = riff("RIFF", 0, &[(b"fmt ", 16, &chunk), (b"data", length, &pcm)]);
        wrong.extend(is_tone(&studio, name, &file));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
