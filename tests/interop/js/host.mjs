// A js-libp2p host with what browsers use, and HTTP/1.1 by hand on its streams.
import './polyfill.mjs'
const { createLibp2p } = await import('libp2p')
const { noise } = await import('@chainsafe/libp2p-noise')
const { yamux } = await import('@chainsafe/libp2p-yamux')
const { webSockets } = await import('@libp2p/websockets')
const { tcp } = await import('@libp2p/tcp')
const { identify } = await import('@libp2p/identify')
const { ping } = await import('@libp2p/ping')

export const protocol = '/http/1.1'

// earlyMuxer: false leaves the muxer to multistream-select, as older peers do.
export function makeHost({ listen = [], earlyMuxer = true, privateKey } = {}) {
  const silent = components => {
    const made = noise()(Object.create(components, { upgrader: { value: { getStreamMuxers: () => new Map() } } }))
    made.getStreamMuxer = () => undefined
    return made
  }
  return createLibp2p({
    ...(privateKey ? { privateKey } : {}),
    addresses: { listen },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [earlyMuxer ? noise() : silent],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping() }
  })
}

export function pattern(size) {
  const out = new Uint8Array(size)
  for (let i = 0; i < size; i++) out[i] = (i * 7 + Math.floor(i / 251)) & 255
  return out
}

export async function send(stream, bytes) {
  for (let at = 0; at < bytes.length; at += 65536) {
    if (!stream.send(bytes.subarray(at, at + 65536))) await stream.onDrain?.({ signal: AbortSignal.timeout(20000) })
  }
}

export async function readAll(stream) {
  const parts = []
  for await (const part of stream) parts.push(Buffer.from(part.subarray()))
  return Buffer.concat(parts)
}

// Splits an HTTP/1.1 message; undoes chunking.
export function parse(message) {
  const end = message.indexOf('\r\n\r\n')
  if (end < 0) throw new Error('no complete head')
  const [start, ...lines] = message.subarray(0, end).toString().split('\r\n')
  const fields = Object.fromEntries(
    lines.map(l => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()])
  )
  let body = message.subarray(end + 4)
  if (fields['transfer-encoding'] === 'chunked') {
    const parts = []
    for (;;) {
      const line = body.indexOf('\r\n')
      const size = parseInt(body.subarray(0, line).toString(), 16)
      if (!(size > 0)) break
      parts.push(body.subarray(line + 2, line + 2 + size))
      body = body.subarray(line + 4 + size)
    }
    body = Buffer.concat(parts)
  } else if (fields['content-length'] != null) {
    if (body.length !== Number(fields['content-length'])) throw new Error('body of another length than announced')
  }
  return { start, fields, body }
}

export async function request(connection, method, target, body = new Uint8Array()) {
  const stream = await connection.newStream(protocol)
  const fields = `Host: peer\r\nConnection: close\r\nContent-Length: ${body.length}`
  const head = `${method} ${target} HTTP/1.1\r\n${fields}\r\n\r\n`
  const answer = readAll(stream)
  await send(stream, new TextEncoder().encode(head))
  await send(stream, body)
  await stream.close()
  return parse(await answer)
}
