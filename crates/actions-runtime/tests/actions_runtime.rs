//! The runtime as a process: what a runner, a shell and a script see of a step.

use step_harness::{Run, Step, step};

fn probe() -> Step {
    step!("probe")
}

fn told(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.log.contains(word), "`{word}` is missing: {run:#?}");
    }
}

#[test]
fn a_job_gets_groups_outputs_and_a_summary() {
    let run = probe().input("do", "succeed").input("times", "2").run();
    assert_eq!(run.code, 0);
    assert_eq!(run.stdout, "::group::A title\nline 0\nline 1\n::endgroup::\n");
    assert_eq!(run.output("verdict"), "done");
    assert_eq!(run.output("lines"), "one\ntwo");
    assert_eq!(run.output("dry-run"), "false");
    assert_eq!(run.summary, "## Done\n\n");
}

#[test]
fn a_shell_needs_no_variable_and_sees_no_command() {
    let run = probe().shell().arg("--do=succeed").arg("--dry-run").run();
    assert_eq!((run.code, run.stdout.as_str()), (0, "A title\nline 0\n"));
    assert!(run.outputs.is_empty() && run.summary.is_empty());
}

#[test]
fn with_json_standard_output_is_one_object() {
    let run = probe().shell().arg("--do").arg("succeed").arg("--json").run();
    assert_eq!(
        run.stdout,
        "{\"verdict\":\"done\",\"reason\":\"all is well\",\"dry-run\":false,\"lines\":[\"one\",\"two\"]}\n"
    );
    told(&run, &["line 0"]);
}

#[test]
fn the_policy_is_printed_without_a_run() {
    let run = probe().shell().arg("--print-policy").run();
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "{}\n", ""));
    let help = probe().shell().arg("--help").run();
    assert!(help.stdout.contains("--print-policy"), "{help:#?}");
}

#[test]
fn every_fault_of_the_inputs_is_told_at_once() {
    let run = probe().input("times", "many").arg("--dry-run=perhaps").run();
    assert_eq!(run.code, 2);
    told(
        &run,
        &["`do`: is required", "`times`: `many`", "`dry-run`: `perhaps`", "nothing was changed"],
    );
    assert_eq!(run.output("verdict"), "failed");
}

#[test]
fn faults_that_were_found_by_looking_exit_with_2_as_well() {
    let run = probe().input("do", "fault").run();
    assert_eq!(run.code, 2);
    told(
        &run,
        &[
            "::error title=probe::`cluster`: there is no cluster `x`",
            "`service`: there is no service `y`",
        ],
    );
    assert_eq!(
        run.output("reason"),
        "`cluster`: there is no cluster `x`; `service`: there is no service `y`"
    );
}

#[test]
fn an_error_still_writes_its_verdict_and_its_reason() {
    let run = probe().input("do", "fail").run();
    assert_eq!(run.code, 1);
    told(&run, &["::error title=probe::it did not work%0A  help: try again"]);
    assert_eq!(
        (run.output("verdict"), run.output("reason")),
        ("failed", "it did not work; help: try again")
    );
    assert!(run.summary.contains("it did not work"), "{run:#?}");
}

#[test]
fn a_panic_becomes_a_report_without_its_secrets() {
    let run = probe().input("do", "panic").run();
    assert_eq!(run.code, 1);
    told(&run, &["the program stopped unexpectedly: unexpected ***"]);
    assert_eq!(run.output("verdict"), "failed");
    assert_eq!(
        run.everything().matches("hunter2-hunter2").count(),
        1,
        "only in the mask itself: {run:#?}"
    );
}

#[test]
fn a_secret_is_masked_first_and_foreign_text_commands_nobody() {
    let run = probe().input("do", "leak").run();
    assert!(run.stdout.starts_with("::add-mask::"), "{run:#?}");
    let after_the_masks: String =
        run.stdout.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    assert!(!after_the_masks.contains("hunter2"), "{after_the_masks}");
    told(
        &run,
        &[
            "│ ::error::not ours ***",
            "│ ##\u{200b}[warning]neither",
            "│ red",
            "50%25 of ***%0Asecond line",
        ],
    );
    assert_eq!((run.output("reason"), run.summary.trim()), ("***", "***"));
}

#[test]
fn outside_a_job_no_mask_is_printed() {
    let run = probe().shell().arg("--do=leak").run();
    assert!(!run.everything().contains("hunter2"), "{run:#?}");
}

#[test]
fn a_signal_is_answered_with_a_line_and_its_own_exit_code() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let running = probe().input("do", "wait").spawn();
        running.wait_for("waiting");
        running.signal(signal);
        let run = running.finish();
        assert_eq!(run.code, code);
        told(&run, &[&format!("SIG{signal} received: cancelling")]);
        assert_eq!(run.output("verdict"), "cancelled");
    }
}

#[test]
fn a_verdict_has_its_own_exit_code() {
    assert_eq!(probe().input("do", "refuse").run().code, 3);
}

#[test]
fn a_summary_that_is_too_long_is_cut_between_sections() {
    let run = probe().input("do", "big-summary").run();
    assert!(run.summary.len() <= 1024 * 1024);
    assert!(run.summary.contains("The rest is in the log"), "the cut is said");
}

#[test]
fn help_teaches_without_any_input() {
    let run = probe().shell().arg("--help").run();
    assert_eq!(run.code, 0);
    told(&run, &["Do what a test asks for", "--times", "INPUT_TIMES"]);
}
