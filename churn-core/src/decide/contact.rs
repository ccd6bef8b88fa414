//! Whom to contact: expected value for each customer, within capacity and budget, with a hold-out group.

use super::random::lot;
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// A customer who might be contacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The customer.
    pub customer_id: String,
    /// Churn probability, 0 to 1.
    pub probability: f64,
    /// Money that is kept if the customer stays: the lifetime value that is at risk.
    pub value: f64,
    /// Share of leaving customers that the contact saves; the option's where not given.
    pub save_rate: Option<f64>,
}

/// What contacts cost and bring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContactOptions {
    /// Share of leaving customers that a contact saves, 0 to 1. An assumption until an uplift read-out measures it.
    pub save_rate: f64,
    /// Cost of one contact.
    pub contact_cost: f64,
    /// Cost of the offer, for everybody who takes it: all saved customers and all who would have stayed anyway.
    pub offer_cost: f64,
    /// Most customers that can be contacted.
    pub capacity: Option<usize>,
    /// Most money that contacts may cost, offers to everybody included.
    pub budget: Option<f64>,
    /// Share of the customers worth contacting who are left alone, so that the effect can be measured.
    pub hold_out: f64,
    /// Seed of the hold-out group. A customer's lot depends on the seed and the id alone.
    pub seed: u64,
}

impl Default for ContactOptions {
    fn default() -> Self {
        ContactOptions {
            save_rate: 0.3,
            contact_cost: 1.0,
            offer_cost: 0.0,
            capacity: None,
            budget: None,
            hold_out: 0.1,
            seed: 0,
        }
    }
}

/// What happens with a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactGroup {
    /// To be contacted.
    Contact,
    /// Worth it, but left alone to measure the effect.
    HoldOut,
    /// Worth it, but beyond capacity or budget.
    Beyond,
    /// Not worth it.
    NotWorth,
}

/// One customer's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contact {
    /// The customer.
    pub customer_id: String,
    /// Expected gain of a contact, in money.
    pub expected_value: f64,
    /// What happens.
    pub group: ContactGroup,
}

/// Whom to contact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContactPlan {
    /// One answer a candidate, in the order given.
    pub contacts: Vec<Contact>,
    /// Customers to contact.
    pub n_contact: usize,
    /// Customers in the hold-out group.
    pub n_hold_out: usize,
    /// Expected gain of all contacts together.
    pub expected_value: f64,
    /// Most that the contacts cost: every offer taken.
    pub cost: f64,
    /// `assumed` where the save rate is an assumption, `measured` where every candidate brings its own.
    pub save_rate: &'static str,
}

/// Chooses whom to contact: the highest expected value first, ties by id.
///
/// A contact is worth `p x s x (value - offer) - (1 - p) x offer - contact` (Neslin et al. 2006): who would leave is
/// saved with the rate s and takes the offer, who would stay takes it too.
///
/// # Errors
/// `invalid_argument` for a probability or rate outside 0 and 1, a negative cost, or money that is not finite.
pub fn select_contacts(candidates: &[Candidate], options: &ContactOptions) -> Result<ContactPlan> {
    let share = |x: f64| (0.0..=1.0).contains(&x);
    let cost = |x: f64| x.is_finite() && x >= 0.0;
    let fits = |c: &Candidate| share(c.probability) && c.value.is_finite() && c.save_rate.is_none_or(share);
    if let Some(i) = candidates.iter().position(|c| !fits(c)) {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("candidate {} has no usable figures", i + 1))
            .with("argument", "candidates")
            .with("item", i + 1)
            .hint("give a probability and a save rate within 0 and 1, and a finite value"));
    }
    let costs = [options.contact_cost, options.offer_cost, options.budget.unwrap_or(0.0)];
    if !share(options.save_rate) || !share(options.hold_out) || !costs.into_iter().all(cost) {
        return Err(Error::new(ErrorKind::InvalidArgument, "the costs and rates of contacts are out of range")
            .with("argument", "options")
            .hint("give rates within 0 and 1, and costs of 0 or more"));
    }
    let worth = |c: &Candidate| {
        let (p, s) = (c.probability, c.save_rate.unwrap_or(options.save_rate));
        p * s * (c.value - options.offer_cost) - (1.0 - p) * options.offer_cost - options.contact_cost
    };
    let mut contacts: Vec<Contact> = candidates
        .iter()
        .map(|c| Contact {
            customer_id: c.customer_id.clone(),
            expected_value: worth(c),
            group: ContactGroup::NotWorth,
        })
        .collect();
    let mut order: Vec<usize> = (0..contacts.len()).filter(|&i| contacts[i].expected_value > 0.0).collect();
    order.sort_by(|&a, &b| {
        let by_value = contacts[b].expected_value.total_cmp(&contacts[a].expected_value);
        by_value.then_with(|| contacts[a].customer_id.cmp(&contacts[b].customer_id))
    });
    let each = options.contact_cost + options.offer_cost;
    let (mut n_contact, mut n_hold_out, mut expected_value, mut spent) = (0, 0, 0.0, 0.0);
    for i in order {
        let room = options.capacity.is_none_or(|c| n_contact < c) && options.budget.is_none_or(|b| spent + each <= b);
        contacts[i].group = if !room {
            ContactGroup::Beyond
        } else if lot(options.seed, &contacts[i].customer_id) < options.hold_out {
            n_hold_out += 1;
            ContactGroup::HoldOut
        } else {
            n_contact += 1;
            spent += each;
            expected_value += contacts[i].expected_value;
            ContactGroup::Contact
        };
    }
    let measured = !candidates.is_empty() && candidates.iter().all(|c| c.save_rate.is_some());
    let save_rate = if measured { "measured" } else { "assumed" };
    Ok(ContactPlan { contacts, n_contact, n_hold_out, expected_value, cost: spent, save_rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(i: usize, probability: f64, value: f64) -> Candidate {
        Candidate { customer_id: format!("c{i}"), probability, value, save_rate: None }
    }

    #[test]
    fn value_decides_and_limits_hold() {
        let candidates: Vec<Candidate> =
            (0..1000).map(|i| candidate(i, (i % 100) as f64 / 100.0, 50.0 + (i % 7) as f64)).collect();
        let options = ContactOptions { contact_cost: 5.0, capacity: Some(100), ..ContactOptions::default() };
        let plan = select_contacts(&candidates, &options).expect("plan");
        assert_eq!((plan.n_contact, plan.cost), (100, 500.0));
        assert!(plan.n_hold_out > 2 && plan.n_hold_out < 25, "{}", plan.n_hold_out);
        let least = plan.contacts.iter().filter(|c| c.group == ContactGroup::Contact).map(|c| c.expected_value);
        let beyond = plan.contacts.iter().filter(|c| c.group == ContactGroup::Beyond).map(|c| c.expected_value);
        assert!(least.fold(f64::INFINITY, f64::min) >= beyond.fold(0.0, f64::max));
        assert!(plan.contacts.iter().all(|c| (c.expected_value > 0.0) != (c.group == ContactGroup::NotWorth)));
        let mut turned = candidates.clone();
        turned.reverse();
        let mut again = select_contacts(&turned, &options).expect("plan");
        again.contacts.reverse();
        assert_eq!(again.contacts, plan.contacts, "the order of the customers does not matter");
        let spare = ContactOptions { budget: Some(52.0), ..options };
        assert_eq!(select_contacts(&candidates, &spare).expect("plan").n_contact, 10);
    }

    #[test]
    fn offers_cost_most_with_those_who_would_stay() {
        let options =
            ContactOptions { offer_cost: 10.0, contact_cost: 1.0, hold_out: 0.0, ..ContactOptions::default() };
        let plan = select_contacts(&[candidate(0, 0.1, 200.0), candidate(1, 0.6, 200.0)], &options).expect("plan");
        assert!((plan.contacts[0].expected_value - (0.1 * 0.3 * 190.0 - 0.9 * 10.0 - 1.0)).abs() < 1e-12);
        assert_eq!(plan.contacts[0].group, ContactGroup::NotWorth);
        assert_eq!(plan.contacts[1].group, ContactGroup::Contact);
        assert_eq!(select_contacts(&[candidate(0, 1.5, 1.0)], &options).expect_err("bad").code(), "invalid_argument");
    }
}
