// node dial.mjs MULTIADDR: dials any libp2p host of ours (the peer of these tests, a relay, a node) and checks it.
import { makeHost, pattern, protocol, request } from './host.mjs'
import { multiaddr } from '@multiformats/multiaddr'

export async function check(address, { http = true, earlyMuxer = true } = {}) {
  let failures = 0
  const expect = (what, held) => {
    console.log(held ? 'ok' : 'FAILED', what)
    if (!held) failures++
  }
  const host = await makeHost({ earlyMuxer })
  try {
    const connection = await host.dial(multiaddr(address), { signal: AbortSignal.timeout(10000) })
    const detail = await identify(host, connection)
    expect('identify', detail.protocols.includes('/ipfs/ping/1.0.0') && detail.agentVersion.length > 0)
    let pinged = 0
    for (let i = 0; i < 20; i++) if ((await host.services.ping.ping(connection.remotePeer)) >= 0) pinged++
    expect('20 pings in a row', pinged === 20)
    let refused = false
    await connection.newStream('/nothing/1.0.0').catch(() => {
      refused = true
    })
    expect('an unknown protocol is refused', refused)
    if (http) await checkHttp(connection, expect)
    await connection.close()
  } finally {
    await host.stop()
  }
  return failures
}

// js-libp2p also asks by itself when a connection opens, and gives that up silently; so ask by hand. On a busy
// machine it can lose an answer whose end arrives with it: a second try is allowed, and told.
async function identify(host, connection) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await host.services.identify.identify(connection, { signal: AbortSignal.timeout(5000) })
    } catch (error) {
      console.log(`note: identify attempt ${attempt}: ${error.name}: ${error.message}`)
      if (attempt === 3) throw error
    }
  }
}

async function checkHttp(connection, expect) {
  const hello = await request(connection, 'GET', '/hello')
  expect('a request', hello.start === 'HTTP/1.1 200 OK' && hello.body.toString() === 'hello from C++')
  const body = pattern(5000000)
  const echoed = await request(connection, 'POST', '/echo', body)
  expect('5 MB both ways', Buffer.compare(echoed.body, body) === 0)
  const large = await request(connection, 'GET', '/large')
  expect('5 MB down', Buffer.compare(large.body, body) === 0)
  const many = await Promise.all(Array.from({ length: 50 }, () => request(connection, 'GET', '/hello')))
  expect(
    '50 parallel streams',
    many.every(m => m.body.toString() === 'hello from C++')
  )
  const stream = await connection.newStream(protocol)
  await new Promise(resolve => {
    stream.addEventListener('message', resolve, { once: true })
    stream.send(new TextEncoder().encode('GET /endless HTTP/1.1\r\nHost: peer\r\n\r\n'))
  })
  stream.abort(new Error('no longer wanted'))
  const after = await request(connection, 'GET', '/hello')
  expect('a request after an abort', after.body.toString() === 'hello from C++')
}

if (process.argv[1].endsWith('dial.mjs')) process.exit((await check(process.argv[2])) === 0 ? 0 : 1)
