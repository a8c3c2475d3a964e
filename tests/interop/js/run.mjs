// node run.mjs LIBP2P_PEER: both directions, TCP and WebSocket.
import { spawn } from 'node:child_process'
import { check } from './dial.mjs'
import { listen } from './listen.mjs'

const binary = process.argv[2]
let failures = 0

const peer = spawn(binary, ['listen'], { stdio: ['pipe', 'pipe', 'inherit'] })
let said = ''
await new Promise(resolve =>
  peer.stdout.on('data', d => {
    said += d
    if (said.includes('ready\n')) resolve()
  })
)
const [tcp, ws] = said.split('\n')
for (const [name, address, options] of [
  ['tcp', tcp],
  ['ws', ws],
  ['tcp, muxer by multistream', tcp, { earlyMuxer: false }]
]) {
  console.log(`# js-libp2p dials us over ${name}`)
  failures += await check(address, options)
}
for (let i = 0; i < 50 && (said.match(/endless answer was cut/g) ?? []).length < 3; i++)
  await new Promise(resolve => setTimeout(resolve, 100))
const cut = (said.match(/endless answer was cut/g) ?? []).length === 3
console.log(cut ? 'ok' : 'FAILED', 'an aborted stream ends its handler')
if (!cut) failures++
peer.stdin.end()
await new Promise(resolve => peer.on('exit', resolve))

const host = await listen()
for (const address of host.getMultiaddrs().map(String)) {
  const name = address.includes('/ws') ? 'ws' : 'tcp'
  console.log(`# we dial js-libp2p over ${name}`)
  const port = address.split('/')[4]
  const child = spawn(binary, ['dial', `${name}://127.0.0.1:${port}/`, host.peerId.toString()], {
    stdio: ['ignore', 'inherit', 'inherit']
  })
  const code = await new Promise(resolve => child.on('exit', resolve))
  console.log(code === 0 ? 'ok' : 'FAILED', 'exit code')
  if (code !== 0) failures++
}
await host.stop()
console.log(failures === 0 ? 'all held' : `${failures} failed`)
process.exit(failures === 0 ? 0 : 1)
