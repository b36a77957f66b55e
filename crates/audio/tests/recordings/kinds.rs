//! Kinds of recordings.

use std::time::Duration;

use audio::Recording;

use crate::support::{RECORDING_RATE, Studio};

/// Reads files, each with the difference from the tone that its kind may make, and the rate that
/// it should have.
fn check(studio: &Studio, cases: &[(&str, f32, u32)]) {
    let mut wrong = Vec::new();
    for &(name, tolerance, rate) in cases {
        match Recording::read(&studio.path(name), None) {
            Ok(recording) => {
                let (length, expected) = (recording.samples.len(), studio.samples.len());
                let expected =
                    (expected as u64 * u64::from(rate) / u64::from(RECORDING_RATE)) as usize;
                let error = if rate == RECORDING_RATE {
                    studio.difference(&recording.samples)
                } else {
                    0.0
                };
                if recording.sample_rate != rate
                    || recording.truncated
                    || length.abs_diff(expected) > 3200
                    || error > tolerance
                {
                    let rate = recording.sample_rate;
                    wrong.push(format!(
                        "{name}: {length} samples of {rate} Hz, {expected} expected, {error:e}"
                    ));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_kind_of_ffmpeg_is_read() {
    let studio = Studio::new();
    let twice = "-af pan=stereo|c0=c0|c1=c0";
    let cases = [
        ("u8.wav", "-c:a pcm_u8", 0.01),
        ("i16.wav", &format!("-c:a pcm_s16le {twice}"), 1e-4),
        ("i24.wav", "-c:a pcm_s24le", 1e-4),
        (
            "i32.wav",
            "-c:a pcm_s32le -af pan=4c|c0=c0|c1=c0|c2=c0|c3=c0",
            1e-4,
        ),
        ("i64.wav", "-c:a pcm_s64le", 1e-4),
        ("f32.wav", "-c:a pcm_f32le", 1e-4),
        ("f64.wav", "-c:a pcm_f64le", 1e-4),
        ("a_law.wav", "-c:a pcm_alaw", 0.02),
        ("mu_law.wav", "-c:a pcm_mulaw", 0.02),
        ("rf64.wav", "-rf64 always", 1e-4),
        ("adpcm_ms.wav", "-c:a adpcm_ms", 0.02),
        ("adpcm_ima.wav", "-c:a adpcm_ima_wav", 0.02),
        ("mono.flac", "", 1e-4),
        ("stereo.flac", twice, 1e-4),
        ("mono.mp3", "-b:a 192k", 0.02),
        ("stereo.mp3", &format!("{twice} -b:a 192k"), 0.02),
        ("layer2.mp2", "-b:a 192k", 0.02),
        ("vorbis.ogg", "-c:a libvorbis -q:a 8", 0.02),
        ("flac.ogg", "-c:a flac", 1e-4),
        ("opus.ogg", "-c:a libopus -b:a 96k", 0.02),
        ("opus.webm", "-c:a libopus -b:a 96k", 0.02),
        ("opus.mp4", "-c:a libopus -b:a 96k", 0.02),
        ("opus.mka", "-c:a libopus -b:a 96k", 0.02),
        (
            "surround.opus",
            "-c:a libopus -b:a 400k -mapping_family 1 -af pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0",
            0.15,
        ),
        ("vorbis.webm", "-c:a libvorbis -q:a 8", 0.02),
        ("aac.m4a", "-b:a 192k", 0.02),
        ("aac.mp4", "-b:a 192k", 0.02),
        ("aac.mov", "-c:a aac -b:a 192k", 0.02),
        ("aac.3gp", "-c:a aac -b:a 192k", 0.02),
        ("aac.aac", "-b:a 192k", 0.02),
        ("aac.mkv", "-c:a aac -b:a 192k", 0.02),
        ("front.m4a", "-b:a 192k -movflags faststart", 0.02),
        (
            "pieces.m4a",
            "-b:a 192k -movflags frag_keyframe+empty_moov",
            0.02,
        ),
        ("alac.m4a", "-c:a alac", 1e-4),
        ("i16.aiff", "", 1e-4),
        ("f32.aiff", "-c:a pcm_f32be", 1e-4),
        ("little.aifc", "-c:a pcm_s16le -f aiff", 1e-4),
        ("i16.caf", "-c:a pcm_s16le", 1e-4),
        ("alac.caf", "-c:a alac", 1e-4),
        ("i16.mov", "-c:a pcm_s16le", 1e-4),
        ("named.txt", "-f wav", 1e-4),
        ("named.mp3", "-f wav", 1e-4),
    ];
    for (name, arguments, _) in &cases {
        studio.ffmpeg(arguments, name);
    }
    let read: Vec<_> = cases
        .iter()
        .map(|&(name, _, it)| (name, it, RECORDING_RATE))
        .collect();
    check(&studio, &read);
}

#[test]
fn every_kind_of_sox_is_read() {
    let studio = Studio::new();
    let cases = [
        ("u8.wav", "-b 8 -e unsigned", 0.01),
        ("i24.wav", "-b 24", 1e-4),
        ("i32.wav", "-b 32 -e signed", 1e-4),
        ("f32.wav", "-b 32 -e floating-point", 1e-4),
        ("a_law.wav", "-e a-law", 0.02),
        ("mu_law.wav", "-e mu-law", 0.02),
        ("ms.wav", "-e ms-adpcm", 0.02),
        ("ima.wav", "-e ima-adpcm", 0.02),
        // RIFX, the form with the high byte first.
        ("big.wav", "-B", 1e-4),
        ("big24.wav", "-B -b 24", 1e-4),
        ("bigf32.wav", "-B -b 32 -e floating-point", 1e-4),
        ("eight.wav", "-c 8", 1e-4),
        ("i16.aiff", "", 1e-4),
        ("i24.aiff", "-b 24", 1e-4),
        ("vorbis.ogg", "-C 8", 0.02),
        ("best.flac", "-C 8", 1e-4),
    ];
    for (name, arguments, _) in &cases {
        studio.run(&format!("sox -D tone.wav {arguments} {name}"));
    }
    let read: Vec<_> = cases
        .iter()
        .map(|&(name, _, it)| (name, it, RECORDING_RATE))
        .collect();
    check(&studio, &read);
}

#[test]
fn what_other_encoders_write_is_read() {
    let studio = Studio::new();
    for command in [
        "flac --silent --best tone.wav -o best.flac",
        "flac --silent --ogg tone.wav -o flac.oga",
        "lame --silent -V 2 tone.wav vbr.mp3",
        "lame --silent --preset phone tone.wav phone.mp3",
        "lame --silent -b 160 --add-id3v2 --tt title tone.wav tagged.mp3",
        "lame --silent --freeformat -b 320 tone.wav free.mp3",
        "opusenc --quiet --bitrate 96 tone.wav music.opus",
        "opusenc --quiet --bitrate 16 --speech tone.wav speech.opus",
        "opusenc --quiet --bitrate 64 --framesize 2.5 tone.wav short.opus",
        "opusenc --quiet --bitrate 32 --framesize 60 tone.wav long.opus",
    ] {
        studio.run(command);
    }
    check(
        &studio,
        &[
            ("best.flac", 1e-4, RECORDING_RATE),
            ("flac.oga", 1e-4, RECORDING_RATE),
            ("vbr.mp3", 0.02, RECORDING_RATE),
            ("tagged.mp3", 0.02, RECORDING_RATE),
            ("music.opus", 0.02, RECORDING_RATE),
            ("short.opus", 0.02, RECORDING_RATE),
            ("long.opus", 0.05, RECORDING_RATE),
        ],
    );
    // Telephone sound, and speech at a low rate, are other sounds by now.
    for name in ["phone.mp3", "speech.opus"] {
        let recording = Recording::read(&studio.path(name), None).unwrap();
        let seconds = recording.samples.len() as f64 / f64::from(recording.sample_rate);
        assert!((1.4..1.6).contains(&seconds), "{name}: {seconds} s");
    }
}

/// The samples of `opusdec`, the decoder of those who made the format.
#[test]
fn opus_has_the_samples_of_its_own_decoder() {
    let studio = Studio::new();
    for (bits, more) in [
        ("12", "--speech"),
        ("24", ""),
        ("96", ""),
        ("64", "--framesize 5"),
    ] {
        studio.run(&format!(
            "opusenc --quiet --bitrate {bits} {more} tone.wav a.opus"
        ));
        studio.run("opusdec --quiet --float --rate 48000 a.opus decoded.wav");
        let ours = Recording::read(&studio.path("a.opus"), None)
            .unwrap()
            .samples;
        let theirs = Recording::read(&studio.path("decoded.wav"), None).unwrap();
        let pairs = || ours.iter().zip(&theirs.samples);
        let squares: f32 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
        let error = (squares / pairs().count() as f32).sqrt();
        assert!(error < 2e-5, "{bits} kbit/s: {error:e}");
        // The file does not say to the library that the last frame is longer than the sound.
        let more = ours.len() - theirs.samples.len();
        assert!(more < 960, "{bits} kbit/s: {more} samples more");
    }
}

#[test]
fn nothing_is_read_behind_the_limit() {
    let studio = Studio::new();
    studio.run("opusenc --quiet tone.wav tone.opus");
    for (name, lead) in [("tone.wav", 0), ("tone.opus", 960)] {
        for (limit, truncated, samples) in [
            (500, true, 24_000),
            (1500, false, 72_000),
            (9000, false, 72_000),
        ] {
            let limit = Some(Duration::from_millis(limit));
            let recording = Recording::read(&studio.path(name), limit).unwrap();
            let length = recording.samples.len();
            assert!(length.abs_diff(samples) <= lead, "{name}: {length}");
            if lead == 0 {
                assert_eq!(recording.truncated, truncated);
            }
        }
    }
}

#[test]
fn a_recording_that_breaks_off_is_read_as_far_as_it_goes() {
    let studio = Studio::new();
    for (name, arguments) in [
        ("a.mp3", ""),
        ("a.flac", ""),
        ("a.wav", ""),
        ("a.aiff", ""),
        ("a.opus", "-c:a libopus"),
        ("a.ogg", "-c:a libvorbis -page_duration 100000"),
        ("a.aac", ""),
        ("a.webm", "-c:a libopus"),
        ("a.m4a", "-movflags faststart"),
    ] {
        let path = studio.ffmpeg(arguments, name);
        let file = std::fs::read(&path).unwrap();
        std::fs::write(&path, &file[..file.len() * 2 / 3]).unwrap();
        let recording = Recording::read(&path, None);
        let length = recording.map(|it| it.samples.len());
        assert!(
            length.as_ref().is_ok_and(|it| *it > 20_000),
            "{name}: {length:?}"
        );
    }
}

/// Recorders of broadcasts write one stream behind the other into one file.
#[test]
fn a_chain_of_ogg_streams_is_read_to_its_end() {
    let studio = Studio::new();
    studio.run("opusenc --quiet tone.wav a.opus");
    studio.run("opusenc --quiet tone.wav b.opus --serial 77");
    let files = ["a.opus", "b.opus"].map(|name| std::fs::read(studio.path(name)).unwrap());
    let path = studio.write("chain.opus", &files.concat());
    let length = Recording::read(&path, None).unwrap().samples.len();
    assert!(length.abs_diff(2 * studio.samples.len()) < 2400, "{length}");
}

#[test]
fn recordings_that_were_joined_end_to_end_are_read_to_the_end() {
    let studio = Studio::new();
    for name in ["a.flac", "a.mp3", "a.aac", "a.ogg"] {
        let path = studio.ffmpeg("", name);
        let alone = Recording::read(&path, None).unwrap();
        let file = std::fs::read(&path).unwrap();
        let joined = studio.write(&format!("joined_{name}"), &file.repeat(3));
        let recording = Recording::read(&joined, None).unwrap();
        let (expected, length) = (3 * alone.samples.len(), recording.samples.len());
        assert!(
            length.abs_diff(expected) < 6000,
            "{name}: {length} of {expected}"
        );
        let limit = Duration::from_secs(2);
        let part = Recording::read(&joined, Some(limit)).unwrap();
        assert_eq!(
            (part.samples.len(), part.truncated),
            (2 * RECORDING_RATE as usize, true),
            "{name}"
        );
    }
}

#[test]
fn channels_that_cancel_are_told_by_their_level() {
    let studio = Studio::new();
    let path = studio.ffmpeg("-af pan=stereo|c0=c0|c1=-1*c0", "antiphase.wav");
    let recording = Recording::read(&path, None).unwrap();
    assert!(recording.samples.iter().all(|it| it.abs() < 1e-4));
    assert!((0.27..0.3).contains(&recording.channel_level));
}
