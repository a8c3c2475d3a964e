// node stock-ohttp.mjs BIN_DIR STOCK_CLIENT: sealed requests in the whole form made by a stock OHTTP library (../rust)
// go through the real relay to a real node with the mock engine; the library opens the answers.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Findings, mockAnswer, Programs } from './programs.mjs'

const programs = new Programs(process.argv[2])
const findings = new Findings()
const expect = (what, held, detail) => findings.expect(what, held, detail)
const hex = value => Buffer.from(value).toString('hex')

async function ask(node, request, date) {
  const url = `${programs.url}/api/v2/nodes/${node}`
  const keys = await fetch(`${url}/ohttp-keys`)
  expect('the keys have their media type', keys.headers.get('content-type') === 'application/ohttp-keys')
  const library = spawn(process.argv[3], [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said = createInterface({ input: library.stdout })[Symbol.asyncIterator]()
  const next = async () => (await said.next()).value ?? ''
  library.stdin.write(`${hex(await keys.arrayBuffer())}\n${hex(JSON.stringify(request))}\n${hex(date)}\n`)
  const sealed = Buffer.from(await next(), 'hex')
  const post = () =>
    fetch(`${url}/ohttp`, { method: 'POST', headers: { 'content-type': 'message/ohttp-req' }, body: sealed })
  const answer = await post()
  expect('the relay answers 200', answer.status === 200, answer.status)
  expect('in the whole form', answer.headers.get('content-type') === 'message/ohttp-res')
  library.stdin.end(`${hex(await answer.arrayBuffer())}\n`)
  const status = Number(await next())
  const body = Buffer.from(await next(), 'hex').toString()
  return { status, body, post }
}

try {
  await programs.relay()
  const node = await programs.node()
  const messages = [{ role: 'user', content: 'hello' }]
  const now = new Date().toUTCString()

  console.log('# an answer at once')
  const whole = await ask(node, { model: 'mock-model', messages }, now)
  expect(
    'the library opens it',
    whole.status === 200 && JSON.parse(whole.body).choices[0].message.content === mockAnswer
  )
  const again = await whole.post()
  expect(
    'the same envelope again is refused',
    again.status === 409 && (await again.json()).error.code === 'request_replayed',
    again.status
  )

  console.log('# a stream, collected by the node')
  const stream = await ask(node, { model: 'mock-model', messages, stream: true }, now)
  const events = stream.body
    .split('\n\n')
    .filter(e => e.startsWith('data: {'))
    .map(e => JSON.parse(e.slice(6)))
  const text = events.map(e => e.choices[0]?.delta.content ?? '').join('')
  expect(
    'the library opens it',
    stream.status === 200 && text === mockAnswer && stream.body.endsWith('data: [DONE]\n\n')
  )

  console.log('# sealed refusals')
  const unknown = await ask(node, { model: 'no-such-model', messages }, now)
  expect(
    'an unknown model',
    unknown.status === 404 && JSON.parse(unknown.body).error.code === 'model_not_found',
    unknown.status
  )
  const late = await ask(node, { model: 'mock-model', messages }, new Date(Date.now() - 400000).toUTCString())
  expect('an old date', late.status === 400 && JSON.parse(late.body).error.code === 'date_out_of_window', late.status)
} catch (e) {
  expect('nothing unexpected', false, e.stack)
} finally {
  await programs.stop()
}
findings.exit()
