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
    const identified = new Promise(resolve =>
      host.addEventListener('peer:identify', e => resolve(e.detail), { once: true })
    )
    const connection = await host.dial(multiaddr(address), { signal: AbortSignal.timeout(10000) })
    const detail = await Promise.race([
      identified,
      new Promise((resolve, reject) => setTimeout(reject, 5000, new Error('no identify')))
    ])
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
