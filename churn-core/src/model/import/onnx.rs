//! ONNX files with one tree ensemble (`TreeEnsembleClassifier` of the domain `ai.onnx.ml`), as converters write them for
//! gradient boosting and forests.
//!
//! Of the format, protocol buffers, only what such a file needs is read: the graph, its nodes with their attributes, its
//! inputs. ONNX compares in float32 and adds in float32; a missing value takes the true branch where
//! `nodes_missing_value_tracks_true` says so. Converters seldom store how many rows reached a node: without `nodes_hitrates`
//! that differ, path-dependent SHAP values weigh both sides of every split alike. Source:
//! <https://github.com/onnx/onnx/blob/main/docs/Operators-ml.md>.

use super::build::{self, Foreign, Test, TestKind};
use super::{ImportOptions, Imported, float32, quoted, unreadable, unsupported};
use crate::error::Result;
use crate::features::FeatureKind;
use crate::model::{Calibrator, Space, invalid};
use std::collections::BTreeMap;

/// Operators before or behind the ensemble that leave the features and the sum as they are.
const HARMLESS: &[&str] = &["Cast", "Identity", "ZipMap"];

/// Most features behind the last one that a split asks for.
const MAX_UNUSED: usize = 1 << 16;

/// Whether the bytes begin as an ONNX model does: the version of its representation, a small number.
pub(super) fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=0x7f, tag, ..] if tag & 7 == 2 || tag & 7 == 0)
}

/// One field of a message.
enum Field<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, one after another.
struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or_else(cut)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(cut())
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The number and the content of the next field; `None` at the end.
    fn next(&mut self) -> Result<Option<(u64, Field<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Field::Other
            }
            2 => {
                let n = usize::try_from(self.varint()?).map_err(|_| cut())?;
                Field::Bytes(self.take(n)?)
            }
            5 => {
                let bytes = self.take(4)?;
                Field::Fixed32([bytes[0], bytes[1], bytes[2], bytes[3]])
            }
            _ => return Err(cut()),
        };
        Ok(Some((tag >> 3, field)))
    }
}

fn cut() -> crate::Error {
    unreadable("an ONNX model")
}

/// An attribute of a node: whichever of its lists were given.
#[derive(Default)]
struct Attribute<'a> {
    name: &'a [u8],
    text: &'a [u8],
    floats: Vec<f32>,
    ints: Vec<i64>,
    texts: Vec<&'a [u8]>,
    tensor: bool,
}

#[derive(Default)]
struct Node<'a> {
    inputs: Vec<&'a [u8]>,
    outputs: Vec<&'a [u8]>,
    operator: &'a [u8],
    attributes: Vec<Attribute<'a>>,
}

impl<'a> Attribute<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let (mut message, mut out) = (Message(bytes), Attribute::default());
        while let Some((number, field)) = message.next()? {
            match (number, field) {
                (1, Field::Bytes(name)) => out.name = name,
                (4, Field::Bytes(text)) => out.text = text,
                (5, Field::Bytes(_)) => out.tensor = true,
                (7, Field::Fixed32(bytes)) => out.floats.push(f32::from_le_bytes(bytes)),
                (7, Field::Bytes(packed)) => {
                    let (whole, rest) = packed.as_chunks::<4>();
                    if !rest.is_empty() {
                        return Err(cut());
                    }
                    out.floats.extend(whole.iter().map(|b| f32::from_le_bytes(*b)));
                }
                (8, Field::Varint(i)) => out.ints.push(i as i64),
                (8, Field::Bytes(packed)) => {
                    let mut packed = Message(packed);
                    while !packed.0.is_empty() {
                        out.ints.push(packed.varint()? as i64);
                    }
                }
                (9, Field::Bytes(text)) => out.texts.push(text),
                _ => {}
            }
        }
        Ok(out)
    }
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let (mut message, mut out) = (Message(bytes), Node::default());
        while let Some((number, field)) = message.next()? {
            match (number, field) {
                (1, Field::Bytes(name)) => out.inputs.push(name),
                (2, Field::Bytes(name)) => out.outputs.push(name),
                (4, Field::Bytes(operator)) => out.operator = operator,
                (5, Field::Bytes(attribute)) => out.attributes.push(Attribute::read(attribute)?),
                _ => {}
            }
        }
        Ok(out)
    }

    fn operator(&self) -> String {
        String::from_utf8_lossy(self.operator).into_owned()
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|a| a.name == name.as_bytes())
    }

    fn ints(&self, name: &str) -> &[i64] {
        self.attribute(name).map_or(&[][..], |a| a.ints.as_slice())
    }

    fn floats(&self, name: &str) -> &[f32] {
        self.attribute(name).map_or(&[][..], |a| a.floats.as_slice())
    }
}

/// The messages in the fields of this number.
fn messages(bytes: &[u8], wanted: u64) -> Result<Vec<&[u8]>> {
    let (mut message, mut found) = (Message(bytes), Vec::new());
    while let Some((number, field)) = message.next()? {
        if let (true, Field::Bytes(inner)) = (number == wanted, field) {
            found.push(inner);
        }
    }
    Ok(found)
}

/// The first message on a way of field numbers.
fn descend<'a>(bytes: &'a [u8], way: &[u64]) -> Result<Option<&'a [u8]>> {
    let mut at = bytes;
    for &number in way {
        match messages(at, number)?.first() {
            Some(inner) => at = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The names of the graph's constants that are 1 in float32.
fn ones(graph: &[u8]) -> Result<Vec<&[u8]>> {
    let mut found = Vec::new();
    for tensor in messages(graph, 5)? {
        let (mut message, mut name, mut values) = (Message(tensor), &[][..], &[][..]);
        while let Some((number, field)) = message.next()? {
            match (number, field) {
                (8, Field::Bytes(given)) => name = given,
                (4 | 9, Field::Bytes(given)) => values = given,
                _ => {}
            }
        }
        if values == 1.0f32.to_le_bytes() {
            found.push(name);
        }
    }
    Ok(found)
}

/// The second dimension of an input, where the file states it.
fn stated_width(input: &[u8]) -> Result<Option<u64>> {
    // ValueInfoProto.type, TypeProto.tensor_type, Tensor.shape; then its dimensions.
    let Some(shape) = descend(input, &[2, 1, 2])? else { return Ok(None) };
    let dimensions = messages(shape, 1)?;
    let Some(second) = dimensions.get(1) else { return Ok(None) };
    let mut message = Message(second);
    while let Some((number, field)) = message.next()? {
        if let (1, Field::Varint(n)) = (number, field) {
            return Ok(Some(n));
        }
    }
    Ok(None)
}

/// Reads a model.
pub(super) fn read(bytes: &[u8], options: &ImportOptions) -> Result<Imported> {
    let graph = messages(bytes, 7)?.first().copied().ok_or_else(cut)?;
    let nodes = messages(graph, 1)?.into_iter().map(Node::read).collect::<Result<Vec<_>>>()?;
    let inputs = messages(graph, 11)?;
    let is_ensemble = |n: &&Node<'_>| n.operator.starts_with(b"TreeEnsemble");
    let ensembles: Vec<&Node<'_>> = nodes.iter().filter(is_ensemble).collect();
    let [ensemble] = ensembles[..] else {
        return Err(unsupported("ONNX", &format!("{} tree ensembles", ensembles.len())));
    };
    if ensemble.operator != b"TreeEnsembleClassifier" {
        return Err(unsupported("ONNX", &format!("the operator {}", quoted(&ensemble.operator()))));
    }
    let ones = ones(graph)?;
    let is_harmless = |n: &Node<'_>| match n.operator {
        // The two shares of a forest sum to one; a factor of one is what a converter leaves of an average.
        b"Normalizer" => true,
        b"Mul" => n.inputs.iter().any(|i| ones.contains(i)),
        operator => HARMLESS.iter().any(|h| h.as_bytes() == operator),
    };
    if let Some(other) = nodes.iter().find(|n| !is_ensemble(n) && !is_harmless(n)) {
        return Err(unsupported("ONNX", &format!("the operator {}", quoted(&other.operator()))));
    }
    // The ensemble reads the one input, through nothing but casts.
    let mut source = ensemble.inputs.first().copied().unwrap_or_default();
    for _ in 0..nodes.len() {
        match nodes.iter().find(|n| n.outputs.contains(&source)) {
            Some(before) if before.operator == b"Cast" || before.operator == b"Identity" => {
                source = before.inputs.first().copied().unwrap_or_default();
            }
            Some(_) => return Err(unsupported("ONNX", "an ensemble behind another operator")),
            None => break,
        }
    }
    let input = inputs.iter().find(|i| messages(i, 1).is_ok_and(|names| names.first() == Some(&source)));
    let width = input.map(|i| stated_width(i)).transpose()?.flatten();
    Ensemble::new(ensemble)?.into_model(width, options)
}

/// The arrays of an ensemble, all of one length.
struct Ensemble<'a> {
    trees: &'a [i64],
    ids: &'a [i64],
    features: &'a [i64],
    modes: &'a [&'a [u8]],
    values: &'a [f32],
    yes: &'a [i64],
    no: &'a [i64],
    missing: &'a [i64],
    hits: &'a [f32],
    /// (tree, node) -> the leaf's value.
    leaves: BTreeMap<(i64, i64), f64>,
    space: Space,
    intercept: f64,
}

impl<'a> Ensemble<'a> {
    fn new(node: &'a Node<'a>) -> Result<Ensemble<'a>> {
        if node.attributes.iter().any(|a| a.tensor) {
            return Err(unsupported("ONNX", "thresholds in float64"));
        }
        let ids = node.ints("nodes_nodeids");
        let n = ids.len();
        let texts = |name: &str| node.attribute(name).map_or(&[][..], |a| a.texts.as_slice());
        let all = Ensemble {
            trees: node.ints("nodes_treeids"),
            ids,
            features: node.ints("nodes_featureids"),
            modes: texts("nodes_modes"),
            values: node.floats("nodes_values"),
            yes: node.ints("nodes_truenodeids"),
            no: node.ints("nodes_falsenodeids"),
            missing: node.ints("nodes_missing_value_tracks_true"),
            hits: node.floats("nodes_hitrates"),
            leaves: BTreeMap::new(),
            space: Space::LogOdds,
            intercept: 0.0,
        };
        let lengths =
            [all.trees.len(), all.features.len(), all.modes.len(), all.values.len(), all.yes.len(), all.no.len()];
        let optional = [all.missing.len(), all.hits.len()];
        if n == 0 || lengths.iter().any(|&l| l != n) || optional.iter().any(|&l| l != 0 && l != n) {
            return Err(invalid("the arrays of its nodes have different lengths"));
        }
        all.with_classes(node)
    }

    /// The sum that tells the second class from the first.
    fn with_classes(mut self, node: &Node<'_>) -> Result<Self> {
        let labels = node.ints("classlabels_int64s").len();
        let words = node.attribute("classlabels_strings").map_or(0, |a| a.texts.len());
        if labels.max(words) != 2 {
            return Err(unsupported("ONNX", "a number of classes other than two"));
        }
        let (trees, nodes) = (node.ints("class_treeids"), node.ints("class_nodeids"));
        let (classes, weights) = (node.ints("class_ids"), node.floats("class_weights"));
        let n = weights.len();
        if trees.len() != n || nodes.len() != n || classes.len() != n {
            return Err(invalid("the arrays of its leaves have different lengths"));
        }
        let both = classes.iter().any(|c| *c != classes[0]);
        if classes.iter().any(|c| !matches!(c, 0 | 1)) {
            return Err(invalid("a leaf speaks of a class that is not there"));
        }
        let transform = node.attribute("post_transform").map_or(&b"NONE"[..], |a| a.text);
        // What a weight of each class adds.
        let (space, first, second) = match (transform, both) {
            (b"LOGISTIC", false) => (Space::LogOdds, 1.0, 1.0),
            (b"SOFTMAX", true) => (Space::LogOdds, -1.0, 1.0),
            (b"NONE", true) => (Space::Probability, 0.0, 1.0),
            (b"NONE", false) if weights.iter().all(|w| *w >= 0.0) => (Space::Probability, 1.0, 1.0),
            _ => {
                let name = String::from_utf8_lossy(transform).into_owned();
                return Err(unsupported("ONNX", &format!("the transform {} of its sums", quoted(&name))));
            }
        };
        let part = |class: i64| if class == 0 { first } else { second };
        for i in 0..n {
            *self.leaves.entry((trees[i], nodes[i])).or_default() += part(classes[i]) * f64::from(weights[i]);
        }
        let base = node.floats("base_values");
        self.intercept = match (base, both) {
            ([], _) => 0.0,
            ([one], false) => f64::from(*one),
            ([a, b], true) => first * f64::from(*a) + second * f64::from(*b),
            // Of two values for one sum, runtimes take the second.
            ([_, b], false) => f64::from(*b),
            _ => return Err(invalid("it has another number of base values than classes")),
        };
        if !self.intercept.is_finite() {
            return Err(invalid("its base value is not finite"));
        }
        self.space = space;
        Ok(self)
    }

    fn into_model(self, width: Option<u64>, options: &ImportOptions) -> Result<Imported> {
        let used = build::index(self.features.iter().copied().max().unwrap_or(0), "a feature index")?.saturating_add(1);
        let n_features = match width.filter(|n| *n > 0).map(usize::try_from) {
            Some(Ok(n)) if n <= used.saturating_add(MAX_UNUSED) => n,
            Some(_) => return Err(invalid("it states more features than it can use")),
            None => used,
        };
        let names = build::names(&[], n_features, "f")?;
        // The nodes of each tree, in the order of the file; the first is the root.
        let mut trees: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (i, tree) in self.trees.iter().enumerate() {
            trees.entry(*tree).or_default().push(i);
        }
        let counted =
            self.hits.iter().any(|h| *h != self.hits[0]) && self.hits.iter().all(|h| h.is_finite() && *h >= 0.0);
        let n_trees = match options.iterations {
            Some(n) if n > trees.len() => return Err(super::too_many_iterations(n)),
            Some(n) => n,
            None => trees.len(),
        };
        let built = trees.iter().take(n_trees).map(|(tree, nodes)| {
            let places: BTreeMap<i64, usize> = nodes.iter().enumerate().map(|(at, &i)| (self.ids[i], at)).collect();
            if places.len() != nodes.len() {
                return Err(invalid("two nodes of a tree have one number"));
            }
            let place = |id: i64| places.get(&id).copied().ok_or_else(|| invalid("a tree node's child is not there"));
            build::tree(0, nodes.len(), n_features, |at| {
                let i = nodes[at];
                let cover = if counted { f64::from(self.hits[i]) } else { 0.0 };
                if self.modes[i] == b"LEAF" {
                    let value = self.leaves.get(&(*tree, self.ids[i])).copied().unwrap_or(0.0);
                    return Ok((Foreign::Leaf(value), cover));
                }
                let (yes, no) = (place(self.yes[i])?, place(self.no[i])?);
                let threshold = self.values[i];
                if threshold.is_nan() {
                    return Err(invalid("a threshold is not a number"));
                }
                let missing_yes = self.missing.get(i).is_some_and(|m| *m != 0);
                let (at_most, yes_left) = match self.modes[i] {
                    b"BRANCH_LEQ" => (true, true),
                    b"BRANCH_LT" => (false, true),
                    b"BRANCH_GT" => (true, false),
                    b"BRANCH_GTE" => (false, false),
                    other => {
                        let name = String::from_utf8_lossy(other).into_owned();
                        return Err(unsupported("ONNX", &format!("splits of the mode {}", quoted(&name))));
                    }
                };
                let cut = if at_most { float32::at_most(f64::from(threshold)) } else { float32::below(threshold) };
                let feature = build::index(self.features[i], "a feature index")?;
                let test = Test { feature, kind: TestKind::AtMost(cut), missing_left: missing_yes == yes_left };
                let (left, right) = if yes_left { (yes, no) } else { (no, yes) };
                Ok((Foreign::Split(test, left, right), cover))
            })
        });
        let trees = built.collect::<Result<Vec<_>>>()?;
        Ok(Imported {
            library: "ONNX",
            learner: format!("ONNX tree ensemble, {} trees", trees.len()),
            features: names.into_iter().map(|n| (n, FeatureKind::Number)).collect(),
            space: self.space,
            intercept: self.intercept,
            weight: 1.0,
            trees,
            calibrator: Calibrator::Identity,
        })
    }
}
