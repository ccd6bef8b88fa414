// The package for ES modules: the same objects as for CommonJS.
import churn from './index.js'

export const { Engine, buildFeatures, buildTrainingSet, checkPointInTime, churnMovements, mapColumns, read, validate, version } = churn
export const {
  alertConfig,
  alertPayload,
  alertReplay,
  alertSettle,
  alertStep,
  campaignProfit,
  churnDefinition,
  earlyWarningFit,
  earlyWarningWatch,
  eventFeatures,
  healthBacktest,
  healthChange,
  healthConfig,
  healthScore,
  healthTrend,
  leadConfig,
  leadScore,
  lifetimeFit,
  percentChange,
  routeLeads,
  selectContacts,
  upliftReadout,
  valueAtRisk,
} = churn
export default churn
