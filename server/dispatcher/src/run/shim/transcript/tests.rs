//! What real programs printed, and what nobody should.

use proptest::prelude::*;

use super::*;

fn read(format: OutputFormat, printed: &[u8]) -> (String, String) {
    let mut transcript = Transcript::new(format, Path::new("/work"));
    let mut log = transcript.read(printed);
    log.extend(transcript.end());
    let log = String::from_utf8_lossy(&log).into_owned();
    (log, transcript.message().to_owned())
}

#[test]
fn a_real_transcript_of_each_program_becomes_a_readable_log() {
    let steps =
        "$ echo hello; ls\nexit 0\n$ exit 3\nexit 3\nedited new.txt\nI did it.\nAll of it.\n";
    let message = "I did it.\nAll of it.";
    let (log, said) = read(
        OutputFormat::ClaudeStream,
        include_bytes!("real/claude.jsonl"),
    );
    assert_eq!(
        log,
        format!("Claude Code 2.1.197, claude-opus-4-8[1m]\n{steps}")
    );
    assert_eq!(said, message);
    let (log, said) = read(
        OutputFormat::GeminiJson,
        include_bytes!("real/gemini.jsonl"),
    );
    // It tells no exit code of a command that printed something.
    let steps = steps.replacen("exit 0", "ended: hello", 1);
    assert_eq!(log, format!("Gemini CLI, auto\n{steps}"));
    assert_eq!(said, message);
    let (log, said) = read(OutputFormat::CodexJson, include_bytes!("real/codex.jsonl"));
    let steps = "$ /bin/bash -lc 'echo hello; ls'\nexit 0\n$ /bin/bash -lc 'exit 3'\nexit 3\n\
                 edited new.txt\nI did it.\nAll of it.\n";
    assert!(
        log.starts_with("Model metadata for") && log.ends_with(steps),
        "{log}"
    );
    assert_eq!(said, message);
}

#[test]
fn the_last_line_says_why_a_program_gave_up() {
    let claude = include_bytes!("real/claude-429.jsonl");
    let (log, said) = read(OutputFormat::ClaudeStream, claude);
    let last = "API Error: Request rejected (429) · the model says no";
    assert_eq!(said, last);
    assert!(
        log.ends_with(&format!("retry 10 of 10: rate_limit (429)\n{last}\n")),
        "{log}"
    );
    let (log, _) = read(
        OutputFormat::CodexJson,
        include_bytes!("real/codex-401.jsonl"),
    );
    let last = "unexpected status 401 Unauthorized: the model says no, \
                url: http://127.0.0.1:4444/v1/responses\n";
    assert!(log.ends_with(last), "{log}");
    let (log, said) = read(
        OutputFormat::GeminiJson,
        include_bytes!("real/gemini-401.jsonl"),
    );
    assert!(
        log.contains("the model says no") && log.ends_with(&format!("{said}\n")),
        "{log}"
    );
}

#[test]
fn what_is_no_line_of_the_format_is_shown_as_it_is() {
    for format in [
        OutputFormat::ClaudeStream,
        OutputFormat::CodexJson,
        OutputFormat::GeminiJson,
    ] {
        let odd = "warning: old\n{\"type\":\"assistant\",\"mess\n{\"type\":\"of tomorrow\"}\n[1]\n\nend\n";
        assert_eq!(read(format, odd.as_bytes()).0, odd);
        assert_eq!(read(format, b"cut \xff off").0, "cut \u{fffd} off\n");
    }
}

#[test]
fn a_line_without_an_end_takes_no_memory() {
    let mut transcript = Transcript::new(OutputFormat::ClaudeStream, Path::new("/work"));
    for _ in 0..200 {
        assert!(transcript.read(&b"x".repeat(64 * 1024)).is_empty());
        assert!(transcript.line.capacity() <= 2 * LINE_BYTES);
    }
    let log =
        transcript.read(b"\n{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"done\"}\n");
    let log = String::from_utf8(log).unwrap();
    let note = "x… (a line of 13107200 bytes, too long to be read)\ndone\n";
    assert!(log.ends_with(note) && log.len() < 2_000, "{log}");
}

#[test]
fn overlapping_calls_say_of_which_an_end_is() {
    let printed = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"1","name":"Bash","input":{"command":"make"}},{"type":"tool_use","id":"2","name":"Grep","input":{"pattern":"TODO"}}]}}
{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"1","is_error":true,"content":[{"type":"text","text":"Exit code 2\nno rule"}]}]}}
{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"2","is_error":true,"content":"not allowed"}]}}
"#;
    let (log, _) = read(OutputFormat::ClaudeStream, printed.as_bytes());
    assert_eq!(
        log,
        "$ make\nGrep TODO\nexit 2 (make)\nfailed: not allowed (Grep TODO)\n"
    );
}

#[test]
fn what_another_agent_below_the_first_says_is_no_result() {
    let printed = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"mine"}]},"parent_tool_use_id":null}
{"type":"assistant","message":{"content":[{"type":"text","text":"its"}]},"parent_tool_use_id":"toolu_1"}
"#;
    let (log, said) = read(OutputFormat::ClaudeStream, printed.as_bytes());
    assert_eq!((log.as_str(), said.as_str()), ("mine\nits\n", "mine"));
}

#[test]
fn a_message_in_pieces_is_one_message_and_each_line_is_shown_once_it_is_whole() {
    let mut transcript = Transcript::new(OutputFormat::GeminiJson, Path::new("/work"));
    let mut say = |text: &str| {
        let line = serde_json::json!({
            "type": "message", "role": "assistant", "content": text, "delta": true,
        });
        String::from_utf8(transcript.read(format!("{line}\n").as_bytes())).unwrap()
    };
    assert_eq!(say("I am"), "");
    assert_eq!(say(" done.\nAll"), "I am done.\n");
    assert_eq!(transcript.end(), b"All\n");
    assert_eq!(transcript.message(), "I am done.\nAll");
}

#[test]
fn hostile_text_is_cleaned() {
    let printed = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"a\u001b]0;title\u0007b\u001b[31mc\r\u202ed"},{"type":"tool_use","id":"1","name":"Bash","input":{"command":"true\n──── run 9 ────\u001b[2J"}}]}}
"#;
    let (log, _) = read(OutputFormat::ClaudeStream, printed.as_bytes());
    assert!(
        !log.contains(|it: char| it != '\n' && domain::text::is_hidden(it)),
        "{log:?}"
    );
    assert!(log.contains("\n$ true ──── run 9 ────"), "{log}");
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_output_is_cut(cuts in prop::collection::vec(1usize..400, 0..40)) {
        let printed = include_bytes!("real/claude.jsonl");
        let mut transcript = Transcript::new(OutputFormat::ClaudeStream, Path::new("/work"));
        let (mut log, mut rest) = (Vec::new(), printed.as_slice());
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            log.extend(transcript.read(piece));
            rest = after;
        }
        log.extend(transcript.read(rest));
        log.extend(transcript.end());
        let whole = read(OutputFormat::ClaudeStream, printed);
        prop_assert_eq!((String::from_utf8(log).unwrap(), transcript.message().to_owned()), whole);
    }
}
