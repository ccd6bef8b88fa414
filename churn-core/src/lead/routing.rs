//! Who gets the lead: the best to the best, the rest by turns, weighed by load.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Somebody who takes leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rep {
    /// Name, unique.
    pub name: String,
    /// Whether leads from `top_score` up may go to them.
    #[serde(default)]
    pub top_performer: bool,
    /// Open leads they have.
    #[serde(default)]
    pub load: u32,
    /// Most open leads they can have; none for no limit.
    pub capacity: Option<u32>,
    /// How many leads they take for one of somebody with weight 1.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// One lead and who gets it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assignment {
    /// The lead.
    pub lead_id: String,
    /// Its score.
    pub score: f64,
    /// Who gets it; `None` where everybody is full.
    pub rep: Option<String>,
    /// Why, in words.
    pub why: String,
}

/// Gives leads (id, score) to people, the highest scores first. A lead of at least `top_score` goes to a top performer
/// while one has room; every lead goes to whoever has the least load for their weight, ties by name. The answer is in the
/// order of the leads given, and does not depend on it; neither does it on the order of the people.
///
/// # Errors
/// `invalid_argument` where nobody is given, two have one name, or a weight is not above 0.
pub fn route(leads: &[(String, f64)], reps: &[Rep], top_score: f64) -> Result<Vec<Assignment>> {
    let twice = crate::config::repeated(reps.iter().map(|r| r.name.as_str())).is_some();
    if reps.is_empty() || twice || reps.iter().any(|r| !r.weight.is_finite() || r.weight <= 0.0) {
        return Err(Error::new(ErrorKind::InvalidArgument, "the people who take leads cannot be used")
            .with("argument", "reps")
            .hint("give at least one, each with a name of its own and a weight above 0"));
    }
    let mut people: Vec<Rep> = reps.to_vec();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    let mut order: Vec<usize> = (0..leads.len()).collect();
    order.sort_by(|&a, &b| leads[b].1.total_cmp(&leads[a].1).then_with(|| leads[a].0.cmp(&leads[b].0)));
    let mut answers: Vec<Option<Assignment>> = vec![None; leads.len()];
    for i in order {
        let (lead_id, score) = &leads[i];
        let room = |r: &Rep| r.capacity.is_none_or(|c| r.load < c);
        let top = *score >= top_score && people.iter().any(|r| r.top_performer && room(r));
        let filling = |r: &Rep| (f64::from(r.load) + 1.0) / r.weight;
        let open = people.iter_mut().filter(|r| room(r) && (!top || r.top_performer));
        let chosen = open.min_by(|a, b| filling(a).total_cmp(&filling(b)).then_with(|| a.name.cmp(&b.name)));
        let (rep, why) = match chosen {
            Some(rep) => {
                rep.load += 1;
                let why = if top { "top performer for a high score" } else { "least load for the weight" };
                (Some(rep.name.clone()), why)
            }
            None => (None, "everybody is full"),
        };
        answers[i] = Some(Assignment { lead_id: lead_id.clone(), score: *score, rep, why: why.to_owned() });
    }
    Ok(answers.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rep(name: &str, top: bool, load: u32, capacity: Option<u32>, weight: f64) -> Rep {
        Rep { name: name.into(), top_performer: top, load, capacity, weight }
    }

    #[test]
    fn the_best_go_to_the_best_and_the_rest_by_turns() {
        let reps = [rep("ann", true, 0, Some(2), 1.0), rep("bob", false, 0, None, 2.0), rep("cy", false, 3, None, 1.0)];
        let leads: Vec<(String, f64)> = [("a", 95.0), ("b", 20.0), ("c", 81.0), ("d", 80.0), ("e", 50.0)]
            .map(|(id, s)| (id.to_owned(), s))
            .to_vec();
        let who = |leads: &[(String, f64)], reps: &[Rep]| -> Vec<(String, String)> {
            let mut all: Vec<(String, String)> = route(leads, reps, 80.0)
                .expect("routed")
                .into_iter()
                .map(|a| (a.lead_id, a.rep.unwrap_or_default()))
                .collect();
            all.sort();
            all
        };
        let got = who(&leads, &reps);
        let expected = [("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", "bob"), ("e", "bob")];
        assert_eq!(got, expected.map(|(l, r)| (l.to_owned(), r.to_owned())));
        let (mut leads2, mut reps2) = (leads.clone(), reps.to_vec());
        leads2.reverse();
        reps2.reverse();
        assert_eq!(who(&leads2, &reps2), got);
        let full = [rep("ann", true, 1, Some(1), 1.0)];
        assert_eq!(route(&leads, &full, 80.0).expect("routed")[0].rep, None);
        assert_eq!(route(&leads, &[], 80.0).expect_err("nobody").code(), "invalid_argument");
    }
}
