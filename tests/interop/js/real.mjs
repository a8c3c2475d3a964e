// node real.mjs BIN_DIR: js-libp2p against the real relay and a real node; then a node in JavaScript that serves
// sealed chats through the real relay.
import { check } from './dial.mjs'
import { makeHost, parse, protocol, readAll, request, send } from './host.mjs'
import { Findings, mockAnswer, Programs } from './programs.mjs'
import { multiaddr } from '@multiformats/multiaddr'
import { fileURLToPath } from 'node:url'

const programs = new Programs(process.argv[2])
const findings = new Findings()
const expect = (what, held, detail) => findings.expect(what, held, detail)
const errorOf = answer => JSON.parse(answer.body.toString()).error?.code

async function checkRelay(address, options) {
  findings.failures += await check(address, { ...options, http: false })
  const host = await makeHost(options)
  try {
    const connection = await host.dial(multiaddr(address))
    const unknown = await request(connection, 'GET', '/nothing')
    expect(
      'a request for nothing gets 404',
      unknown.start.startsWith('HTTP/1.1 404') && errorOf(unknown) === 'not_found'
    )
    const other = await request(
      connection,
      'PUT',
      '/api/v2/nodes/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq',
      Buffer.from('{}')
    )
    expect("another's record gets 403", other.start.startsWith('HTTP/1.1 403'))
    const own = await request(
      connection,
      'PUT',
      `/api/v2/nodes/${host.peerId}`,
      Buffer.from('{"record":"AA==","signature":"AA=="}')
    )
    expect('a bad record of its own gets 422', own.start.startsWith('HTTP/1.1 422') && errorOf(own) === 'bad_signature')
    const many = await Promise.all(Array.from({ length: 4 }, () => request(connection, 'GET', '/nothing')))
    expect(
      'four requests at a time',
      many.every(answer => answer.start.startsWith('HTTP/1.1 404'))
    )
    const slow = await connection.newStream(protocol)
    const answer = readAll(slow)
    for (const byte of Buffer.from('GET /nothing HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n'))
      await send(slow, Uint8Array.of(byte))
    await slow.close()
    expect('a request in single bytes', parse(await answer).start.startsWith('HTTP/1.1 404'))
  } finally {
    await host.stop()
  }
}

async function checkNode() {
  const id = await programs.node()
  const { code, out, err } = await programs.chat(id, 'hello')
  expect('the node of ours answers through the same relay', code === 0 && out.includes(mockAnswer), err)
  return id
}

// The node's local API, over libp2p at the node's own port.
async function checkNodeDoor(id) {
  const address = `/ip4/127.0.0.1/tcp/${programs.nodePort}/ws/p2p/${id}`
  findings.failures += await check(address, { http: false })
  const host = await makeHost()
  try {
    const connection = await host.dial(multiaddr(address))
    const models = await request(connection, 'GET', '/v1/models')
    expect('it lists its models', models.start === 'HTTP/1.1 200 OK' && models.body.includes('mock-model'))
    const ask = stream => ({ model: 'mock-model', stream, messages: [{ role: 'user', content: 'hello' }] })
    const chat = body => request(connection, 'POST', '/v1/chat/completions', Buffer.from(JSON.stringify(body)))
    const whole = await chat(ask(false))
    const said = JSON.parse(whole.body.toString()).choices?.[0]?.message?.content
    expect('a chat', whole.start === 'HTTP/1.1 200 OK' && said === mockAnswer)
    const streamed = await chat(ask(true))
    expect('a streamed chat', streamed.body.toString().endsWith('data: [DONE]\n\n'))
    const many = await Promise.all(Array.from({ length: 50 }, () => request(connection, 'GET', '/v1/models')))
    expect(
      '50 requests at a time',
      many.every(answer => answer.start === 'HTTP/1.1 200 OK')
    )
  } finally {
    await host.stop()
  }
}

async function checkThirdParty(address) {
  const script = fileURLToPath(new URL('third-party-node.mjs', import.meta.url))
  const { child, match } = await programs.start(
    'the JavaScript node',
    process.execPath,
    [script, address],
    /registered (\w+)\n/
  )
  const id = match[1]
  expect('the relay lists the JavaScript node', (await programs.nodes()).includes(id))
  const wanted = 'A node in JavaScript counted 5 words: how many words are these'
  const streamed = await programs.chat(id, 'how many words are these')
  expect('its streamed answer arrives', streamed.code === 0 && streamed.out.includes(wanted), streamed.err)
  expect('word by word', streamed.flushes > 3, `${streamed.flushes} flushes`)
  const whole = await programs.chat(id, 'how many words are these', ['--no-stream'])
  expect('its whole answer arrives', whole.code === 0 && whole.out.includes(wanted), whole.err)
  const long = 'word '.repeat(20000).trim() // an envelope in several chunks
  const echoed = await programs.chat(id, long, ['--no-stream'])
  expect('100 KB both ways', echoed.code === 0 && echoed.out.includes(`counted 20000 words: ${long}`), echoed.err)
  const left = new Promise(resolve => child.on('exit', resolve))
  child.kill('SIGTERM')
  expect('it leaves', (await left) === 0)
  expect('and is listed no more', !(await programs.nodes()).includes(id))
}

try {
  await programs.relay()
  const tcp = `/ip4/127.0.0.1/tcp/${programs.port}`
  for (const [name, address, options] of [
    ['WebSocket', `${tcp}/ws`],
    ['TCP', tcp],
    ['TCP, muxer by multistream', tcp, { earlyMuxer: false }]
  ]) {
    console.log(`# js-libp2p dials the relay over ${name}`)
    await checkRelay(address, options)
  }
  console.log('# a node of ours')
  const id = await checkNode()
  console.log('# js-libp2p dials that node')
  await checkNodeDoor(id)
  for (const [name, address] of [
    ['WebSocket', `${tcp}/ws`],
    ['TCP', tcp]
  ]) {
    console.log(`# a node in JavaScript over ${name}`)
    await checkThirdParty(address)
  }
} catch (e) {
  expect('nothing unexpected', false, e.stack)
} finally {
  await programs.stop()
}
findings.exit()
