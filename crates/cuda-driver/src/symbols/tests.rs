use std::collections::BTreeSet;

#[path = "../../tests/sources/mod.rs"]
mod sources;

/// The functions of the driver that `cust` names in its sources, in code or in a comment.
#[test]
fn what_cust_names_is_defined_and_no_more() {
    let declarations = sources::of("cust_raw");
    let declared: BTreeSet<&str> =
        declarations.split("pub fn ").skip(1).filter_map(|rest| rest.split('(').next()).collect();
    let source = sources::of("cust");
    let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named: BTreeSet<&str> = words.filter(|word| declared.contains(word)).collect();
    assert!(named.len() > 20, "{named:?}");
    let defined: BTreeSet<&str> =
        super::FORWARDED.iter().copied().chain(["cuGetErrorString"]).collect();
    assert_eq!(defined, named);
}
