use crate::terraform::{home, modules, name, roots, terraform, try_terraform};

#[test]
fn every_file_is_formatted() {
    terraform(&home(), &["fmt", "-check", "-diff", "-recursive"]);
}

/// `terraform test`: the defaults, each switch, each validation's refusal. The runs stand beside each module.
#[test]
fn every_folder_is_valid_and_passes_its_tests() {
    let mut folders = [modules(), roots()].concat();
    folders.push(home().join("bootstrap"));
    let failures: Vec<String> = std::thread::scope(|scope| {
        // Terraform is the one that works here; more at a time than there are cores only makes each slower.
        let (front, back): (Vec<_>, Vec<_>) =
            folders.into_iter().enumerate().partition(|(place, _)| place % 2 == 0);
        let halves = [front, back].map(|half| {
            scope.spawn(|| {
                half.into_iter()
                    .filter_map(|(_, module)| {
                        terraform(&module, &["init", "-backend=false"]);
                        terraform(&module, &["validate"]);
                        let (good, text) = try_terraform(&module, &["test"]);
                        (!good).then(|| format!("{}:\n{text}", name(&module)))
                    })
                    .collect::<Vec<_>>()
            })
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
