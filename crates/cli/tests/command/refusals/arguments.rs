//! Arguments that make no sense, or not together.

use super::Guarded;
use crate::sandbox::TINY;

#[test]
fn what_cannot_be_typed_is_told_before_anything_happens() {
    struct Case {
        line: &'static str,
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            line: "convert --components flw_lm",
            says: &[
                "'flw_lm'",
                "did you mean flow_lm?",
                "there are text_conditioner, flow_lm",
            ],
        },
        Case {
            line: "convert --components flow_lm,decoder",
            says: &["'decoder'", "did you mean mimi_decoder?"],
        },
        Case {
            line: "convert --components",
            says: &["--components"],
        },
        Case {
            line: "convert --dtype fp32",
            says: &["'fp32'", "did you mean f32?", "f32, bf16, q16, q8, q6, q4"],
        },
        Case {
            line: "convert --dtype decoder=q8",
            says: &["'decoder=q8'", "did you mean mimi_decoder?"],
        },
        Case {
            line: "convert --dtype q8,flow_lm=int8",
            says: &["'flow_lm=int8'", "no such format"],
        },
        Case {
            line: "convert --dtype mimi_decoder=q16+int8",
            says: &["no such format"],
        },
        Case {
            line: "convert --dtype flow_lm=q8+q6",
            says: &[
                "only mimi_decoder has slow layers",
                "mimi_decoder=FORMAT+FORMAT",
            ],
        },
        Case {
            line: "convert --opset-version 16",
            says: &["opset 16 is not supported: choose 17 to 23"],
        },
        Case {
            line: "convert --opset-version 24",
            says: &["opset 24 is not supported: choose 17 to 23"],
        },
        Case {
            line: "convert --opset-version latest",
            says: &["'latest'", "--opset-version", "not a number"],
        },
        Case {
            line: "convert --variant english --config tiny_english.yaml",
            says: &["--variant", "--config", "cannot be used with"],
        },
        Case {
            line: "convert --weights tiny_english.safetensors --synthetic 1",
            says: &["--weights", "--synthetic", "cannot be used with"],
        },
        Case {
            line: "convert --synthetic -1",
            says: &["-1"],
        },
        Case {
            line: "convert --quiet --json",
            says: &["--quiet", "--json", "cannot be used with"],
        },
        Case {
            line: "convert --output out",
            says: &["'--output'", "'--output-dir'"],
        },
        Case {
            line: "variants english --json",
            says: &["--json", "cannot be used with"],
        },
        Case {
            line: "convrt",
            says: &["'convrt'", "'convert'"],
        },
        Case {
            line: "inspect out out",
            says: &["unexpected argument 'out'"],
        },
    ];
    let mut guarded = Guarded::new();
    for case in cases {
        guarded.refuses(case.line, case.line, 2, case.says);
    }
}

#[test]
fn what_a_model_lacks_is_named() {
    struct Case {
        line: &'static str,
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            line: "--variant englsh",
            says: &[
                "\"englsh\"",
                "the nearest are english, ",
                "pocket-onnx variants",
            ],
        },
        Case {
            line: "--variant English_2M-2026-10",
            says: &["the nearest are english_2m_2026-10"],
        },
        Case {
            line: "--variant B6369A24",
            says: &["the nearest are english_2026-01"],
        },
        Case {
            line: "--config nowhere.yaml --synthetic 1",
            says: &["there is no file nowhere.yaml"],
        },
        Case {
            line: "--config tiny_english.yaml --tokenizer tokenizer.json",
            says: &["names no weights", "--weights", "--synthetic"],
        },
        Case {
            line: "--config tiny_english.yaml --weights tiny_english.safetensors",
            says: &["names no tokenizer", "--tokenizer"],
        },
        Case {
            line: "--config tiny_english.yaml --synthetic 1 --tokenizer nowhere.json",
            says: &["there is no file nowhere.json"],
        },
        Case {
            line: "--config tiny_english.yaml --synthetic 1 --tokenizer tiny_2m.yaml",
            says: &["tiny_2m.yaml"],
        },
        Case {
            line: "--config tiny_english.yaml --synthetic 1 --tokenizer ftp://example.org/a.json",
            says: &["ftp://example.org/a.json"],
        },
    ];
    let mut guarded = Guarded::new();
    for case in cases {
        let line = format!("convert --output-dir out {}", case.line);
        guarded.refuses_in_one_line(case.line, &line, case.says);
    }
}

#[test]
fn formats_that_contradict_each_other_are_refused() {
    let mut guarded = Guarded::new();
    for (line, says) in [
        (
            "--dtype q8 q4",
            "two formats for all components, q8 and q4: give one",
        ),
        (
            "--dtype flow_lm=q8 --dtype flow_lm=f32",
            "two formats for flow_lm",
        ),
        (
            "--components flow_net --dtype mimi_decoder=f32",
            "names mimi_decoder, which --components leaves out",
        ),
    ] {
        let line = format!("{TINY} --output-dir out {line}");
        guarded.refuses_in_one_line("formats", &line, &[says]);
    }
}
