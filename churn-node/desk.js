'use strict'
// Health, leads, alerts and decisions: one function for each of the core's calls. Arguments that a call always needs come
// first, the others in one object, with `signal` among them; what is not given is the core's to decide.

/** Arguments with the options as one of them, and the signal beside it. */
function apart(args, options) {
  const { signal, ...rest } = options ?? {}
  return { ...args, signal, options: rest }
}

module.exports = (call) => ({
  alertConfig: () => call('alert_config', {}),
  alertPayload: (notification, channel, options) => call('alert_payload', { ...options, notification, channel }),
  alertReplay: (history, options) => call('alert_replay', { ...options, history }),
  alertSettle: (state, alertId, outcome) => call('alert_settle', { state, alertId, outcome }),
  alertStep: (state, observations, options) => call('alert_step', { ...options, state, observations }),
  campaignProfit: (churned, scores, options) => call('campaign_profit', { ...options, churned, scores }),
  churnDefinition: (definition) => call('churn_definition', { definition }),
  earlyWarningFit: (histories, options) => call('early_warning_fit', apart({ histories }, options)),
  earlyWarningWatch: (detector, history) => call('early_warning_watch', { detector, history }),
  eventFeatures: () => call('event_features', {}),
  healthBacktest: (table, options) => call('health_backtest', { ...options, table }),
  healthChange: (before, after) => call('health_change', { before, after }),
  healthConfig: (name) => call('health_config', { name }),
  healthScore: (table, options) => call('health_score', { ...options, table }),
  healthTrend: (history) => call('health_trend', { history }),
  leadConfig: (name) => call('lead_config', { name }),
  leadScore: (table, options) => call('lead_score', { ...options, table }),
  lifetimeFit: (tenureMonths, churned) => call('lifetime_fit', { tenureMonths, churned }),
  percentChange: (before, after) => call('percent_change', { before, after }),
  routeLeads: (leads, reps, options) => call('route_leads', { ...options, leads, reps }),
  selectContacts: (candidates, options) => call('select_contacts', apart({ candidates }, options)),
  upliftReadout: (treated, control, options) => call('uplift_readout', { ...options, treated, control }),
  valueAtRisk: (model, customers, options) => call('value_at_risk', { ...options, model, customers }),
})
