//! Tags, covers and lyrics before the sound.

use audio::Recording;

use crate::support::Studio;

/// Covers of one to five megabytes are ordinary in podcasts and music.
#[test]
fn megabytes_of_tags_are_stepped_over() {
    let studio = Studio::new();
    studio.ffmpeg("-id3v2_version 0", "plain.mp3");
    let length = Recording::read(&studio.path("plain.mp3"), None)
        .unwrap()
        .samples
        .len();
    let sound = std::fs::read(studio.path("plain.mp3")).unwrap();
    // Noise, as a compressed picture is: it has the beginning of MP3 frames in it, too.
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..5_000_000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    let tag = |content: &[u8], flags: u8| {
        let size = content.len();
        let sizes = [21, 14, 7, 0].map(|shift| (size >> shift & 127) as u8);
        [&b"ID3\x04\0"[..], &[flags], &sizes, content].concat()
    };
    let footer = b"3DI\x04\0\x10\0\0\0\0";
    for (name, front) in [
        ("cover.mp3", tag(&noise, 0)),
        (
            "two.mp3",
            [tag(&noise[..1_200_000], 0), tag(&noise[..90], 0)].concat(),
        ),
        (
            "footer.mp3",
            [&tag(&noise[..2_000_000], 0x10), &footer[..]].concat(),
        ),
        ("empty.mp3", tag(&[], 0)),
        ("padded.mp3", tag(&vec![0; 2_000_000], 0)),
    ] {
        let path = studio.write(name, &[&front[..], &sound].concat());
        let recording = Recording::read(&path, None);
        let found = recording.map(|it| it.samples.len());
        assert!(
            found.as_ref().is_ok_and(|it| *it == length),
            "{name}: {found:?}"
        );
    }
    // A tag before a WAV file, as some programs for tags leave it.
    let wav = std::fs::read(studio.path("tone.wav")).unwrap();
    let path = studio.write("tagged.wav", &[&tag(&noise[..3000], 0)[..], &wav].concat());
    assert_eq!(
        Recording::read(&path, None).unwrap().samples.len(),
        studio.samples.len()
    );
}

/// `lame`, `flac`, `opusenc` and `ffmpeg` put a picture of megabytes into their files.
#[test]
fn pictures_in_comments_are_stepped_over() {
    let studio = Studio::new();
    // A PNG of noise hardly shrinks: 3 MB.
    studio.run("ffmpeg -v error -f lavfi -i nullsrc=s=1000x1000,geq=random(1)*255:128:128 -frames:v 1 -pix_fmt rgb24 cover.png");
    studio.run("ffmpeg -v error -i cover.png -q:v 1 cover.jpg");
    for command in [
        "opusenc --quiet --picture cover.png tone.wav cover.opus",
        "flac --silent --picture=cover.png tone.wav -o cover.flac",
        "flac --silent --ogg --picture=cover.png tone.wav -o cover.oga",
        "ffmpeg -v error -i tone.wav -i cover.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic cover.m4a",
        "ffmpeg -v error -i tone.wav -i cover.png -map 0 -map 1 -c:v copy -id3v2_version 3 cover.mp3",
        "ffmpeg -v error -i tone.wav -attach cover.png -metadata:s:t mimetype=image/png -c:a libopus cover.mka",
    ] {
        studio.run(command);
    }
    for name in [
        "cover.opus",
        "cover.flac",
        "cover.oga",
        "cover.m4a",
        "cover.mp3",
        "cover.mka",
    ] {
        let size = std::fs::metadata(studio.path(name)).unwrap().len();
        assert!(size > 500_000, "{name} has only {size} bytes: no picture");
        let recording = Recording::read(&studio.path(name), None);
        let length = recording.map(|it| it.samples.len());
        assert!(
            length.as_ref().is_ok_and(|it| *it > 70_000),
            "{name}: {length:?}"
        );
    }
}
