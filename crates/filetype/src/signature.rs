//! Signatures of files: models and recordings are recognised here, the rest by `infer`.

use infer::MatcherType;

use crate::FileType;

/// Longest header of a safetensors file.
const LONGEST_HEADER: u64 = 100_000_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Byte order marks of UTF-16. The first is also how frames of MPEG Layer I begin, which is out of
/// use.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

pub(crate) fn find(head: &[u8]) -> FileType {
    if head.is_empty() {
        return FileType::Empty;
    }
    if UTF16_MARKS.iter().any(|mark| head.starts_with(mark)) {
        return FileType::Text;
    }
    model(head)
        .or_else(|| audio(head))
        .or_else(|| text(head))
        .or_else(|| inferred(head))
        .unwrap_or(FileType::Unknown)
}

/// Files of tensors.
fn model(head: &[u8]) -> Option<FileType> {
    if let (Some(length), Some(b'{')) = (head.first_chunk(), head.get(8))
        && u64::from_le_bytes(*length) <= LONGEST_HEADER
    {
        return Some(FileType::Safetensors);
    }
    if head.starts_with(b"PK\x03\x04") {
        // The name of the first entry follows 30 bytes of the archive's own.
        let names = &head[..head.len().min(300)];
        let is_torch = contains(names, b"/data.pkl") || contains(names, b"/byteorder");
        return is_torch.then_some(FileType::TorchArchive);
    }
    Some(match head {
        [0x80, 2..=5, ..] => FileType::Pickle,
        [b'G', b'G', b'U', b'F', ..] => FileType::OtherModel("a GGUF model"),
        [b'g', b'g', b'm', b'l' | b'f' | b't', ..] | [b'l', b'm', b'g', b'g', ..] => {
            FileType::OtherModel("a GGML model")
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => FileType::OtherModel("a NumPy array"),
        [0x89, b'H', b'D', b'F', ..] => FileType::OtherModel("an HDF5 file"),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => FileType::OtherModel("a TensorFlow Lite model"),
        // The producer's name is the second field in files of `torch.onnx` and most other programs.
        [8, 3..=20, 0x12, ..] => FileType::OtherModel("an ONNX model"),
        _ => return None,
    })
}

/// Recordings in all common formats, supported or not.
fn audio(head: &[u8]) -> Option<FileType> {
    let inner = |from: usize| head.get(from..from + 4).unwrap_or_default();
    let name = match inner(0) {
        b"RIFF" | b"RIFX" if inner(8) == b"WAVE" => "WAV",
        b"RIFF" if inner(8) == b"AVI " => return Some(FileType::Video("AVI")),
        b"RF64" | b"BW64" => "RF64, a WAV of any length",
        b"riff" if inner(24) == b"wave" => "Wave64",
        b"FORM" if matches!(inner(8), b"AIFF" | b"AIFC") => "AIFF",
        b"caff" => "CAF",
        b"fLaC" => "FLAC",
        b"OggS" => ogg(head),
        b".snd" => "AU",
        b"wvpk" => "WavPack",
        b"MAC " => "Monkey's Audio",
        b"MPCK" => "Musepack",
        b"TTA1" => "True Audio",
        b"DSD " | b"FRM8" => "DSD",
        b"MThd" => "MIDI, which holds notes and no sound",
        b"NIST" => "NIST SPHERE",
        b"Crea" => "Creative Voice",
        b".RMF" | b".ra\xfd" => "RealAudio",
        b"\x30\x26\xb2\x75" => "WMA",
        b"#!AM" => "AMR",
        b"#!SI" => "SILK",
        _ if is_transport_stream(head) => return Some(FileType::Video("MPEG-TS")),
        _ if inner(4) == b"ftyp" => return Some(mpeg4(inner(8))),
        _ if head.starts_with(b"ID3") || head.starts_with(b"TAG") => "MP3",
        _ if head.starts_with(b"MP+") => "Musepack",
        _ => match head {
            [0xff, second, ..] if second & 0xf6 == 0xf0 => "AAC",
            // Synchronisation bits, with a valid version and layer, and no free bit rate.
            [0xff, second, third, ..]
                if second & 0xe0 == 0xe0
                    && second & 0x18 != 0x08
                    && second & 0x06 != 0
                    && third & 0xf0 != 0xf0 =>
            {
                "MP3"
            }
            _ => return None,
        },
    };
    Some(FileType::Audio(name))
}

/// Packets of 188 bytes, each of which begins with the same byte.
fn is_transport_stream(head: &[u8]) -> bool {
    let mut packets = head.chunks_exact(188);
    packets.len() >= 3 && packets.all(|packet| packet[0] == 0x47)
}

/// The codec of an Ogg file, which begins the first packet.
fn ogg(head: &[u8]) -> &'static str {
    let page = &head[..head.len().min(300)];
    match () {
        () if contains(page, b"OpusHead") => "Ogg Opus",
        () if contains(page, b"\x01vorbis") => "Ogg Vorbis",
        () if contains(page, b"\x7fFLAC") => "Ogg FLAC",
        () if contains(page, b"Speex   ") => "Ogg Speex",
        () if contains(page, b"\x80theora") => "Ogg Theora",
        () => "Ogg",
    }
}

/// By the brand of an MPEG-4 file.
fn mpeg4(brand: &[u8]) -> FileType {
    match brand {
        b"M4A " | b"M4B " => FileType::Audio("M4A"),
        b"M4P " => FileType::Audio("M4P"),
        b"qt  " => FileType::Video("QuickTime"),
        b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc" => FileType::Image("a HEIC image"),
        b"avif" | b"avis" => FileType::Image("an AVIF image"),
        _ if brand.starts_with(b"3g") => FileType::Video("3GPP"),
        _ => FileType::Video("MPEG-4"),
    }
}

/// Text files: Git LFS pointers, web pages, JSON, other text.
fn text(head: &[u8]) -> Option<FileType> {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let text = text.trim_ascii_start();
    if text.starts_with(b"version https://git-lfs") {
        return Some(FileType::LfsPointer);
    }
    if is_html(text) {
        return Some(FileType::Html);
    }
    if text.starts_with(b"%PDF") {
        return Some(FileType::Document("a PDF document"));
    }
    if text.starts_with(b"%!PS") {
        return Some(FileType::Document("a PostScript document"));
    }
    if text.starts_with(b"{\\rtf") {
        return Some(FileType::Document("an RTF document"));
    }
    if !is_text(head) {
        return None;
    }
    if matches!(text.first(), Some(b'{' | b'[')) {
        return Some(if contains(text, b"\"weight_map\"") {
            FileType::SafetensorsIndex
        } else {
            FileType::Json
        });
    }
    Some(FileType::Text)
}

/// Web pages, recognised as browsers do: by a tag at the very beginning.
fn is_html(text: &[u8]) -> bool {
    let tags: [&[u8]; 10] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<title",
        b"<meta",
        b"<h1",
        b"<div",
        b"<p>",
    ];
    let begins = |text: &[u8], tag: &[u8]| {
        (text.get(..tag.len())).is_some_and(|it| it.eq_ignore_ascii_case(tag))
    };
    // A comment or an XML declaration may come before.
    let page = if begins(text, b"<!--") || begins(text, b"<?xml") {
        text.iter()
            .position(|&byte| byte == b'>')
            .map_or(text, |end| text[end + 1..].trim_ascii_start())
    } else {
        text
    };
    tags.iter().any(|tag| begins(page, tag))
}

/// Whether these bytes are UTF-8 without control characters; the last character may be incomplete.
fn is_text(head: &[u8]) -> bool {
    let is_control = |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c);
    if head.iter().any(is_control) {
        return false;
    }
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Everything else.
fn inferred(head: &[u8]) -> Option<FileType> {
    let found = infer::get(head)?;
    let (mime, matcher) = (found.mime_type(), found.matcher_type());
    Some(match matcher {
        MatcherType::Image => FileType::Image(match mime {
            "image/png" => "a PNG image",
            "image/jpeg" => "a JPEG image",
            "image/gif" => "a GIF image",
            "image/webp" => "a WebP image",
            _ => "an image",
        }),
        MatcherType::Archive => match mime {
            "application/zip" => FileType::Archive("a ZIP archive"),
            "application/gzip" => FileType::Archive("a gzip archive"),
            "application/x-bzip2" => FileType::Archive("a bzip2 archive"),
            "application/x-xz" => FileType::Archive("an xz archive"),
            "application/zstd" => FileType::Archive("a Zstandard archive"),
            "application/x-7z-compressed" => FileType::Archive("a 7-Zip archive"),
            "application/vnd.rar" => FileType::Archive("a RAR archive"),
            "application/x-tar" => FileType::Archive("a tar archive"),
            "application/vnd.sqlite3" => FileType::Document("an SQLite database"),
            _ => FileType::Archive("an archive"),
        },
        MatcherType::Video => FileType::Video(match mime {
            "video/webm" => "WebM",
            "video/x-matroska" => "Matroska",
            "video/x-flv" => "Flash Video",
            "video/mpeg" => "MPEG",
            _ => "unknown kind",
        }),
        MatcherType::Audio => FileType::Audio("unknown kind"),
        MatcherType::Doc | MatcherType::Book => FileType::Document("a document"),
        MatcherType::App => FileType::Program,
        MatcherType::Font => FileType::Document("a font"),
        MatcherType::Text | MatcherType::Custom => return None,
    })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
