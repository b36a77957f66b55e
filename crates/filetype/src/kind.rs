//! The types of files that people give to the program.

use std::fmt;

use crate::signature;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileType {
    /// An empty file, as an interrupted copy leaves.
    Empty,
    /// A folder.
    Folder,
    /// A named pipe, or one that a shell made.
    Pipe,
    /// A device or a socket.
    Device,
    /// A web page.
    Html,
    /// A Git LFS pointer: a small text instead of a file.
    LfsPointer,
    /// A safetensors file.
    Safetensors,
    /// A JSON file that lists the safetensors files that weights are split into.
    SafetensorsIndex,
    /// A checkpoint of `torch.save`: a ZIP archive with a pickle in it.
    TorchArchive,
    /// A bare Python pickle, as `torch.save` wrote it before 2020.
    Pickle,
    /// An archive or a compressed file, by name: `a ZIP archive`.
    Archive(&'static str),
    /// An image, by name: `a PNG image`.
    Image(&'static str),
    /// A document, by name: `a PDF document`.
    Document(&'static str),
    /// Sound, by name: `WAV`.
    Audio(&'static str),
    /// A container of films, which may hold sound alone: `WebM`.
    Video(&'static str),
    /// A model or tensors of another program, by name: `a GGUF model`.
    OtherModel(&'static str),
    /// A program.
    Program,
    /// JSON.
    Json,
    /// Other text.
    Text,
    /// None of these.
    Unknown,
}

impl FileType {
    /// Number of bytes at the beginning that are enough to tell.
    pub const HEAD: usize = 4096;

    /// The type of a file that begins with `head`: [`FileType::HEAD`] bytes, or all there are.
    pub fn of(head: &[u8]) -> Self {
        signature::find(&head[..head.len().min(Self::HEAD)])
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("empty"),
            Self::Folder => out.write_str("a folder"),
            Self::Pipe => out.write_str("a pipe"),
            Self::Device => out.write_str("a device"),
            Self::Html => out.write_str("a web page (HTML)"),
            Self::LfsPointer => out.write_str("a Git LFS pointer"),
            Self::Safetensors => out.write_str("a safetensors file"),
            Self::SafetensorsIndex => out.write_str("the index of weights in several files"),
            Self::TorchArchive => out.write_str("a PyTorch checkpoint (torch.save)"),
            Self::Pickle => out.write_str("a Python pickle"),
            Self::Audio(name) => write!(out, "a recording ({name})"),
            Self::Video(name) => write!(out, "a video ({name})"),
            Self::Archive(name)
            | Self::Image(name)
            | Self::Document(name)
            | Self::OtherModel(name) => out.write_str(name),
            Self::Program => out.write_str("a program"),
            Self::Json => out.write_str("a JSON file"),
            Self::Text => out.write_str("a text"),
            Self::Unknown => out.write_str("a file of an unknown type"),
        }
    }
}
