//! Instructions that PTX may not hold, so that a GPU gives the bits that a CPU gives.

const FLOATS: &[&str] = &["f16", "f16x2", "bf16", "bf16x2", "f32", "f32x2", "f64"];
const ROUNDINGS: &[&str] = &["rn", "rz", "rm", "rp"];

/// Every instruction against the rules: its line, what it is, why not.
pub(super) fn broken(ptx: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in ptx.lines().enumerate() {
        for opcode in opcodes(line) {
            if let Some(reason) = objection(opcode) {
                problems.push(format!("kernels.ptx:{}: {opcode} {reason}", number + 1));
            }
        }
    }
    problems
}

/// The opcodes of a line, such as `add.rn.f64`.
fn opcodes(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split([';', '{', '}']).filter_map(|statement| {
        let mut words = statement.split_whitespace();
        let guarded = |word: &&str| !word.starts_with('@') && !word.ends_with(':');
        words.find(guarded).filter(|word| !word.starts_with('.'))
    })
}

/// The reason for which an instruction is forbidden.
fn objection(opcode: &str) -> Option<&'static str> {
    let parts: Vec<&str> = opcode.split('.').collect();
    let has = |what: &[&str]| parts.iter().any(|part| what.contains(part));
    if has(&["approx"]) || (parts[0] == "div" && has(&["full"])) {
        return Some("is approximate: divide, take roots and call functions in full precision");
    }
    if has(&["ftz"]) {
        return Some("flushes denormals to zero: compile without --ftz=true");
    }
    if !has(FLOATS) {
        return None;
    }
    match parts[0] {
        "fma" | "mad" => Some("rounds once where the CPU rounds twice: don't call fma, exp or pow"),
        "add" | "sub" | "mul" if !has(ROUNDINGS) => {
            Some("has no rounding, so it may be fused: compile with --fmad=false")
        }
        "atom" | "red" if has(&["add"]) => {
            Some("sums in the order in which threads come: sum in a fixed order")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::broken;

    #[test]
    fn fused_approximate_and_flushing_instructions_are_found() {
        for line in [
            "\tfma.rn.f64 \t%fd3, %fd1, %fd2, %fd1;",
            "@%p1 fma.rn.f32 %f1, %f2, %f3, %f4;",
            "\t@!%p1 mad.f64 %fd1, %fd2, %fd3, %fd4;",
            "$L__BB0_2: fma.rn.f64 %fd3, %fd1, %fd2, %fd1;",
            "{fma.rn.f16x2 %r1, %r2, %r3, %r4;}",
            "mov.u32 %r1, 5; fma.rn.f64 %fd3, %fd1, %fd2, %fd1;",
            "sqrt.approx.f32 %f1, %f2;",
            "div.full.f32 %f1, %f2, %f3;",
            "ex2.approx.ftz.f32 %f1, %f2;",
            "add.rn.ftz.f32 %f1, %f2, %f3;",
            "mul.f64 %fd1, %fd2, %fd3;",
            "add.f32 %f1, %f2, %f3;",
            "sub.f64 %fd1, %fd2, %fd3;",
            "atom.global.add.f64 %fd1, [%rd1], %fd2;",
            "red.global.add.f32 [%rd1], %f2;",
        ] {
            let ptx = format!(".version 8.4\n{line}\n");
            let found = broken(&ptx);
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            assert!(found[0].starts_with("kernels.ptx:2: "), "{found:?}");
        }
    }

    #[test]
    fn exact_arithmetic_is_allowed() {
        for line in [
            "\tdiv.rn.f64 \t%fd3, %fd1, %fd2;",
            "sqrt.rn.f64 %fd3, %fd1;",
            "add.rn.f64 %fd3, %fd1, %fd2;",
            "mul.rn.f32 %f3, %f1, %f2;",
            "min.f64 %fd3, %fd1, %fd2;",
            "neg.f64 %fd3, %fd1;",
            "mad.lo.s32 %r1, %r2, %r3, %r4;",
            "mad.wide.u32 %rd1, %r2, 8, %rd3;",
            "add.s32 %r1, %r2, %r3;",
            "atom.global.add.u64 %rd1, [%rd2], 1;",
            "cvt.rn.f32.f64 %f1, %fd1;",
            "// fma.rn.f64 in a comment",
            ".visible .entry fma(",
        ] {
            assert_eq!(broken(line), Vec::<String>::new(), "{line}");
        }
    }
}
