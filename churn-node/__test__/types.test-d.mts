// The same types through `import`, with the default export.
import churn, { Engine } from '../index.mjs'

const engine: Engine = churn.Engine.pretrained('saas')
const versions: string[] = [churn.version, engine.modelVersion]
void versions
