export * from './index.js'
import * as churn from './index.js'
export default churn
