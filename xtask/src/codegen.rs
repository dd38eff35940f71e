//! `cargo xtask codegen`: what host and kernels share, from one source.
//!
//! Every field takes eight bytes, so that no compiler has a choice where it lies.

mod layout;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;

use layout::{CONSTANTS, Field, STRUCTS, Struct, Type};

/// The generated files.
const CUDA: &str = "crates/backend-cuda/kernels/layout.cuh";
const RUST: &str = "crates/backend-cuda/src/layout.rs";

#[derive(Args)]
pub(crate) struct Codegen {
    /// Changes nothing; exits 1 if a file is not what would be generated.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(root: &Path, options: &Codegen) -> Result<()> {
    let mut stale = Vec::new();
    for (name, text) in files() {
        let path = root.join(name);
        if fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        if options.check {
            stale.push(name);
        } else {
            fs::write(&path, text)?;
            println!("codegen: wrote {name}");
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!("{} is not what is generated: run `cargo xtask codegen`", stale.join(" and "))
}

/// Each generated file with its text.
pub(crate) fn files() -> [(&'static str, String); 2] {
    [(CUDA, cuda()), (RUST, rust())]
}

const WRITTEN: &str = "Written by `cargo xtask codegen` from xtask/src/codegen/layout.rs.";

fn cuda() -> String {
    let mut out = format!("// {WRITTEN}\n#pragma once\n\n#include \"types.cuh\"\n");
    for (doc, constants) in CONSTANTS {
        _ = write!(out, "\n// {doc}\n");
        for (name, value) in *constants {
            let (value, long) = literal(*value);
            _ = writeln!(out, "static const u64 {name} = {value}{long};");
        }
    }
    for one in STRUCTS {
        _ = write!(out, "\n// {}\nstruct {} {{\n", one.doc, one.name);
        for field in &one.all_fields() {
            _ = writeln!(out, "    // {}\n    {};", field.doc, cuda_field(field));
        }
        _ = writeln!(
            out,
            "}};\nstatic_assert(sizeof({}) == {}, \"{}\");",
            one.name,
            bytes(one),
            one.name
        );
    }
    out
}

/// A number, and C's suffix where an `int` can't hold it. Numbers that long are patterns of bits.
fn literal(value: u64) -> (String, &'static str) {
    if value < 1 << 31 { (value.to_string(), "") } else { (format!("{value:#018x}"), "ull") }
}

fn cuda_field(field: &Field) -> String {
    let name = field.name;
    match field.of {
        Type::U64 => format!("u64 {name}"),
        Type::F64 => format!("f64 {name}"),
        Type::In(of) => format!("const {of}* {name}"),
        Type::Out(of) => format!("{of}* {name}"),
        Type::Struct(of) => format!("{of} {name}"),
        Type::Structs(of, count) => format!("{of} {name}[{count}]"),
        Type::Ins(of, count) => format!("const {of}* {name}[{count}]"),
    }
}

fn rust() -> String {
    let mut out = format!(
        "//! What host and kernels share. {WRITTEN}\n//!\n//! Fields are addresses in the device's \
         memory, numbers, or structures of them.\n\
         #![allow(dead_code, reason = \"some constants are for kernels alone\")]\n"
    );
    for (doc, constants) in CONSTANTS {
        for (number, (name, value)) in constants.iter().enumerate() {
            let doc = if number == 0 { format!("\n/// {doc}\n") } else { String::new() };
            let (value, _) = literal(*value);
            _ = writeln!(out, "{doc}pub(crate) const {name}: u64 = {value};");
        }
    }
    for one in STRUCTS {
        _ = write!(
            out,
            "\n/// {}\n#[repr(C)]\n#[derive(Clone, Copy, Debug, Default)]\npub(crate) struct {} {{\n",
            one.doc, one.name
        );
        for field in &one.all_fields() {
            _ = writeln!(
                out,
                "    /// {}\n    pub(crate) {}: {},",
                field.doc,
                field.name,
                rust_type(field)
            );
        }
        _ = writeln!(
            out,
            "}}\nconst _: () = assert!(size_of::<{}>() == {});",
            one.name,
            bytes(one)
        );
    }
    out
}

fn rust_type(field: &Field) -> String {
    match field.of {
        Type::U64 | Type::In(_) | Type::Out(_) => "u64".into(),
        Type::F64 => "f64".into(),
        Type::Struct(of) => of.into(),
        Type::Structs(of, count) => format!("[{of}; {count}]"),
        Type::Ins(_, count) => format!("[u64; {count}]"),
    }
}

fn bytes(one: &Struct) -> usize {
    one.all_fields()
        .iter()
        .map(|field| match field.of {
            Type::U64 | Type::F64 | Type::In(_) | Type::Out(_) => 8,
            Type::Ins(_, count) => 8 * count,
            Type::Struct(of) => bytes(named(of)),
            Type::Structs(of, count) => bytes(named(of)) * count,
        })
        .sum()
}

fn named(name: &str) -> &'static Struct {
    STRUCTS.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("no structure {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_those_checked_in() {
        let root = crate::root().unwrap();
        run(&root, &Codegen { check: true }).unwrap();
    }

    /// Kernels repeat what these crates keep to themselves.
    #[test]
    fn constants_are_those_of_the_crates() {
        let root = crate::root().unwrap();
        for (file, name) in [
            ("crates/sampling/src/stream.rs", "STRIDE"),
            ("crates/sampling/src/lanes.rs", "GAMMA"),
            ("crates/rewards/src/barriers.rs", "TOUCH_BITS"),
            ("crates/rewards/src/horizon.rs", "FAN"),
            ("crates/rewards/src/tree.rs", "FAN"),
            ("crates/rewards/src/tree.rs", "LEAF"),
        ] {
            let text = fs::read_to_string(root.join(file)).unwrap();
            let (_, after) = text.split_once(&format!("const {name}: ")).unwrap();
            let value = after.split([' ', ';']).nth(2).unwrap().replace('_', "");
            let found = value
                .strip_prefix("0x")
                .map_or_else(|| value.parse(), |digits| u64::from_str_radix(digits, 16));
            let ours = CONSTANTS.iter().flat_map(|(_, some)| *some).find(|one| one.0 == name);
            assert_eq!(found.unwrap(), ours.unwrap().1, "{file}: {name}");
        }
    }
}
