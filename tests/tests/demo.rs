//! The demonstration is a test as well.

use std::{fs::File, io::BufReader, path::Path};

use handspike_tests::{handspike, require_docker, run_to_end};

#[test]
fn the_demonstration_comes_to_a_good_end_with_pictures() {
    let Some(docker) = require_docker() else { return };
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/demo/scenario.yaml");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = handspike(&["run", "--scenario"]);
    let ended = run_to_end(command.arg(scenario).arg("--out").arg(folder.path()), b"");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(docker.sandboxes_made_by(ended.process), Vec::<String>::new());

    let pictures = std::fs::read_dir(folder.path().join("screenshots")).expect("screenshots");
    let last = pictures.map(|picture| picture.expect("a file").path()).max().expect("a screenshot");
    let picture = png::Decoder::new(BufReader::new(File::open(last).expect("a file")));
    assert_eq!(picture.read_info().expect("a PNG").info().size(), (1024, 768));
}
