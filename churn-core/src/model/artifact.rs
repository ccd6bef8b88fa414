//! The model file: safetensors with the pipeline as JSON in the metadata. `docs/model-format.md` describes it.
//!
//! The metadata has one key, `churn`, with the format version, the checksum and the pipeline. Trees are
//! tensors. The checksum is the SHA-256 of the file with the checksum's own 64 digits replaced by zeros, so
//! that anyone can verify it with common tools.

use super::{
    AdditiveModel, Calibrator, Component, IntervalCurve, LabelDefinition, Model, ModelCard, Part, Space, Term, Tree,
    TreeEnsemble, TreeNode, invalid,
};
use crate::error::{Error, ErrorKind, Result};
use crate::features::FeaturePlan;
use crate::schema::Profile;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The version this build writes.
const FORMAT_VERSION: u32 = 1;
const KEY: &str = "churn";
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What every version of the format starts with; read before the rest is.
#[derive(Deserialize)]
struct Preamble {
    format_version: u32,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct FileV1 {
    format_version: u32,
    sha256: String,
    name: String,
    version: String,
    label: LabelDefinition,
    headers: BTreeMap<String, String>,
    plan: FeaturePlan,
    additive: AdditiveV1,
    calibrator: Calibrator,
    interval: IntervalCurve,
    profile: Profile,
    card: ModelCard,
}

#[derive(Serialize, Deserialize)]
struct AdditiveV1 {
    space: Space,
    intercept: f64,
    components: Vec<ComponentV1>,
}

#[derive(Serialize, Deserialize)]
struct ComponentV1 {
    name: String,
    weight: f64,
    /// Terms stand here; trees stand in the tensors `component.N.*`.
    terms: Option<Vec<Term>>,
}

/// The arrays of one ensemble: `tree_offsets` has one entry a tree and one more, the rest one a node.
struct Arrays {
    tree_offsets: Vec<u32>,
    kind: Vec<u8>,
    feature: Vec<u32>,
    left: Vec<u32>,
    right: Vec<u32>,
    threshold: Vec<f64>,
    /// For wide categories: the first word in `sets`, and in the upper half their number.
    set: Vec<u64>,
    value: Vec<f64>,
    cover: Vec<f64>,
    /// The words of wide category sets.
    sets: Vec<u64>,
}

/// A tensor to be written: name, type, number of entries, little-endian bytes.
type Stored = (String, Dtype, usize, Vec<u8>);

const LEAF: u8 = 0;
const NUMBER: u8 = 1;
const CATEGORY: u8 = 2;
const MISSING_LEFT: u8 = 4;
const NUMBER_NOT_ZERO: u8 = 3;
const WIDE_CATEGORY: u8 = 8;

impl Model {
    /// The model as the bytes of a model file; the same model gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut tensors: Vec<Stored> = Vec::new();
        let mut components = Vec::new();
        for (i, component) in self.additive.components.iter().enumerate() {
            let terms = match &component.part {
                Part::Terms(terms) => Some(terms.clone()),
                Part::Trees(ensemble) => {
                    tensors.extend(Arrays::of(ensemble).tensors(i));
                    None
                }
            };
            components.push(ComponentV1 { name: component.name.clone(), weight: component.weight, terms });
        }
        let file = FileV1 {
            format_version: FORMAT_VERSION,
            sha256: NO_CHECKSUM.to_owned(),
            name: self.name.clone(),
            version: self.version.clone(),
            label: self.label.clone(),
            headers: self.headers.clone(),
            plan: self.plan.clone(),
            additive: AdditiveV1 { space: self.additive.space, intercept: self.additive.intercept, components },
            calibrator: self.calibrator.clone(),
            interval: self.interval.clone(),
            profile: self.profile.clone(),
            card: self.card.clone(),
        };
        let internal = |e: String| Error::internal(format!("a model could not be written: {e}"));
        let json = serde_json::to_string(&file).map_err(|e| internal(e.to_string()))?;
        let views = tensors
            .iter()
            .map(|(name, dtype, len, bytes)| {
                Ok((name.clone(), TensorView::new(*dtype, vec![*len], bytes).map_err(|e| internal(e.to_string()))?))
            })
            .collect::<Result<Vec<_>>>()?;
        let metadata = HashMap::from([(KEY.to_owned(), json)]);
        let mut bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| internal(e.to_string()))?;
        let at = find(&bytes, NO_CHECKSUM.as_bytes()).ok_or_else(|| internal("no room for the checksum".into()))?;
        let checksum = hex(&Sha256::digest(&bytes));
        bytes[at..at + 64].copy_from_slice(checksum.as_bytes());
        Ok(bytes)
    }

    /// A model from the bytes of a model file.
    ///
    /// # Errors
    /// `format_unsupported` for another format or a newer version, `hash_mismatch` for a damaged file,
    /// `model_invalid` where the parts contradict each other.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model> {
        let tensors =
            SafeTensors::deserialize(bytes).map_err(|e| not_a_model("it is not a safetensors file").caused_by(e))?;
        let (_, header) =
            SafeTensors::read_metadata(bytes).map_err(|e| not_a_model("its header cannot be read").caused_by(e))?;
        let json = header
            .metadata()
            .as_ref()
            .and_then(|m| m.get(KEY))
            .ok_or_else(|| not_a_model("its metadata has no entry 'churn'"))?;
        let preamble: Preamble =
            serde_json::from_str(json).map_err(|e| not_a_model("its metadata cannot be read").caused_by(e))?;
        if preamble.format_version != FORMAT_VERSION {
            return Err(Error::new(
                ErrorKind::FormatUnsupported,
                format!(
                    "the model file has format version {}; this build reads version {FORMAT_VERSION}",
                    preamble.format_version
                ),
            )
            .with("format_version", preamble.format_version)
            .hint("use a newer version of churn, or save the model with the version you run"));
        }
        check_checksum(bytes, &preamble.sha256)?;
        let file: FileV1 = serde_json::from_str(json)
            .map_err(|e| invalid(format!("its description cannot be read (column {})", e.column())).caused_by(e))?;
        let mut components = Vec::new();
        for (i, component) in file.additive.components.into_iter().enumerate() {
            let part = match component.terms {
                Some(terms) => Part::Terms(terms),
                None => Part::Trees(Arrays::read(&tensors, i)?.ensemble()?),
            };
            components.push(Component { name: component.name, weight: component.weight, part });
        }
        let model = Model {
            name: file.name,
            version: file.version,
            profile: file.profile,
            headers: file.headers,
            plan: file.plan,
            additive: AdditiveModel { space: file.additive.space, intercept: file.additive.intercept, components },
            calibrator: file.calibrator,
            interval: file.interval,
            label: file.label,
            card: file.card,
        };
        model.check()?;
        Ok(model)
    }
}

fn not_a_model(why: &str) -> Error {
    Error::new(ErrorKind::FormatUnsupported, format!("this is not a churn model file: {why}"))
        .hint("give a file that engine.save wrote")
}

fn check_checksum(bytes: &[u8], stated: &str) -> Result<()> {
    let mismatch = || {
        Error::new(ErrorKind::HashMismatch, "the model file's checksum does not fit its content")
            .hint("the file is damaged or was changed by hand: fetch or train it again")
    };
    let at = find(bytes, stated.as_bytes()).filter(|_| stated.len() == 64).ok_or_else(mismatch)?;
    let mut hasher = Sha256::new();
    hasher.update(&bytes[..at]);
    hasher.update(NO_CHECKSUM.as_bytes());
    hasher.update(&bytes[at + 64..]);
    if hex(&hasher.finalize()) == stated { Ok(()) } else { Err(mismatch()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() { None } else { haystack.windows(needle.len()).position(|w| w == needle) }
}

impl Arrays {
    fn of(ensemble: &TreeEnsemble) -> Arrays {
        let mut a = Arrays {
            tree_offsets: vec![0],
            kind: Vec::new(),
            feature: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
            threshold: Vec::new(),
            set: Vec::new(),
            value: Vec::new(),
            cover: Vec::new(),
            sets: Vec::new(),
        };
        for tree in &ensemble.trees {
            for node in &tree.nodes {
                let (kind, threshold, set, value, missing) = match node {
                    TreeNode::Leaf { value } => (LEAF, 0.0, 0, *value, false),
                    TreeNode::Number { threshold, missing_left, .. } => (NUMBER, *threshold, 0, 0.0, *missing_left),
                    TreeNode::NumberNotZero { threshold, missing_left, .. } => {
                        (NUMBER_NOT_ZERO, *threshold, 0, 0.0, *missing_left)
                    }
                    TreeNode::Category { set, missing_left, .. } => (CATEGORY, 0.0, *set, 0.0, *missing_left),
                    TreeNode::WideCategory { set, missing_left, .. } => {
                        let at = (set.len() as u64) << 32 | a.sets.len() as u64;
                        a.sets.extend(set.iter());
                        (WIDE_CATEGORY, 0.0, at, 0.0, *missing_left)
                    }
                };
                let (feature, left, right) = node.split().unwrap_or((0, 0, 0));
                a.kind.push(kind | if missing { MISSING_LEFT } else { 0 });
                a.feature.push(feature as u32);
                a.left.push(left as u32);
                a.right.push(right as u32);
                a.threshold.push(threshold);
                a.set.push(set);
                a.value.push(value);
            }
            a.cover.extend(&tree.covers);
            a.tree_offsets.push(a.kind.len() as u32);
        }
        a
    }

    fn tensors(self, component: usize) -> Vec<Stored> {
        let u32s = |v: Vec<u32>| (v.len(), v.iter().flat_map(|x| x.to_le_bytes()).collect());
        let u64s = |v: Vec<u64>| (v.len(), v.iter().flat_map(|x| x.to_le_bytes()).collect());
        let f64s = |v: Vec<f64>| (v.len(), v.iter().flat_map(|x| x.to_le_bytes()).collect());
        let stored = |field: &str, dtype: Dtype, (len, bytes): (usize, Vec<u8>)| {
            (format!("component.{component}.{field}"), dtype, len, bytes)
        };
        let mut all = vec![
            stored("tree_offsets", Dtype::U32, u32s(self.tree_offsets)),
            stored("kind", Dtype::U8, (self.kind.len(), self.kind)),
            stored("feature", Dtype::U32, u32s(self.feature)),
            stored("left", Dtype::U32, u32s(self.left)),
            stored("right", Dtype::U32, u32s(self.right)),
            stored("threshold", Dtype::F64, f64s(self.threshold)),
            stored("set", Dtype::U64, u64s(self.set)),
            stored("value", Dtype::F64, f64s(self.value)),
            stored("cover", Dtype::F64, f64s(self.cover)),
        ];
        if !self.sets.is_empty() {
            all.push(stored("sets", Dtype::U64, u64s(self.sets)));
        }
        all
    }

    fn read(tensors: &SafeTensors<'_>, component: usize) -> Result<Arrays> {
        let get = |field: &str, dtype: Dtype| {
            let name = format!("component.{component}.{field}");
            let view = tensors.tensor(&name).map_err(|e| invalid(format!("tensor '{name}' is absent")).caused_by(e))?;
            if view.dtype() != dtype || view.shape().len() != 1 {
                return Err(invalid(format!("tensor '{name}' has another type or shape")));
            }
            Ok(view.data())
        };
        let u32s = |field: &str| Ok::<_, Error>(words::<4>(get(field, Dtype::U32)?).map(u32::from_le_bytes).collect());
        let f64s = |field: &str| Ok::<_, Error>(words::<8>(get(field, Dtype::F64)?).map(f64::from_le_bytes).collect());
        let kind = get("kind", Dtype::U8)?.to_vec();
        let wide = kind.iter().any(|k| k & !MISSING_LEFT == WIDE_CATEGORY);
        let u64s = |field: &str| Ok::<_, Error>(words::<8>(get(field, Dtype::U64)?).map(u64::from_le_bytes).collect());
        Ok(Arrays {
            tree_offsets: u32s("tree_offsets")?,
            kind,
            feature: u32s("feature")?,
            left: u32s("left")?,
            right: u32s("right")?,
            threshold: f64s("threshold")?,
            set: u64s("set")?,
            value: f64s("value")?,
            cover: f64s("cover")?,
            sets: if wide { u64s("sets")? } else { Vec::new() },
        })
    }

    fn ensemble(self) -> Result<TreeEnsemble> {
        let n = self.kind.len();
        let lengths = [
            self.feature.len(),
            self.left.len(),
            self.right.len(),
            self.threshold.len(),
            self.set.len(),
            self.value.len(),
            self.cover.len(),
        ];
        let ascending = self.tree_offsets.first() == Some(&0) && self.tree_offsets.windows(2).all(|w| w[0] < w[1]);
        if lengths.iter().any(|&l| l != n) || !ascending || self.tree_offsets.last().copied() != Some(n as u32) {
            return Err(invalid("the arrays of a tree ensemble have different lengths"));
        }
        // Every word belongs to one node, so that a small file cannot ask for much memory.
        let mut next = 0;
        let mut node = |i: usize| {
            let (feature, left, right) = (self.feature[i], self.left[i], self.right[i]);
            let missing_left = self.kind[i] & MISSING_LEFT != 0;
            match self.kind[i] & !MISSING_LEFT {
                LEAF => Ok(TreeNode::Leaf { value: self.value[i] }),
                NUMBER => Ok(TreeNode::Number { feature, threshold: self.threshold[i], missing_left, left, right }),
                NUMBER_NOT_ZERO => {
                    Ok(TreeNode::NumberNotZero { feature, threshold: self.threshold[i], missing_left, left, right })
                }
                CATEGORY => Ok(TreeNode::Category { feature, set: self.set[i], missing_left, left, right }),
                WIDE_CATEGORY => {
                    let (at, len) = ((self.set[i] & 0xffff_ffff) as usize, (self.set[i] >> 32) as usize);
                    let set = at.checked_add(len).and_then(|end| self.sets.get(at..end)).filter(|_| at == next);
                    let set = set.ok_or_else(|| invalid("a category set is out of place"))?.into();
                    next = at + len;
                    Ok(TreeNode::WideCategory { feature, set, missing_left, left, right })
                }
                other => Err(invalid(format!("a tree node has the kind {other}"))),
            }
        };
        let trees = self
            .tree_offsets
            .windows(2)
            .map(|w| {
                let range = w[0] as usize..w[1] as usize;
                Ok(Tree {
                    nodes: range.clone().map(&mut node).collect::<Result<_>>()?,
                    covers: self.cover[range].to_vec(),
                })
            })
            .collect::<Result<_>>()?;
        Ok(TreeEnsemble { trees })
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().copied()
}
