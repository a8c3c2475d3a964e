// Writes tests/testdata/libp2p/noise_xx.json: a whole Noise XX handshake of the JavaScript implementation with fixed
// keys. Run by hand from an installed copy of this folder: node make_noise_vectors.mjs OUTPUT
import './polyfill.mjs'
import { noise } from '@chainsafe/libp2p-noise'
import { pureJsCrypto } from '@chainsafe/libp2p-noise/crypto'
import { generateKeyPairFromSeed, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { defaultLogger } from '@libp2p/logger'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { writeFileSync } from 'node:fs'
process.on('unhandledRejection', () => {})
const hex = b => Buffer.from(b.subarray ? b.subarray() : b).toString('hex')
const seed = n => Uint8Array.from({ length: 32 }, (_, i) => (n * 31 + i * 7 + 1) & 255)
// forged: claims the identity of seed n, but signs with another key
async function side(n, muxers, forged) {
  let privateKey = await generateKeyPairFromSeed('Ed25519', seed(n))
  const other = await generateKeyPairFromSeed('Ed25519', seed(n + 5))
  if (forged) privateKey = Object.create(privateKey, { sign: { value: (data) => other.sign(data) } })
  const crypto = {
    ...pureJsCrypto,
    generateX25519KeyPair: () => pureJsCrypto.generateX25519KeyPairFromSeed(seed(n + 2))
  }
  const components = {
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey),
    logger: defaultLogger(),
    upgrader: { getStreamMuxers: () => new Map(muxers.map(m => [m, {}])) }
  }
  return {
    privateKey,
    keys: {
      identity_seed: hex(seed(n)),
      static_secret: hex(seed(n + 1)),
      ephemeral_secret: hex(seed(n + 2)),
      peer_id: components.peerId.toString()
    },
    noise: noise({ staticNoiseKey: seed(n + 1), crypto })(components)
  }
}
async function vector(name, muxers, forger) {
  const a = await side(1, muxers, forger === 'dialer')
  const b = await side(11, muxers, forger === 'listener')
  const [outbound, inbound] = multiaddrConnectionPair()
  const messages = []
  for (const [who, connection] of [
    ['dialer', outbound],
    ['listener', inbound]
  ]) {
    const send = connection.send.bind(connection)
    connection.send = data => {
      messages.push({ from: who, bytes: hex(data) })
      return send(data)
    }
  }
  const sides = Promise.all([a.noise.secureOutbound(outbound, {}), b.noise.secureInbound(inbound, {})])
  if (forger != null) {
    sides.catch(() => {})
    await new Promise(resolve => setTimeout(resolve, 300))
    return { name, forger, dialer: a.keys, listener: b.keys, messages }
  }
  const [x, y] = await sides
  const got = []
  y.connection.addEventListener('message', e => got.push(hex(e.data)))
  x.connection.addEventListener('message', e => got.push(hex(e.data)))
  x.connection.send(new TextEncoder().encode('from the dialer'))
  x.connection.send(new TextEncoder().encode('again'))
  await new Promise(r => setTimeout(r, 50))
  y.connection.send(new TextEncoder().encode('from the listener'))
  await new Promise(r => setTimeout(r, 50))
  return { name, early_yamux: muxers.length > 0, dialer: a.keys, listener: b.keys, messages, plain: got }
}
const out = {
  source: '@chainsafe/libp2p-noise 17.0.0',
  vectors: [
    await vector('early muxer', ['/yamux/1.0.0']),
    await vector('forged listener', ['/yamux/1.0.0'], 'listener'),
    await vector('forged dialer', ['/yamux/1.0.0'], 'dialer')
  ]
}
writeFileSync(process.argv[2], JSON.stringify(out, null, 1) + '\n')
process.exit(0)
