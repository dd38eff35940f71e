//! Features computed again from the columns of a dataset's bars.

use std::collections::BTreeSet;

use crate::features::{Features, Parts};
use crate::graph::{NodeId, Op};
use crate::join::JOIN;

impl Features {
    /// The names of the features that need more than the columns which a dataset keeps: attributes
    /// of symbols, or values of joins at the end of a coarser bar.
    #[must_use]
    pub fn unstored(&self) -> Vec<&str> {
        let Parts { graph, roots, .. } = self.parts();
        let is_unstored = |id: NodeId| match &graph.nodes[id].op {
            Op::Cross(_, by) => by.is_some(),
            Op::Column(name) => {
                name.starts_with(JOIN) && graph.clocks[graph.nodes[id].clock].interval.is_some()
            }
            _ => false,
        };
        let needs = |root: NodeId| {
            let (mut seen, mut waiting) = (BTreeSet::from([root]), vec![root]);
            while let Some(id) = waiting.pop() {
                if is_unstored(id) {
                    return true;
                }
                let inputs = graph.nodes[id].inputs.iter().copied();
                waiting.extend(inputs.filter(|input| seen.insert(*input)));
            }
            false
        };
        let all = self.names().zip(roots);
        all.filter(|(_, root)| needs(**root)).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Features, Options};

    #[test]
    fn joins_on_coarser_bars_and_attributes_are_not_stored() {
        let features = [
            ("plain", "mean(close, 3)"),
            ("joined", "join.f.x * 2"),
            ("coarse", "at('1h', lag(join.f.x, 1))"),
            ("of_coarse", "coarse + plain"),
            ("other", "symbol('B', join.f.x)"),
            ("sector", "cs_rank(close, by=sector)"),
            ("rank", "cs_rank(close)"),
        ];
        let features = features.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        let features = Features::new(features, Options::default()).unwrap();
        assert_eq!(features.unstored(), ["coarse", "of_coarse", "sector"]);
    }
}
