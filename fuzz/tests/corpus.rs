//! Every input of the corpora, and many that are like them, through its target: what the search
//! once found stays found.

use std::fs;
use std::path::Path;

use barloom_fuzz::TARGETS;

/// The inputs of a target.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder).expect("every target has a corpus") {
        let path = entry.expect("the corpus can be listed").path();
        let name = format!("{target}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        inputs.push((name, fs::read(path).expect("an input can be read")));
    }
    inputs.sort();
    inputs
}

#[test]
fn inputs_that_found_something_find_nothing() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(inputs.iter().any(|(name, _)| name.contains("/seed-")), "{name} has no seeds");
        for (input, bytes) in inputs {
            // The name is what a failure shows: panics that a reader catches are in the output too.
            println!("{input}");
            target(&bytes);
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the programs' manifest");
    for (name, _) in TARGETS {
        let path = format!("bins/{name}.rs");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"{path}\"")), "{name}");
        let program = fs::read_to_string(folder.join(&path)).expect("a program for each target");
        assert!(program.contains(&format!("barloom_fuzz::{name},")), "{path}");
    }
    let programs = fs::read_dir(folder.join("bins")).expect("the programs can be listed");
    assert_eq!(programs.count(), TARGETS.len());
}

/// Knuth's MMIX generator: any spread of places and bits will do.
struct Generator(u64);

impl Generator {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Flips, cuts, repeats or replaces something.
    fn change(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        let end = (at + 1 + self.below(8)).min(bytes.len());
        match self.below(5) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'-', b'9', b'\n', b','][self.below(8)],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => bytes[at..end].fill(0xff),
        }
    }
}

#[test]
fn changed_inputs_find_nothing() {
    for (name, target) in TARGETS {
        let mut generator = Generator(1);
        for (_, bytes) in corpus(name) {
            for round in 0..60 {
                let mut bytes = bytes.clone();
                (0..=round % 4).for_each(|_| generator.change(&mut bytes));
                target(&bytes);
            }
        }
    }
}
