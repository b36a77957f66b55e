//! `speech-dispatcher`: the commands that speech-dispatcher sends, and what it reads.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::sandbox::Sandbox;

/// A module that was initialised.
struct ModuleProcess {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _sandbox: Sandbox,
}

impl ModuleProcess {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command("speech-dispatcher");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut module = Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            _sandbox: sandbox,
        };
        module.send("INIT\n");
        assert_eq!(
            module.until("299 ").last().unwrap(),
            "299 OK LOADED SUCCESSFULLY"
        );
        module
    }

    fn send(&mut self, commands: &str) {
        self.input.write_all(commands.as_bytes()).unwrap();
    }

    /// The lines up to one that begins with `last`; sound is shown as its first line.
    fn until(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            assert!(
                self.output.read_until(b'\n', &mut line).unwrap() > 0,
                "{lines:?}"
            );
            let line = line.split(|byte| *byte == 0).next().unwrap();
            let line = String::from_utf8(line.to_vec()).unwrap();
            let line = line.trim_end().to_owned();
            let is_last = line.starts_with(last);
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }

    /// Speaks, and returns the events without those of sound.
    fn speak(&mut self, text: &str) -> (Vec<String>, usize) {
        self.send(&format!("SPEAK\n{text}\n.\n"));
        let lines = self.until("702 ");
        let samples = lines
            .iter()
            .filter_map(|line| line.strip_prefix("705-num_samples="));
        let samples = samples.map(|count| count.parse::<usize>().unwrap()).sum();
        let events = lines.into_iter().filter(|line| !line.starts_with("705"));
        (events.collect(), samples)
    }
}

impl Drop for ModuleProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn texts_are_spoken_with_their_index_marks_in_order() {
    let mut module = ModuleProcess::start();
    let ssml = "<speak><mark name=\"a\"/>Fish &amp; chips.<mark name=\"b\"/> And\n..tea.\
                <mark name=\"c\"/></speak>";
    let (events, samples) = module.speak(ssml);
    let marks = ["a", "b", "c"].map(|mark| [format!("700-{mark}"), "700 INDEX MARK".to_owned()]);
    let mut expected = vec![
        "202 OK RECEIVING MESSAGE".to_owned(),
        "200 OK SPEAKING".to_owned(),
        "701 BEGIN".to_owned(),
    ];
    expected.extend(marks.into_iter().flatten());
    expected.push("702 END".to_owned());
    assert_eq!(events, expected);
    assert!((24_000..240_000).contains(&samples), "{samples}");
    // Rates go up to twice as fast.
    module.send("SET\nrate=100\nsynthesis_voice=heron\npitch=9\n.\n");
    module.until("203 OK SETTINGS RECEIVED");
    let (_, fast) = module.speak(ssml);
    assert!(fast < samples * 3 / 4, "{fast}, {samples}");
    // Without a word there is nothing to be heard.
    assert_eq!(module.speak("<speak>...</speak>").1, 0);
    module.send("LIST VOICES\n");
    assert_eq!(
        module.until("200 "),
        [
            "200-robin\ten\tnone",
            "200-heron\ten\tnone",
            "200 OK VOICE LIST SENT"
        ]
    );
    module.send("NONSENSE\nQUIT\n");
    assert_eq!(
        module.until("210 "),
        ["300 ERR UNKNOWN COMMAND", "210 OK QUIT"]
    );
    assert!(module.child.wait().unwrap().success());
}

/// Otherwise every text would be refused, one after the other, and nothing be heard.
#[test]
fn a_configuration_that_cannot_speak_is_refused_at_the_start() {
    let sandbox = Sandbox::new();
    for (config, says) in [
        ("voice nosuch\n", "399-starling has no voice \"nosuch\""),
        ("loudness 3\n", "399-cannot read bad.conf: "),
        ("bundle nowhere\n", "399-cannot read nowhere: "),
    ] {
        sandbox.write("bad.conf", config);
        sandbox.write("commands", "INIT\nQUIT\n");
        let mut command = sandbox.command("speech-dispatcher bad.conf");
        command.stdin(std::fs::File::open(sandbox.path("commands")).unwrap());
        let ran = sandbox.finish("speech-dispatcher bad.conf", &mut command);
        assert!(ran.stdout.starts_with(says), "{config}: {ran}");
        assert!(
            ran.stdout.contains("\n399 ERR CANT INIT MODULE\n"),
            "{config}: {ran}"
        );
    }
}

#[test]
fn a_stop_ends_a_text_and_the_next_one_is_spoken() {
    let mut module = ModuleProcess::start();
    let long = "The morning train was late, so we walked along the river. ".repeat(40);
    module.send(&format!("SPEAK\n{long}\n.\n"));
    module.until("705 AUDIO");
    module.send("STOP\n");
    let lines = module.until("703 ");
    let seconds = lines.iter().filter(|line| *line == "705 AUDIO").count() / 10;
    assert!(seconds < 60, "{seconds} of about 160 seconds");
    assert!(module.speak("Hello.").1 > 4_800);
    module.send("STOP\nAUDIO\naudio_output_method=server\n.\n");
    assert_eq!(
        module.until("203 "),
        [
            "207 OK RECEIVING AUDIO SETTINGS",
            "203 OK AUDIO INITIALIZED"
        ]
    );
}
