// The package for ES modules: the same objects as for CommonJS.
import churn from './index.js'

export const { Engine, buildFeatures, buildTrainingSet, checkPointInTime, mapColumns, read, validate, version } = churn
export default churn
