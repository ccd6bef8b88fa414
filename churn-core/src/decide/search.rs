//! The cheapest changes that bring a customer under a target risk: exact search over what can be changed.
//!
//! Every lever has finitely many values that matter: between two thresholds of the trees a model does not move, so the
//! nearest value behind each threshold stands for all behind it; terms, which move in between, add their knots and a grid.
//! Every move of an answer is needed: without any one of them the target is missed. For every set of at most k levers a best-first branch and bound finds the cheapest combination of these values that
//! reaches the target, with the least sum that the trees and terms can reach on a box of values as its bound. So the
//! answer is the cheapest there is on these values, and where none is found none exists.

use crate::features::FeatureKind;
use crate::model::{Model, Part, Shape, TreeNode};
use crate::schema::{Actionable, Sense, level_key};
use std::collections::BinaryHeap;

/// Points of the grid of a number that a term moves between its knots.
const GRID: usize = 48;
/// Most levers that are looked at: a set of them is the bits of a word.
const MOST_LEVERS: usize = 63;

/// What one lever can be set to.
#[derive(Debug, Clone)]
pub(crate) struct Lever {
    /// Index of the feature.
    pub feature: usize,
    /// Values other than the present one, ascending, as the matrix holds them.
    pub values: Vec<f64>,
    /// Cost of each.
    pub costs: Vec<f64>,
}

/// One way to reach the target: (lever, index of its value) by lever, and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub moves: Vec<(usize, usize)>,
    pub cost: f64,
}

/// The levers of a row; a lever without a value to move to is left out.
pub(crate) fn levers(model: &Model, row: &[f64], actionables: &[Actionable]) -> Vec<Lever> {
    let mut levers: Vec<Lever> = actionables
        .iter()
        .filter_map(|action| {
            let feature = model.plan.features().iter().position(|f| f.name == action.field)?;
            let present = row[feature];
            if present.is_nan() {
                return None;
            }
            let mut values: Vec<(f64, f64)> = match &model.plan.features()[feature].kind {
                FeatureKind::Number => number_values(model, feature, present, action),
                FeatureKind::Boolean => {
                    let allowed = |x: f64| if x == 1.0 { "true" } else { "false" };
                    let from = action.from.is_empty() || action.from.iter().any(|l| l == allowed(present));
                    let to = |x: &f64| *x != present && from && action.to.iter().any(|l| l == allowed(*x));
                    [0.0, 1.0].into_iter().filter(to).map(|x| (x, action.cost)).collect()
                }
                FeatureKind::Category { levels } => {
                    let is = |names: &[String], code: f64| {
                        let level = levels.get(code as usize).map(|l| level_key(l));
                        level.is_some_and(|level| names.iter().any(|n| level_key(n) == level))
                    };
                    let from = action.from.is_empty() || is(&action.from, present);
                    let codes = (0..levels.len()).map(|c| c as f64);
                    codes.filter(|&c| c != present && from && is(&action.to, c)).map(|c| (c, action.cost)).collect()
                }
            };
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            values.dedup_by(|a, b| a.0 == b.0);
            let (values, costs): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
            (!values.is_empty()).then_some(Lever { feature, values, costs })
        })
        .collect();
    levers.sort_by_key(|l| l.feature);
    levers.dedup_by_key(|l| l.feature);
    levers
}

/// The values of a number that matter, with their costs.
fn number_values(model: &Model, feature: usize, present: f64, action: &Actionable) -> Vec<(f64, f64)> {
    let reach = [action.max_share.map(|s| s * present.abs()), action.max_change];
    let reach = reach.into_iter().flatten().fold(f64::INFINITY, f64::min);
    let (mut low, mut high) = (action.min.unwrap_or(f64::NEG_INFINITY), action.max.unwrap_or(f64::INFINITY));
    low = low.max(present - reach);
    high = high.min(present + reach);
    match action.sense {
        Sense::Up => low = present,
        Sense::Down => high = present,
        Sense::Any => {}
    }
    // The farthest that the model can tell apart, where no limit is set.
    let breaks = breaks(model, feature);
    if low == f64::NEG_INFINITY {
        low = breaks.first().map_or(present, |b| b.0 - 1.0).min(present);
    }
    if high == f64::INFINITY {
        high = breaks.last().map_or(present, |b| b.0 + 1.0).max(present);
    }
    let span = action.span.unwrap_or_else(|| (present - low).max(high - present)).max(1e-12);
    let snap = |x: f64, up: bool| match action.step {
        None => x,
        Some(step) => {
            let n = x / step;
            let n = if (n - n.round()).abs() < 1e-9 {
                n.round()
            } else if up {
                n.ceil()
            } else {
                n.floor()
            };
            n * step
        }
    };
    let mut values = Vec::new();
    let mut add = |x: f64| {
        if x.is_finite() && x != present && low <= x && x <= high {
            values.push((x, action.cost * (x - present).abs() / span));
        }
    };
    for &(at, knot) in &breaks {
        // `x <= threshold` goes left: the threshold itself is the last value of its side, the next number the first of
        // the other.
        add(snap(at, false));
        if !knot || action.step.is_some() {
            let next = at.next_up();
            add(if action.step.is_some() { snap(next, true) } else { next });
        }
    }
    add(snap(low, true));
    add(snap(high, false));
    if breaks.iter().any(|b| b.1) {
        for k in 1..GRID {
            let x = low + (high - low) * k as f64 / GRID as f64;
            add(snap(x, x > present));
        }
    }
    values
}

/// Where the model moves along a feature, ascending; true for knots of terms.
fn breaks(model: &Model, feature: usize) -> Vec<(f64, bool)> {
    let mut breaks: Vec<(f64, bool)> = Vec::new();
    for component in &model.additive.components {
        match &component.part {
            Part::Terms(terms) => {
                for term in terms.iter().filter(|t| t.feature == feature) {
                    if let Shape::Piecewise { knots, .. } = &term.shape {
                        breaks.extend(knots.iter().map(|&k| (k, true)));
                    }
                }
            }
            Part::Trees(ensemble) => {
                for node in ensemble.trees.iter().flat_map(|t| &t.nodes) {
                    if let TreeNode::Number { feature: f, threshold, .. } = node
                        && *f as usize == feature
                    {
                        breaks.push((*threshold, false));
                    }
                }
            }
        }
    }
    breaks.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    breaks.dedup();
    breaks
}

/// Lower ends of what the model's sum can be on boxes of values.
struct Bounds<'a> {
    model: &'a Model,
    row: &'a [f64],
    levers: &'a [Lever],
    /// Per component, per tree: which levers it asks about (bits), and its value for the row.
    trees: Vec<Vec<(u64, f64)>>,
}

/// A box: for some levers a range of their values, as indices from and to (exclusive).
type Ranges = Vec<(usize, usize, usize)>;

impl<'a> Bounds<'a> {
    fn new(model: &'a Model, row: &'a [f64], levers: &'a [Lever]) -> Bounds<'a> {
        let trees = model.additive.components.iter().map(|component| match &component.part {
            Part::Terms(_) => Vec::new(),
            Part::Trees(ensemble) => ensemble
                .trees
                .iter()
                .map(|tree| {
                    let asks = |l: &Lever| tree.nodes.iter().any(|n| n.split().is_some_and(|s| s.0 == l.feature));
                    let bits = levers.iter().enumerate().filter(|(_, l)| asks(l)).fold(0u64, |m, (i, _)| m | 1 << i);
                    (bits, tree.value(row))
                })
                .collect(),
        });
        Bounds { model, row, levers, trees: trees.collect() }
    }

    /// The least sum on a box; exact where each range holds one value.
    fn least(&self, ranges: &[(usize, usize, usize)]) -> f64 {
        self.bound(ranges, true)
    }

    /// Whether every plan of a box has a move too many: without some lever all that is left reaches the target already.
    fn needless(&self, ranges: &Ranges, reaches: &impl Fn(f64) -> bool) -> bool {
        (0..ranges.len()).any(|i| {
            let mut others = ranges.clone();
            others.remove(i);
            reaches(self.bound(&others, false))
        })
    }

    /// The least or the greatest sum on a box; exact where each range holds one value.
    fn bound(&self, ranges: &[(usize, usize, usize)], least: bool) -> f64 {
        let mask = ranges.iter().fold(0u64, |m, r| m | 1 << r.0);
        let mut sum = self.model.additive.intercept;
        for (component, trees) in self.model.additive.components.iter().zip(&self.trees) {
            let least = (component.weight >= 0.0) == least;
            let part: f64 = match &component.part {
                Part::Terms(terms) => terms
                    .iter()
                    .map(|t| match ranges.iter().find(|r| self.levers[r.0].feature == t.feature) {
                        None => t.shape.value(self.row[t.feature]),
                        Some(&(lever, from, to)) => {
                            let values = self.levers[lever].values[from..to].iter().map(|&x| t.shape.value(x));
                            if least {
                                values.fold(f64::INFINITY, f64::min)
                            } else {
                                values.fold(f64::NEG_INFINITY, f64::max)
                            }
                        }
                    })
                    .sum(),
                Part::Trees(ensemble) => ensemble
                    .trees
                    .iter()
                    .zip(trees)
                    .map(
                        |(tree, (asks, value))| {
                            if asks & mask == 0 { *value } else { self.walk(&tree.nodes, 0, ranges, least) }
                        },
                    )
                    .sum(),
            };
            sum += component.weight * part;
        }
        sum
    }

    /// The least (or largest) leaf that a box can reach.
    fn walk(&self, nodes: &[TreeNode], at: usize, ranges: &[(usize, usize, usize)], least: bool) -> f64 {
        if let TreeNode::Leaf { value } = nodes[at] {
            return value;
        }
        let Some((feature, left, right)) = nodes[at].split() else { return 0.0 };
        let (goes_left, goes_right) = match ranges.iter().find(|r| self.levers[r.0].feature == feature) {
            None => {
                let left = nodes[at].goes_left(self.row);
                (left, !left)
            }
            Some(&(lever, from, to)) => {
                let values = &self.levers[lever].values[from..to];
                match nodes[at] {
                    TreeNode::Number { threshold, .. } => {
                        (values[0] <= threshold, values[values.len() - 1] > threshold)
                    }
                    TreeNode::Leaf { .. } => (false, false),
                    ref split => {
                        (values.iter().any(|&x| split.takes_left(x)), values.iter().any(|&x| !split.takes_left(x)))
                    }
                }
            }
        };
        match (goes_left, goes_right) {
            (true, true) => {
                let (a, b) = (self.walk(nodes, left, ranges, least), self.walk(nodes, right, ranges, least));
                if least { a.min(b) } else { a.max(b) }
            }
            (true, false) => self.walk(nodes, left, ranges, least),
            _ => self.walk(nodes, right, ranges, least),
        }
    }
}

/// A box on the way; the heap gives the cheapest first, the smaller box of two equals.
struct Node {
    cost: f64,
    size: usize,
    ranges: Ranges,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let by_cost = other.cost.total_cmp(&self.cost);
        by_cost.then_with(|| other.size.cmp(&self.size)).then_with(|| other.ranges.cmp(&self.ranges))
    }
}

/// What a search gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// The cheapest plan of each set of levers that needs all of its moves, the cheapest first.
    pub plans: Vec<Plan>,
    /// The least sum that any set of levers can reach: tells how far one could get.
    pub least: f64,
}

/// A bound from below of the sum that any choice of values of the levers can reach, the present ones among them.
pub(crate) fn least_of_all(model: &Model, row: &[f64], levers: &[Lever]) -> f64 {
    let with_present = |lever: &Lever| {
        let mut values = lever.values.clone();
        values.push(row[lever.feature]);
        values.sort_by(f64::total_cmp);
        Lever { feature: lever.feature, costs: vec![0.0; values.len()], values }
    };
    let levers: Vec<Lever> = levers.iter().take(MOST_LEVERS).map(with_present).collect();
    let whole: Ranges = levers.iter().enumerate().map(|(i, l)| (i, 0, l.values.len())).collect();
    Bounds::new(model, row, &levers).least(&whole)
}

/// The cheapest plans with at most `most_moves` levers whose sum `reaches` the target, at most `wanted` of them.
/// `reaches` must hold for every smaller sum as well.
pub(crate) fn search(
    model: &Model,
    row: &[f64],
    levers: &[Lever],
    most_moves: usize,
    wanted: usize,
    reaches: impl Fn(f64) -> bool,
) -> Found {
    let levers = &levers[..levers.len().min(MOST_LEVERS)];
    let bounds = Bounds::new(model, row, levers);
    let whole = |set: &[usize]| -> Ranges { set.iter().map(|&l| (l, 0, levers[l].values.len())).collect() };
    let cheapest = |ranges: &Ranges| -> f64 {
        let least = |&(l, from, to): &(usize, usize, usize)| {
            levers[l].costs[from..to].iter().copied().fold(f64::INFINITY, f64::min)
        };
        ranges.iter().map(least).sum()
    };
    let mut sets: Vec<(f64, Vec<usize>)> = Vec::new();
    let mut least = bounds.least(&[]);
    let mut level: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..most_moves {
        let mut next = Vec::new();
        for set in &level {
            for lever in set.last().map_or(0, |l| l + 1)..levers.len() {
                let mut set = set.clone();
                set.push(lever);
                next.push(set);
            }
        }
        sets.extend(next.iter().map(|set| (cheapest(&whole(set)), set.clone())));
        level = next;
    }
    // Cheap and small sets first: they rule out most of the others.
    sets.sort_by(|a, b| a.1.len().cmp(&b.1.len()).then_with(|| a.0.total_cmp(&b.0)).then_with(|| a.1.cmp(&b.1)));
    let mut plans: Vec<Plan> = Vec::new();
    for (floor, set) in sets {
        let ranges = whole(&set);
        let limit = if plans.len() < wanted { f64::INFINITY } else { plans[wanted - 1].cost };
        if floor >= limit {
            continue;
        }
        let reach = bounds.least(&ranges);
        least = least.min(reach);
        if !reaches(reach) {
            continue;
        }
        if bounds.needless(&ranges, &reaches) {
            continue;
        }
        let Some(plan) = cheapest_in(&bounds, ranges, floor, limit, &cheapest, &reaches) else { continue };
        plans.push(plan);
        plans.sort_by(|a, b| a.cost.total_cmp(&b.cost).then_with(|| a.moves.cmp(&b.moves)));
    }
    plans.truncate(wanted);
    Found { plans, least }
}

fn cheapest_in(
    bounds: &Bounds<'_>,
    ranges: Ranges,
    floor: f64,
    limit: f64,
    cheapest: &impl Fn(&Ranges) -> f64,
    reaches: &impl Fn(f64) -> bool,
) -> Option<Plan> {
    let size = |r: &Ranges| r.iter().map(|(_, from, to)| to - from).product();
    let mut heap = BinaryHeap::from([Node { cost: floor, size: size(&ranges), ranges }]);
    while let Some(Node { cost, ranges, .. }) = heap.pop() {
        if cost >= limit {
            return None;
        }
        let widest = (0..ranges.len()).max_by_key(|&i| (ranges[i].2 - ranges[i].1, usize::MAX - i))?;
        let (lever, from, to) = ranges[widest];
        if to - from == 1 {
            // Boxes enter the heap only where their bound reaches the target, and of one point the bound is the sum.
            return Some(Plan { moves: ranges.iter().map(|&(l, v, _)| (l, v)).collect(), cost });
        }
        let middle = from + (to - from) / 2;
        for half in [(lever, from, middle), (lever, middle, to)] {
            let mut ranges = ranges.clone();
            ranges[widest] = half;
            let cost = cheapest(&ranges);
            if cost < limit && reaches(bounds.least(&ranges)) && !bounds.needless(&ranges, reaches) {
                heap.push(Node { cost, size: size(&ranges), ranges });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::small_model;

    fn actionables() -> Vec<Actionable> {
        let action = |field: &str| Actionable {
            field: field.into(),
            cost: 1.0,
            to: Vec::new(),
            from: Vec::new(),
            sense: Sense::Any,
            min: None,
            max: None,
            max_share: None,
            max_change: None,
            step: None,
            span: None,
        };
        vec![
            Actionable {
                max: Some(72.0),
                step: Some(1.0),
                span: Some(72.0),
                sense: Sense::Up,
                cost: 4.0,
                ..action("tenure_months")
            },
            Actionable { to: vec!["One year".into()], ..action("contract") },
            Actionable { to: vec!["false".into()], cost: 0.4, ..action("partner") },
        ]
    }

    /// Every combination, tried one by one.
    fn brute_force(row: &[f64], levers: &[Lever], reaches: &impl Fn(f64) -> bool) -> Option<f64> {
        let model = small_model();
        let mut best: Option<f64> = None;
        let choices = |l: &Lever| -> Vec<(f64, f64)> {
            std::iter::once((row[l.feature], 0.0))
                .chain(l.values.iter().copied().zip(l.costs.iter().copied()))
                .collect()
        };
        for a in choices(&levers[0]) {
            for b in choices(&levers[1]) {
                for c in choices(&levers[2]) {
                    let mut changed = row.to_vec();
                    for (lever, value) in levers.iter().zip([a, b, c]) {
                        changed[lever.feature] = value.0;
                    }
                    let cost = a.1 + b.1 + c.1;
                    if reaches(model.additive.raw(&changed)) && best.is_none_or(|x| cost < x) {
                        best = Some(cost);
                    }
                }
            }
        }
        best
    }

    #[test]
    fn the_search_is_exact() {
        let model = small_model();
        for tenure in [1.0, 5.0, 10.0, 30.0] {
            let row = [tenure, 0.0, 1.0];
            let levers = levers(&model, &row, &actionables());
            assert_eq!(levers.len(), 3);
            for target in [0.7, 0.5, 0.3, 0.2, 0.1, 0.05] {
                let reaches = |raw: f64| model.calibrator.probability(raw) <= target;
                let found = search(&model, &row, &levers, 3, 3, reaches);
                let expected =
                    brute_force(&row, &levers, &reaches).filter(|&c| c > 0.0 || !reaches(model.additive.raw(&row)));
                if reaches(model.additive.raw(&row)) {
                    continue;
                }
                let got = found.plans.first().map(|p| p.cost);
                assert_eq!(got.is_some(), expected.is_some(), "{tenure} {target}");
                if let (Some(a), Some(b)) = (got, expected) {
                    assert!((a - b).abs() < 1e-12, "{tenure} {target}: {a} and {b}");
                }
                for plan in &found.plans {
                    let mut changed = row;
                    for &(l, v) in &plan.moves {
                        changed[levers[l].feature] = levers[l].values[v];
                    }
                    assert!(reaches(model.additive.raw(&changed)));
                }
                assert!(reaches(found.least) || expected.is_none(), "the bound lies below what can be reached");
            }
        }
    }

    #[test]
    fn senses_ranges_and_levels_hold() {
        let model = small_model();
        let of = |row: [f64; 3]| levers(&model, &row, &actionables());
        assert!(of([10.0, 0.0, 1.0])[0].values.iter().all(|&x| x > 10.0 && x <= 72.0 && x.fract() == 0.0));
        assert_eq!(
            of([10.0, 1.0, 0.0]).len(),
            1,
            "the contract is the best already, and the truth value cannot be moved"
        );
        assert!(of([f64::NAN, 1.0, 0.0]).is_empty(), "what is not known cannot be moved");
    }
}
