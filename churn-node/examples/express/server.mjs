// A churn service with Express: `node server.mjs`, with `npm install express churn-node` beside it. Then for example
//
//     curl --data-binary @customers.csv -H 'content-type: text/csv' http://127.0.0.1:3000/mapping
//     curl --data-binary @customers.csv -H 'content-type: text/csv' http://127.0.0.1:3000/scores
//     curl -H 'content-type: application/json' -d '{"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9,
//         "contract": "Month-to-month"}' http://127.0.0.1:3000/customers/score
import express from 'express'
import { fileURLToPath } from 'node:url'
import { Engine, mapColumns } from 'churn-node'

// How many predictions one answer holds at most: a page on a screen, not a data warehouse.
const PAGE = 1000

/** The service; `engine` scores. */
export function service(engine) {
  const app = express()
  app.use(oneATurn())

  app.get('/health', (request, response) => response.json({ status: 'ok', model: engine.modelVersion }))

  // The request is a stream: a file goes to the engine as it arrives. Who goes away stops the work.
  app.post('/mapping', async (request, response) => {
    response.json(await mapColumns(request, { signal: gone(response) }))
  })

  app.post('/scores', async (request, response) => {
    const { predictions, summary, quality } = await engine.score(request, { signal: gone(response) })
    const offset = Math.max(Number(request.query.offset) || 0, 0)
    const limit = Math.min(Number(request.query.limit) || 100, PAGE)
    response.json({ summary, quality, predictions: predictions.slice(offset, offset + limit) })
  })

  // On a thread of the pool, so that many customers at once do not hold up the event loop together.
  app.post('/customers/score', express.json(), async (request, response) => {
    response.json(await engine.scoreOne(request.body))
  })

  // What is wrong with the data is the caller's to mend; a bug of ours is not.
  app.use((error, request, response, next) => {
    if (response.headersSent || response.destroyed) return next(error)
    const { code, message, hint, context } = error
    const status = error.status ?? (typeof error.number === 'number' && code !== 'internal' ? 422 : 500)
    response.status(status).json({ error: { code, message, hint, context } })
  })
  return app
}

/** Begins one request a turn of the event loop: of a crowd that comes at once, nobody waits for all the others. */
function oneATurn() {
  const waiting = []
  const begin = () => {
    waiting.shift()()
    if (waiting.length > 0) setImmediate(begin)
  }
  return (request, response, next) => {
    if (waiting.push(next) === 1) setImmediate(begin)
  }
}

/** A signal that stops when the client has gone away before the answer. */
function gone(response) {
  const controller = new AbortController()
  response.once('close', () => response.writableFinished || controller.abort())
  return controller.signal
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const engine = process.env.CHURN_MODEL ? Engine.load(process.env.CHURN_MODEL) : Engine.pretrained('telecom')
  const server = service(engine).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}`)
  })
}
