//! Proof that the section `health:` leaves nothing open: one profile for every account,
//! tiers without gap or overlap, weights that sum to 1, caps in their order.
//!
//! Every refusal names line and column. Whether a measure has data is not known here.

use std::collections::BTreeSet;

use serde_saphyr::{Location, Spanned};

use super::super::journey::Journey;
use super::super::pipeline::within;
use super::super::risk::scaled;
use super::super::voice::ExperienceFactor;
use super::{
    Cap, Combiner, CurvePoint, Dimension, Disagreement, Health, HealthProfile, LATE_SIGNALS,
    MEASURES, Measure, ProfileCondition, Reference, SIGNALS, ScoreTier, SignalRange,
};
use crate::error::{Error, Result, closest};

const ATTRIBUTES: [&str; 6] = ["country", "industry", "owner", "region", "segment", "size"];
/// Of one rule, so that its words can name each value.
const MOST_SIGNALS: usize = 4;

/// Checks the section as it stands in `file`.
pub(crate) fn validate(
    health: &Health,
    journeys: &[Journey],
    factors: &[ExperienceFactor],
    file: &str,
) -> Result<()> {
    let proof = Proof {
        file,
        health,
        journeys,
        factors,
    };
    within("health.override_days", health.override_days, 1, 3660)?;
    if !(0.0..=1.0).contains(&health.important_share) {
        return Err(Error::usage(
            "`health.important_share` must lie within 0 and 1",
        ));
    }
    proof.profiles()?;
    if let Some(reference) = &health.reference {
        proof.reference(reference)?;
    }
    let mut names = BTreeSet::new();
    for rule in &health.disagreements {
        proof.once(&mut names, &rule.value.name, rule, "disagreement")?;
        proof.disagreement(rule)?;
    }
    Ok(())
}

/// Half-open ranges that begin at 0 and grow leave no gap and no overlap.
pub(crate) fn ascending<'a>(
    place: &str,
    tiers: impl Iterator<Item = (&'a str, f64)>,
    most: f64,
) -> Result<()> {
    let mut before: Option<f64> = None;
    let mut names = BTreeSet::new();
    for (name, from) in tiers {
        let fits = match before {
            None => from == 0.0,
            Some(last) => from > last && from < most,
        };
        if !fits || !names.insert(name) {
            return Err(
                Error::usage(format!("{place}: tier `{name}` cannot begin at {from}"))
                    .with_hint("the first tier begins at 0, each further one higher, each once"),
            );
        }
        before = Some(from);
    }
    if before.is_none() {
        return Err(Error::usage(format!("{place} has no tiers")));
    }
    Ok(())
}

struct Proof<'a> {
    file: &'a str,
    health: &'a Health,
    journeys: &'a [Journey],
    factors: &'a [ExperienceFactor],
}

impl<'a> Proof<'a> {
    fn at(&self, place: Location, error: Error) -> Error {
        error.at(self.file, Some(place.line()), Some(place.column()))
    }

    fn refuse<T>(&self, at: &Spanned<T>, what: String) -> Error {
        self.at(at.referenced, Error::usage(what))
    }

    fn once<'n, T>(
        &self,
        names: &mut BTreeSet<&'n str>,
        name: &'n str,
        at: &Spanned<T>,
        kind: &str,
    ) -> Result<()> {
        if !name.is_empty() && names.insert(name) {
            return Ok(());
        }
        Err(self.refuse(at, format!("{kind} `{name}` is empty or there twice")))
    }

    fn number(&self, at: &Spanned<f64>, name: &str, least: f64, most: f64) -> Result<()> {
        if (least..=most).contains(&at.value) {
            return Ok(());
        }
        Err(self.refuse(
            at,
            format!(
                "`{name}` is {}, but must lie within {least} and {most}",
                at.value
            ),
        ))
    }

    /// Exactly one profile applies to whatever account comes: priorities differ, the last
    /// one takes everybody, and none before it takes all that a later one asks for.
    fn profiles(&self) -> Result<()> {
        let mut order: Vec<&Spanned<HealthProfile>> = self.health.profiles.iter().collect();
        order.sort_by_key(|profile| profile.value.priority.value);
        let Some((last, conditional)) = order.split_last() else {
            return Err(Error::usage("`health.profiles` is empty"));
        };
        let mut names = BTreeSet::new();
        for profile in &order {
            self.once(&mut names, &profile.value.name, profile, "health profile")?;
        }
        if let Some(pair) = order
            .windows(2)
            .find(|pair| pair[0].value.priority.value == pair[1].value.priority.value)
        {
            return Err(self.refuse(
                &pair[1].value.priority,
                format!(
                    "health profiles `{}` and `{}` have the same priority",
                    pair[0].value.name, pair[1].value.name
                ),
            ));
        }
        if let Some(condition) = last.value.when.first() {
            let error = self.refuse(
                condition,
                format!(
                    "health profile `{}` has the last priority and a condition, so some accounts \
                     would have no profile",
                    last.value.name
                ),
            );
            return Err(error.with_hint("the profile of the last priority takes everybody"));
        }
        for (position, profile) in order.iter().enumerate() {
            self.profile(&profile.value)?;
            if let Some(before) = order[..position]
                .iter()
                .find(|before| takes_all_of(&before.value, &profile.value))
            {
                return Err(self.refuse(
                    profile,
                    format!(
                        "health profile `{}` never applies: `{}` comes first and takes all its \
                         accounts",
                        profile.value.name, before.value.name
                    ),
                ));
            }
        }
        conditional
            .iter()
            .flat_map(|profile| &profile.value.when)
            .try_for_each(|condition| self.condition(condition))
    }

    fn condition(&self, condition: &Spanned<ProfileCondition>) -> Result<()> {
        let asked = &condition.value;
        let known: Vec<&str> = match (&asked.attribute, &asked.journey) {
            (Some(attribute), None) if ATTRIBUTES.contains(&attribute.as_str()) => Vec::new(),
            (Some(attribute), None) => {
                return Err(self
                    .refuse(condition, format!("`{attribute}` is no attribute"))
                    .with_hint(format!("attributes are {}", ATTRIBUTES.join(", "))));
            }
            (None, Some(name)) => {
                let journey = self
                    .journeys
                    .iter()
                    .find(|journey| journey.journey == *name);
                let Some(journey) = journey else {
                    return Err(self.refuse(condition, format!("`stages` has no journey `{name}`")));
                };
                let order = journey.order.iter().map(String::as_str);
                order.chain([journey.otherwise.as_str()]).collect()
            }
            _ => {
                return Err(self.refuse(
                    condition,
                    "a condition names either an `attribute` or a `journey`".to_owned(),
                ));
            }
        };
        if asked.values.is_empty() {
            return Err(self.refuse(
                condition,
                "a condition without values never holds".to_owned(),
            ));
        }
        let mut seen = BTreeSet::new();
        for value in &asked.values {
            self.once(&mut seen, value, condition, "value")?;
            if !known.is_empty() && !known.contains(&value.as_str()) {
                return Err(self
                    .refuse(condition, format!("the journey has no stage `{value}`"))
                    .with_hint(format!("stages are {}", known.join(", "))));
            }
        }
        Ok(())
    }

    fn profile(&self, profile: &'a HealthProfile) -> Result<()> {
        self.number(&profile.coverage_floor, "coverage_floor", 0.0, 1.0)?;
        self.number(&profile.hysteresis_points, "hysteresis_points", 0.0, 50.0)?;
        match (profile.combiner, &profile.reach) {
            (Combiner::PointsFromNeutral, Some(reach)) => {
                self.number(reach, "reach", 1.0, 1000.0)?;
                self.digits(reach, "reach")?;
            }
            (Combiner::PointsFromNeutral, None) => {
                return Err(self.refuse(
                    &profile.priority,
                    format!(
                        "health profile `{}` counts points from neutral and needs `reach`",
                        profile.name
                    ),
                ));
            }
            (_, Some(reach)) => {
                return Err(self.refuse(
                    reach,
                    "`reach` means something for points_from_neutral only".to_owned(),
                ));
            }
            (_, None) => {}
        }
        self.tiers(&profile.name, &profile.tiers)?;
        self.sums_to_one(
            &profile.dimensions,
            "dimensions",
            profile
                .dimensions
                .value
                .iter()
                .map(|dimension| &dimension.value.weight),
        )?;
        let mut names = BTreeSet::new();
        let mut measures = BTreeSet::new();
        for dimension in &profile.dimensions.value {
            self.once(&mut names, &dimension.value.name, dimension, "dimension")?;
            self.dimension(&dimension.value, &mut measures)?;
        }
        self.caps(&profile.caps)
    }

    fn digits(&self, at: &Spanned<f64>, name: &str) -> Result<()> {
        scaled(name, at.value)
            .map(|_| ())
            .map_err(|error| self.at(at.referenced, error))
    }

    fn tiers(&self, profile: &str, tiers: &Spanned<Vec<Spanned<ScoreTier>>>) -> Result<()> {
        let known = ["red", "amber", "green"];
        let mut before: Vec<(&str, f64)> = Vec::new();
        for tier in &tiers.value {
            let name = tier.value.tier.as_str();
            if !known.contains(&name) {
                return Err(self
                    .refuse(tier, format!("`{name}` is no tier"))
                    .with_hint(format!("tiers are {}", known.join(", "))));
            }
            before.push((name, tier.value.from));
            let place = format!("health profile `{profile}`");
            ascending(&place, before.iter().copied(), 100.0)
                .map_err(|error| self.at(tier.referenced, error))?;
        }
        if before.is_empty() {
            return Err(self.refuse(tiers, format!("health profile `{profile}` has no tiers")));
        }
        Ok(())
    }

    /// Weights are above 0, have four digits after the point, and sum to 1 exactly.
    fn sums_to_one<'w, T>(
        &self,
        at: &Spanned<T>,
        what: &str,
        weights: impl Iterator<Item = &'w Spanned<f64>>,
    ) -> Result<()> {
        let mut total: i128 = 0;
        for weight in weights {
            let units = scaled("weight", weight.value)
                .map_err(|error| self.at(weight.referenced, error))?;
            if units <= 0 {
                return Err(self
                    .refuse(
                        weight,
                        format!("a weight of {} counts nothing", weight.value),
                    )
                    .with_hint("a weight is above 0; leave out what is not to count"));
            }
            total += units;
        }
        if total == 10_000 {
            return Ok(());
        }
        let whole = total / 10_000;
        let rest = total % 10_000;
        Err(self
            .refuse(
                at,
                format!("the weights of these {what} sum to {whole}.{rest:04}, but must sum to 1"),
            )
            .with_hint("the weight of what is absent is spread over the rest by itself"))
    }

    fn dimension(&self, dimension: &'a Dimension, measures: &mut BTreeSet<&'a str>) -> Result<()> {
        if dimension.combiner == Combiner::PointsFromNeutral {
            return Err(self.refuse(
                &dimension.weight,
                format!(
                    "dimension `{}` cannot count points from neutral: only a profile can",
                    dimension.name
                ),
            ));
        }
        self.sums_to_one(
            &dimension.measures,
            "measures",
            dimension
                .measures
                .value
                .iter()
                .map(|measure| &measure.value.weight),
        )?;
        for measure in &dimension.measures.value {
            self.once(measures, &measure.value.name, measure, "measure")?;
            self.measure(measure)?;
        }
        Ok(())
    }

    fn measure(&self, at: &Spanned<Measure>) -> Result<()> {
        let measure = &at.value;
        let factors = self.factors.iter();
        let factors: Vec<String> = factors
            .map(|factor| format!("experience_{}", factor.factor))
            .collect();
        let own = self.health.own_measures.iter().chain(&factors);
        let known: Vec<&str> = MEASURES
            .into_iter()
            .chain(own.map(String::as_str))
            .collect();
        if !known.contains(&measure.name.as_str()) {
            let near = closest(&measure.name, known.iter().copied());
            return Err(self
                .refuse(at, format!("there is no measure `{}`", measure.name))
                .with_hint(near.map_or_else(
                    || format!("measures are {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                )));
        }
        match (&measure.curve, measure.against_segment) {
            (Some(curve), None) => self.curve(curve, &curve.value),
            (None, Some(_)) => self.is_referred(at),
            _ => Err(self.refuse(
                at,
                format!(
                    "measure `{}` needs either a `curve` or `against_segment`",
                    measure.name
                ),
            )),
        }
    }

    /// A measure against its segment needs a reference for every account there can be.
    fn is_referred(&self, at: &Spanned<Measure>) -> Result<()> {
        let name = &at.value.name;
        let groups = self.health.reference.iter().flat_map(|all| &all.groups);
        let mut groups = groups.map(|group| &group.value);
        if groups.any(|group| group.segment == "all" && group.measure == *name) {
            return Ok(());
        }
        Err(self
            .refuse(
                at,
                format!("`health.reference` has no segment `all` for measure `{name}`"),
            )
            .with_hint("`kenko reference` writes the section from what is published"))
    }

    fn curve<T>(&self, at: &Spanned<T>, points: &[CurvePoint]) -> Result<()> {
        if points.len() < 2 {
            return Err(self.refuse(at, "a curve needs at least two points".to_owned()));
        }
        let finite = points.iter().all(|point| point.0.is_finite());
        if !finite || points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(self.refuse(at, "the raw values of a curve must grow".to_owned()));
        }
        if points.iter().any(|point| !(0.0..=100.0).contains(&point.1)) {
            return Err(self.refuse(at, "scores must lie within 0 and 100".to_owned()));
        }
        Ok(())
    }

    fn reference(&self, reference: &Reference) -> Result<()> {
        let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
        for group in &reference.groups {
            let of = &group.value;
            if !seen.insert((&of.measure, &of.segment)) {
                return Err(self.refuse(
                    group,
                    format!(
                        "`{}` of segment `{}` is there twice",
                        of.measure, of.segment
                    ),
                ));
            }
            if of.n == 0 {
                return Err(self.refuse(group, "a reference of no accounts".to_owned()));
            }
            self.curve(group, &of.percentiles)?;
            if of.percentiles.windows(2).any(|pair| pair[0].1 > pair[1].1) {
                return Err(self.refuse(group, "percentiles must not fall".to_owned()));
            }
        }
        Ok(())
    }

    /// Strictest first, so that the first cap that holds is the one that counts.
    fn caps(&self, caps: &'a [Spanned<Cap>]) -> Result<()> {
        let mut names = BTreeSet::new();
        let mut before = 0.0;
        for cap in caps {
            self.once(&mut names, &cap.value.name, cap, "cap")?;
            let at_most = &cap.value.at_most;
            self.number(at_most, "at_most", 0.0, 100.0)?;
            self.digits(at_most, "at_most")?;
            if at_most.value < before {
                return Err(self
                    .refuse(
                        at_most,
                        format!(
                            "cap `{}` is stricter than the one before it",
                            cap.value.name
                        ),
                    )
                    .with_hint("write the strictest first: the first that holds counts"));
            }
            before = at_most.value;
            self.ranges(cap, &cap.value.when, 1, &[])?;
        }
        Ok(())
    }

    fn disagreement(&self, rule: &Spanned<Disagreement>) -> Result<()> {
        self.ranges(rule, &rule.value.when, 2, &LATE_SIGNALS)
    }

    fn ranges<T>(
        &self,
        at: &Spanned<T>,
        ranges: &[Spanned<SignalRange>],
        least: usize,
        late: &[&str],
    ) -> Result<()> {
        if !(least..=MOST_SIGNALS).contains(&ranges.len()) {
            return Err(self.refuse(
                at,
                format!(
                    "`when` names {} signals, but needs {least} to {MOST_SIGNALS}",
                    ranges.len()
                ),
            ));
        }
        let own = self.health.own_signals.iter().map(String::as_str);
        let known: Vec<&str> = SIGNALS
            .into_iter()
            .chain(own)
            .chain(late.iter().copied())
            .collect();
        for range in ranges {
            let asked = &range.value;
            if !known.contains(&asked.signal.as_str()) {
                return Err(self
                    .refuse(range, format!("there is no signal `{}` here", asked.signal))
                    .with_hint(format!("signals are {}", known.join(", "))));
            }
            let is_range = match (asked.from, asked.to) {
                (Some(from), Some(to)) => from < to,
                (Some(end), None) | (None, Some(end)) => end.is_finite(),
                (None, None) => false,
            };
            if !is_range {
                return Err(self.refuse(
                    range,
                    format!("the range of `{}` is empty or has no end", asked.signal),
                ));
            }
        }
        Ok(())
    }
}

/// Whether every account that `later` asks for also fits `before`.
fn takes_all_of(before: &HealthProfile, later: &HealthProfile) -> bool {
    before.when.iter().all(|wide| {
        later.when.iter().any(|narrow| {
            wide.value.subject() == narrow.value.subject()
                && (narrow.value.values.iter()).all(|value| wide.value.values.contains(value))
        })
    })
}

#[cfg(test)]
mod tests;
