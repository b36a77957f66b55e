use super::*;

const CHECK_RATE: u32 = 24_000;

/// A voice as the check sees one: a tone, for so many seconds.
fn tone(seconds: f64, peak: f32) -> Vec<f32> {
    let count = (seconds * f64::from(CHECK_RATE)) as usize;
    (0..count).map(|i| (i as f32 * 0.05).sin() * peak).collect()
}

fn of(samples: impl AsRef<[f32]>) -> Recording {
    Recording::mono(samples.as_ref(), CHECK_RATE)
}

/// What is said of samples: the kinds of the notices, or the error.
fn said(recording: &Recording) -> String {
    match check(recording) {
        Ok(notices) => notices
            .iter()
            .map(RecordingNotice::kind)
            .collect::<Vec<_>>()
            .join(" "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn recordings_that_no_voice_can_come_of_are_refused() {
    let mut late = vec![0.0; CHECK_RATE as usize * 30];
    late[5] = 1e-5;
    let late = Recording {
        truncated: true,
        ..of(late)
    };
    let antiphase = Recording {
        channel_level: 0.3,
        ..of(vec![0.0; 48_000])
    };
    let mut not_finite = tone(3.0, 0.5);
    not_finite[36_000] = f32::NAN;
    let cases = [
        (of(Vec::new()), "no samples"),
        (of(vec![0.0; 48_000]), "is silent: record again"),
        (of(vec![1e-5; 48_000]), "100 dB below full scale"),
        (
            of(vec![0.488; 48_000]),
            "every sample has the same value, 0.49",
        ),
        (late, "first 30 seconds of the recording are silent"),
        (antiphase, "channels cancel each other out"),
        (of(not_finite), "not finite, after 1.50 s"),
        (Recording::mono(&[0.5; 9], 0), "a sample rate of 0 Hz"),
    ];
    let mut wrong = Vec::new();
    for (recording, says) in cases {
        let said = said(&recording);
        if !said.contains(says) || said.contains("e-") {
            wrong.push(format!("{says:?}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_may_make_a_poor_voice_is_told() {
    let silence = |seconds: f64| vec![0.0; (seconds * f64::from(CHECK_RATE)) as usize];
    let shifted: Vec<f32> = tone(3.0, 0.2).iter().map(|it| it + 0.3).collect();
    let clipped: Vec<f32> = (tone(3.0, 3.0).iter())
        .map(|it| it.clamp(-1.0, 1.0))
        .collect();
    let nearly_antiphase = Recording {
        channel_level: 0.5,
        ..of(tone(3.0, 0.02))
    };
    let long = Recording {
        truncated: true,
        ..of(tone(30.0, 0.5))
    };
    let cases = [
        (of(tone(3.0, 0.5)), ""),
        (of([silence(10.0), tone(2.0, 0.5)].concat()), ""),
        (of(vec![0.4]), "short-recording"),
        (of(tone(0.4, 0.5)), "short-recording"),
        (
            of([silence(9.0), tone(0.5, 0.5)].concat()),
            "silent-recording",
        ),
        (of(tone(3.0, 0.004)), "quiet-recording"),
        (of(clipped), "clipped-recording"),
        (of(shifted), "recording-offset"),
        (of(tone(3.0, 9000.0)), "recording-scale"),
        (nearly_antiphase, "recording-channels"),
        (long, "long-recording"),
        // Half as loud again as full scale: a decoder that overshoots.
        (of(tone(3.0, 1.5)), ""),
    ];
    let mut wrong = Vec::new();
    for (recording, kinds) in cases {
        let said = said(&recording);
        if said != kinds {
            wrong.push(format!("{kinds:?}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn notices_have_numbers_for_people() {
    let notice = |samples: Vec<f32>| check(&of(samples)).unwrap()[0].to_string();
    for (samples, says) in [
        (vec![0.4], "less than a millisecond long"),
        (tone(0.04, 0.5), "only 40 milliseconds long"),
        (tone(1.4, 0.5), "only 1.4 seconds long"),
        (tone(3.0, 9000.0), "9000 times full scale"),
        (tone(3.0, 0.005), "46 dB below full scale"),
    ] {
        let said = notice(samples);
        assert!(said.contains(says), "{said}");
    }
}
