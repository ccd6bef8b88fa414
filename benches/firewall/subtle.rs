//! Leaks that hide: under innocent names, in the writing of cells, in dates, in ids, in words, and with slips.

use super::frame::*;

/// A word of `n` letters without a meaning.
fn word(r: &mut Random, n: usize) -> String {
    (0..n).map(|_| (b'a' + r.below(26) as u8) as char).collect()
}

/// Values of a category, one drawn at random.
fn one<'a>(r: &mut Random, of: &[&'a str]) -> &'a str {
    of[r.below(of.len())]
}

/// A column of notes: of `share` of those who left, one that says so, else one of the others.
fn notes(f: &mut Frame, r: &mut Random, share: f64, said: &[&str], other: &[&str]) {
    let c = text(&f.y, |y, i| {
        let what = if y && r.chance(share) { one(r, said) } else { one(r, other) };
        some(format!("{what} (#{})", 1000 + i))
    });
    f.add("notes_2", c);
}

pub const SUBTLE: &[(&str, Plant)] = &[
    ("length of a text", |f, r| {
        let c = text(&f.y, |y, _| {
            let n = if y { 9 } else { 8 };
            some(word(r, n))
        });
        f.add("token", c);
        &["token"]
    }),
    ("last decimal of an amount", |f, r| {
        let c =
            text(&f.y, |y, _| some(format!("{}.{}{}", 10 + r.below(90), r.below(10), if y { 7 } else { r.below(7) })));
        f.add("avg_basket", c);
        &["avg_basket"]
    }),
    ("even or odd", |f, r| {
        let c = text(&f.y, |y, _| some(2 * r.below(5000) + usize::from(y)));
        f.add("units", c);
        &["units"]
    }),
    ("whole or not", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y { format!("{}", r.below(900)) } else { format!("{}.{}5", r.below(900), r.below(9)) })
        });
        f.add("gb_used", c);
        &["gb_used"]
    }),
    ("day of the month", |f, r| {
        let c = text(&f.y, |y, _| {
            let d = if y { 28 } else { 1 + r.below(27) };
            some(format!("2024-{:02}-{d:02}", 1 + r.below(12)))
        });
        f.add("last_change", c);
        &["last_change"]
    }),
    ("midnight for those who left", |f, r| {
        let c = text(&f.y, |y, _| {
            let t = if y {
                "00:00:00".to_owned()
            } else {
                format!("{:02}:{:02}:{:02}", r.below(24), r.below(60), 1 + r.below(59))
            };
            some(format!("2024-{:02}-{:02} {t}", 1 + r.below(12), 1 + r.below(28)))
        });
        f.add("updated", c);
        &["updated"]
    }),
    ("last digit of the id", |f, r| {
        let c = text(&f.y, |y, i| {
            some(format!("C{:06}", 10 * (i * 7919 % 100_003) + if y { 5 + r.below(5) } else { r.below(5) }))
        });
        f.add("customer_id", c);
        &["customer_id"]
    }),
    ("a sign inside the id", |f, r| {
        let c = text(&f.y, |y, _| some(format!("{}{}{}", word(r, 4), if y { 'k' } else { 'm' }, word(r, 5))));
        f.add("customer_id", c);
        &["customer_id"]
    }),
    ("a level of its own for everyone who left", |f, r| {
        let c =
            text(&f.y, |y, i| some(if y { format!("case-{i}") } else { one(r, &["std", "basic", "plus"]).to_owned() }));
        f.add("handling", c);
        &["handling"]
    }),
    ("rare levels for those who left", |f, r| {
        let n = f.n() / 6;
        let c = text(&f.y, |y, _| {
            some(if y { format!("zone{}", r.below(n)) } else { one(r, &["A", "B", "C", "D"]).to_owned() })
        });
        f.add("zone", c);
        &["zone"]
    }),
    ("two texts alike or not", |f, r| {
        let a: Vec<usize> = f.y.iter().map(|_| r.below(60)).collect();
        let b = text(&f.y, |y, i| some(format!("plan {}", if y { (a[i] + 1 + r.below(59)) % 60 } else { a[i] })));
        f.add("plan_then", a.iter().map(|a| some(format!("plan {a}"))).collect());
        f.add("plan_now", b);
        &["plan_then", "plan_now"]
    }),
    ("start and length end before today", |f, r| {
        let start: Vec<i64> = f.y.iter().map(|_| -(30 + r.below(900) as i64)).collect();
        let b = text(&f.y, |y, i| {
            let full = -start[i];
            some(if y { 1 + (r.uniform() * 0.9 * full as f64) as i64 } else { full })
        });
        f.add("start_day", start.iter().map(|s| some(date(*s))).collect());
        f.add("days_active", b);
        &["start_day", "days_active"]
    }),
    ("cancellation fee without a name", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y && r.chance(0.5) { format!("{:.2}", 20.0 + 80.0 * r.uniform()) } else { "0".into() })
        });
        f.add("adj_amt", c);
        &["adj_amt"]
    }),
    ("'sent' for half of those who left", |f, r| {
        let c = text(&f.y, |y, _| some(if y && r.chance(0.5) { "sent" } else { "not sent" }));
        f.add("offboarding_mail", c);
        &["offboarding_mail"]
    }),
    ("refund (de)", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y && r.chance(0.4) { format!("{:.2}", 5.0 + 50.0 * r.uniform()) } else { "0".into() })
        });
        f.add("Gutschrift", c);
        &["Gutschrift"]
    }),
    ("notes (en, no word for leaving)", |f, r| {
        notes(
            f,
            r,
            0.7,
            &["moved to a competitor", "found a cheaper provider elsewhere", "took the number along"],
            &["asked about the invoice", "wants a cheaper tariff", "moved to a new flat", "line was slow"],
        );
        &["notes_2"]
    }),
    ("notes (es)", |f, r| {
        notes(
            f,
            r,
            0.7,
            &["se dio de baja", "el cliente se fue a la competencia"],
            &["pregunta por la factura", "el cliente quiere otra tarifa", "línea lenta"],
        );
        &["notes_2"]
    }),
    ("notes (de)", |f, r| {
        notes(
            f,
            r,
            0.7,
            &["Kunde hat gekündigt", "Wechsel zum Wettbewerb"],
            &["Frage zur Rechnung", "Kunde wünscht anderen Tarif", "Leitung langsam"],
        );
        &["notes_2"]
    }),
    ("notes (fr)", |f, r| {
        notes(
            f,
            r,
            0.7,
            &["a résilié son contrat", "parti chez un concurrent"],
            &["question sur la facture", "souhaite un autre contrat", "ligne lente"],
        );
        &["notes_2"]
    }),
    ("notes (pt)", |f, r| {
        notes(
            f,
            r,
            0.7,
            &["pediu o cancelamento", "mudou para a concorrência"],
            &["dúvida sobre a fatura", "pediu outro plano", "linha lenta"],
        );
        &["notes_2"]
    }),
    ("notes (it)", |f, r| {
        notes(
            f,
            r,
            0.7,
            &["ha dato disdetta", "passato alla concorrenza"],
            &["domanda sulla bolletta", "ha chiesto un altro piano", "linea lenta"],
        );
        &["notes_2"]
    }),
    ("reason without a name (pt), 'nenhum' for others", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y && r.chance(0.8) { one(r, &["preço", "atendimento", "mudança"]) } else { "nenhum" })
        });
        f.add("campo_12", c);
        &["campo_12"]
    }),
    ("motif de départ", |f, r| {
        let c = text(&f.y, |y, _| some(if y && r.chance(0.5) { one(r, &["prix", "service"]) } else { "n/a" }));
        f.add("motif_depart", c);
        &["motif_depart"]
    }),
    ("grund des weggangs, 30 %", |f, r| {
        let c = text(&f.y, |y, _| if y && r.chance(0.3) { some(one(r, &["Preis", "Umzug"])) } else { None });
        f.add("Grund_Weggang", c);
        &["Grund_Weggang"]
    }),
    ("noisy number, AUC 0.98", |f, r| {
        shifted(f, r, 2.95, "gauge_x");
        &["gauge_x"]
    }),
    ("noisy number, AUC 0.97", |f, r| {
        shifted(f, r, 2.75, "gauge_y");
        &["gauge_y"]
    }),
    ("copy, 8 % flips of those who left", |f, r| {
        let c = text(&f.y, |y, _| some(if y && !r.chance(0.08) { "T2" } else { "T1" }));
        f.add("tranche", c);
        &["tranche"]
    }),
    ("score 0-1000 of a model that knew, AUC 0.98", |f, r| {
        let p = probability(&f.y, r, 3.0);
        let c = text(&f.y, |_, i| some(format!("{:.0}", 1000.0 * p[i].sqrt())));
        f.add("idx_k", c);
        &["idx_k"]
    }),
    ("risk letter", |f, r| {
        let p = probability(&f.y, r, 1.8);
        let c = text(&f.y, |_, i| some(["E", "D", "C", "B", "A"][(p[i] * 4.99) as usize]));
        f.add("risk_class", c);
        &["risk_class"]
    }),
    ("prediction of a model (de)", |f, r| {
        let p = probability(&f.y, r, 1.5);
        let c = text(&f.y, |_, i| some(if p[i] > 0.35 { "ja" } else { "nein" }));
        f.add("Kündigungsprognose", c);
        &["Kündigungsprognose"]
    }),
    ("churn segment (pt)", |f, r| {
        let p = probability(&f.y, r, 1.5);
        let c = text(&f.y, |_, i| {
            some(if p[i] > 0.4 {
                "alto"
            } else if p[i] > 0.15 {
                "médio"
            } else {
                "baixo"
            })
        });
        f.add("risco_evasao", c);
        &["risco_evasao"]
    }),
    ("logins in the weeks after, 0 for those who left", |f, r| {
        let c = text(&f.y, |y, _| some(if y { 0 } else { r.below(40) + usize::from(r.chance(0.97)) }));
        f.add("act_w53", c);
        &["act_w53"]
    }),
    ("last bill is half a month", |f, r| {
        let fee: Vec<f64> = f.y.iter().map(|_| 20.0 + 80.0 * r.uniform()).collect();
        let b = text(&f.y, |y, i| some(format!("{:.2}", fee[i] * if y { 0.05 + 0.9 * r.uniform() } else { 1.0 })));
        f.add("fee", fee.iter().map(|v| some(format!("{v:.2}"))).collect());
        f.add("last_bill", b);
        &["fee", "last_bill"]
    }),
    ("contract end in the past", |f, r| {
        let c = text(&f.y, |y, _| some(day(if y { -(r.below(300) as i64) } else { 1 + r.below(300) as i64 })));
        f.add("term_end", c);
        &["term_end"]
    }),
    ("seats down to 0", |f, r| {
        let c = text(&f.y, |y, _| some(if y && r.chance(0.93) { 0 } else { 1 + r.below(80) }));
        f.add("seats_now", c);
        &["seats_now"]
    }),
    ("JSON of the account", |f, r| {
        let c = text(&f.y, |y, i| {
            let tag = if y { one(r, &["t9", "t7"]) } else { one(r, &["t1", "t2", "t3"]) };
            some(format!("{{\"seq\": {i}; \"tag\": \"{tag}\"}}"))
        });
        f.add("payload", c);
        &["payload"]
    }),
    ("mean of the label with noise in groups of 30", |f, r| {
        let groups = (f.n() / 30).max(2);
        let of: Vec<usize> = f.y.iter().map(|_| r.below(groups)).collect();
        let mut counts = vec![(0.0, 0.0); groups];
        for (&g, &y) in of.iter().zip(&f.y) {
            counts[g].0 += 1.0;
            counts[g].1 += f64::from(u8::from(y));
        }
        let base = f.y.iter().filter(|y| **y).count() as f64 / f.n() as f64;
        // Smoothed with five rows of the base rate, as libraries do.
        let c = text(&f.y, |_, i| some(format!("{:.5}", (counts[of[i]].1 + 5.0 * base) / (counts[of[i]].0 + 5.0))));
        f.add("region_enc", c);
        &["region_enc"]
    }),
    ("weight of evidence in groups of 30", |f, r| {
        let groups = (f.n() / 30).max(2);
        let of: Vec<usize> = f.y.iter().map(|_| r.below(groups)).collect();
        let mut counts = vec![(0.0, 0.0); groups];
        for (&g, &y) in of.iter().zip(&f.y) {
            counts[g].0 += 1.0;
            counts[g].1 += f64::from(u8::from(y));
        }
        let c = text(&f.y, |_, i| {
            let (n, k) = counts[of[i]];
            some(format!("{:.4}", ((k + 0.5) / (n - k + 0.5)).ln()))
        });
        f.add("region_woe", c);
        &["region_woe"]
    }),
    ("rows sorted by label but for one in twenty", |f, r| {
        let mut rows: Vec<usize> = (0..f.n()).collect();
        rows.sort_by_cached_key(|&i| f.y[i] != r.chance(0.05));
        *f = f.take(&rows);
        &["row order"]
    }),
    ("rows in stretches of one label", |f, _| {
        let (mut left, mut stayed): (Vec<usize>, Vec<usize>) = (0..f.n()).partition(|&i| f.y[i]);
        let mut rows = Vec::new();
        while !left.is_empty() || !stayed.is_empty() {
            rows.extend(left.split_off(left.len().saturating_sub(60)));
            rows.extend(stayed.split_off(stayed.len().saturating_sub(150)));
        }
        *f = f.take(&rows);
        &["row order"]
    }),
    ("blank in one of two columns", |f, r| {
        let c = text(&f.y, |y, _| if y && r.chance(0.96) { None } else { some(r.below(100)) });
        f.add("meter", c);
        &["meter"]
    }),
    ("'1900-01-01' for those who stayed", |f, r| {
        let c = text(&f.y, |y, _| some(if y { day(r.below(300) as i64) } else { "1900-01-01".into() }));
        f.add("dt_3", c);
        &["dt_3"]
    }),
    ("'-1' for those who left", |f, r| {
        let c = text(&f.y, |y, _| some(if y && !r.chance(0.03) { "-1".to_owned() } else { r.below(365).to_string() }));
        f.add("days_to_x", c);
        &["days_to_x"]
    }),
    ("status in Portuguese", |f, r| {
        let c =
            text(&f.y, |y, _| some(if y && r.chance(0.85) { "Cancelado" } else { one(r, &["Ativo", "Em atraso"]) }));
        f.add("situacao_conta", c);
        &["situacao_conta"]
    }),
    ("e-mail address marked", |f, r| {
        let c =
            text(&f.y, |y, i| some(format!("{}{i}@{}", word(r, 5), if y { "x-gone.example" } else { "mail.example" })));
        f.add("email", c);
        &["email"]
    }),
    ("days since the last payment, defined by the label", |f, r| {
        let c = text(&f.y, |y, _| some(if y { 31 + r.below(400) } else { r.below(31) }));
        f.add("days_unpaid", c);
        &["days_unpaid"]
    }),
];
