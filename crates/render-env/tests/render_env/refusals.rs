//! What must not be written: secrets in public, files that git carries away, templates that name what there is not.

use std::{fs, process::Command};

use crate::files::{folder, render};

#[test]
fn a_secret_never_lands_under_a_public_prefix_whatever_filter_follows() {
    for value in [
        "{{ outputs.api_token }}",
        "x{{ outputs[\"api_token\"] | urlencode }}y",
        "{{ \"shown\" if true else outputs.api_token }}",
        "{{ \"hidden\" if outputs.api_token else \"\" }}",
        "{{ outputs.api_token | replace(\"s3cr3t\", \"\") | b64encode }}",
        "{{ outputs[\"api_\" ~ \"token\"] }}",
    ] {
        for prefix in ["VITE_", "NEXT_PUBLIC_", "PUBLIC_", "REACT_APP_"] {
            let folder = folder(&format!("PORT=1\n{prefix}AUTH_TOKEN='{value}'\n"));
            let run = render(folder.path()).input("format", "vite").run();
            assert_eq!((run.code, run.output("verdict")), (3, "refused"), "{value}: {run:#?}");
            let key = format!("`{prefix}AUTH_TOKEN` (sensitive output `api_token`)");
            assert!(run.output("reason").contains(&key), "{run:#?}");
            assert!(!folder.path().join(".env").exists());
        }
    }
}

#[test]
fn allow_public_names_the_exception() {
    let folder = folder(
        "VITE_AUTH_TOKEN={{ outputs.api_token }}\nVITE_HOST={{ outputs.aurora_endpoint }}\n",
    );
    let run = render(folder.path()).input("allow-public", "VITE_AUTH_TOKEN").run();
    assert_eq!((run.code, run.output("verdict")), (0, "written"), "{run:#?}");
    let run = render(folder.path()).input("allow-public", "VITE_AUTH_TOKN").run();
    assert_eq!(run.code, 2);
    assert!(run.log.contains("there is no key `VITE_AUTH_TOKN`; did you mean `VITE_AUTH_TOKEN`?"));
}

#[test]
fn a_file_that_git_tracks_is_refused() {
    let folder = folder("A=1\n");
    let git = |arguments: &[&str]| {
        let status = Command::new("git").arg("-C").arg(folder.path()).args(arguments).output();
        assert!(status.unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "--quiet"]);
    fs::write(folder.path().join(".env"), "A=0\n").unwrap();
    git(&["add", ".env"]);
    let run = render(folder.path()).run();
    assert_eq!((run.code, run.output("verdict")), (3, "refused"), "{run:#?}");
    assert_eq!(fs::read_to_string(folder.path().join(".env")).unwrap(), "A=0\n");

    // Not tracked, but `git add .` would take a secret: said, not refused.
    git(&["rm", "--quiet", "--cached", ".env"]);
    fs::write(folder.path().join("template"), "A={{ outputs.api_token }}\n").unwrap();
    let run = render(folder.path()).run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.log.contains("git does not ignore .env: add it to .gitignore"), "{}", run.log);
    fs::write(folder.path().join(".gitignore"), ".env\n").unwrap();
    assert!(!render(folder.path()).run().log.contains("git does not ignore"));
}

#[test]
fn everything_that_is_wrong_with_a_template_is_told_at_once_with_the_nearest_name() {
    let folder = folder(
        "HOST={{ outputs.aurora_endpont }}:{{ outputs.aurora_prt }}\nNOT A LINE\nX={{ outputs.subnets | urlencod }}\n\
         P={{ secrets[\"todo-db\"].password }}\nT={{ env.GITHUB_TOKEN }}\nU={{ env.HOME }}\nN={{ nothing }}\n",
    );
    let run = render(folder.path()).run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`template`: line 2: `NOT A LINE` is not `KEY=value`"), "{}", run.log);
    let template = fs::read_to_string(folder.path().join("template")).unwrap();
    fs::write(folder.path().join("template"), template.replace("NOT A LINE\n", "\n")).unwrap();
    let run = render(folder.path()).run();
    assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{run:#?}");
    for fault in [
        "line 1, `HOST`: there is no output `aurora_endpont`; did you mean `aurora_endpoint`?",
        "line 1, `HOST`: there is no output `aurora_prt`; did you mean `aurora_port`?",
        "line 3, `X`: there is no filter `urlencod`; did you mean `urlencode`?",
        "line 4, `P`: `secret-ids` names no secret `todo-db`; there are none",
        "line 5, `T`: the variable `GITHUB_TOKEN` is out of reach",
        "line 6, `U`: the variable `HOME` is out of reach",
        "line 7, `N`: `{{ nothing }}`: undefined value",
    ] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
    assert!(!folder.path().join(".env").exists());
}

#[test]
fn wrong_inputs_are_told_at_once() {
    let folder = folder("A=1\n");
    let run = render(folder.path())
        .input("template", "nowhere")
        .input("output-file", "no/such/folder/.env")
        .input("allow-env", "HOME\nAWS_SECRET_ACCESS_KEY")
        .input("outputs-file", "template")
        .run();
    assert_eq!(run.code, 2, "{run:#?}");
    for fault in [
        "`template`: there is no file `nowhere`",
        "`output-file`: there is no directory `no/such/folder`",
        "`allow-env`: `AWS_SECRET_ACCESS_KEY` is never within reach of a template",
        "`outputs-file`: `template` is not what `terraform output -json` writes (line 1, column 1)",
    ] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
}

#[test]
fn a_value_that_no_spelling_carries_is_an_error_that_names_the_key() {
    let folder = folder("A=1\nB=\"one\ntwo\"\n");
    let run = render(folder.path()).input("format", "docker").run();
    assert_eq!((run.code, run.output("verdict")), (1, "failed"), "{run:#?}");
    assert!(run.output("reason").contains("`B` holds a line end"), "{run:#?}");
}
