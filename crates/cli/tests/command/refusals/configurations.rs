//! Configurations that are none, or of no possible model.

use super::Guarded;

const CONVERT_BAD: &str =
    "convert --config bad.yaml --tokenizer tokenizer.json --synthetic 1 --output-dir out";

#[test]
fn mistakes_are_shown_where_they_are() {
    struct Case {
        from: &'static str,
        to: &'static str,
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            from: "    num_heads: 4\n",
            to: "    num_haeds: 4\n",
            says: &["unknown field `num_haeds`", "    num_haeds: 4"],
        },
        Case {
            from: "d_model: 64",
            to: "d_model: wide",
            says: &["expected a whole number", "d_model: wide"],
        },
        Case {
            from: "frame_rate: 12.5",
            to: "frame_rate: 12,5",
            says: &["expected a number", "frame_rate: 12,5"],
        },
        Case {
            from: "    max_period: 10000\n",
            to: "",
            says: &["missing field `max_period`"],
        },
        Case {
            from: "mimi:\n",
            to: "mimi\n",
            says: &["25 | mimi", "line 25 column 1"],
        },
    ];
    let mut guarded = Guarded::new();
    let sound = guarded.sandbox.read("tiny_english.yaml");
    for Case { from, to, says } in cases {
        let text = sound.replacen(from, to, 1);
        assert_ne!(text, sound, "{from:?} is not there");
        guarded.sandbox.write("bad.yaml", text);
        guarded.refuses(to, CONVERT_BAD, 1, says);
        guarded.refuses(to, CONVERT_BAD, 1, &["configuration bad.yaml: ", "line "]);
    }
}

#[test]
fn impossible_values_are_named_by_their_keys() {
    struct Case {
        from: &'static str,
        to: &'static str,
        says: &'static str,
    }
    let cases = [
        Case {
            from: "num_heads: 4",
            to: "num_heads: 5",
            says: "flow_lm.transformer.",
        },
        Case {
            from: "num_layers: 2",
            to: "num_layers: 0",
            says: "flow_lm.transformer.num_layers: ",
        },
        Case {
            from: "    - 6\n    - 5\n    - 4\n",
            to: "    - 6\n    - 0\n    - 4\n",
            says: "mimi.seanet.ratios",
        },
        Case {
            from: "channels: 1",
            to: "channels: 2",
            says: "mimi.channels: ",
        },
        Case {
            from: "n_bins: 4000",
            to: "n_bins: 4294967295",
            says: "flow_lm.lookup_table.n_bins: ",
        },
        // The vocabulary has 4,000 pieces.
        Case {
            from: "n_bins: 4000",
            to: "n_bins: 3999",
            says: "4000",
        },
    ];
    let mut guarded = Guarded::new();
    let sound = guarded.sandbox.read("tiny_english.yaml");
    for Case { from, to, says } in cases {
        let text = sound.replacen(from, to, 1);
        assert_ne!(text, sound, "{from:?} is not there");
        guarded.sandbox.write("bad.yaml", text);
        guarded.refuses_in_one_line(to, CONVERT_BAD, &[says]);
    }
}

#[test]
fn files_that_are_no_configuration_are_named() {
    let mut guarded = Guarded::new();
    let files: [(&str, Vec<u8>); 4] = [
        ("an empty file", Vec::new()),
        ("not text", vec![0xff, 0xfe, 0]),
        ("far too long", vec![b'#'; (1 << 20) + 1]),
        ("another YAML file", b"on: push\njobs: {}\n".to_vec()),
    ];
    for (story, content) in files {
        guarded.sandbox.write("bad.yaml", content);
        guarded.refuses(story, CONVERT_BAD, 1, &["bad.yaml"]);
    }
    let line = "convert --config out --tokenizer tokenizer.json --synthetic 1 --output-dir out";
    guarded.refuses("a folder", line, 1, &["out"]);
}
