// node third-party-node.mjs MULTIADDR: a whole node of token.place in one file, written from docs/PROTOCOL.md alone: it
// dials a relay, registers a signed record and answers sealed chats by counting the words it was asked. Section numbers
// are those of that page. What it leaves out: models, a queue, new keys, coming back after a lost connection.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { join, number, Reader, readMessage, text, varint } from './message.mjs'
import { makeHost } from './host.mjs'

// Section 3: one X25519 key with one suite, AES-256-GCM.
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const pair = await suite.kem.generateKeyPair()
const header = join([1], number(2, 0x0020), number(2, 1), number(2, 2)) // key_id, kem, kdf, aead: as in each envelope
const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))
const config = join(header.subarray(0, 3), publicKey, number(2, 4), header.subarray(3))

// Sections 4 and 6: from the body of POST /ohttp to the OpenAI request inside, and what the answer will be sealed with.
const spent = new Set()
async function open(type, body) {
  const form = type === 'message/ohttp-chunked-req' ? ' chunked' : ''
  const r = new Reader(body)
  if (Buffer.compare(r.take(7), header) !== 0) throw new Error('unknown key or suite')
  const enc = r.take(32)
  const info = join(`message/bhttp${form} request`, [0], header)
  const context = await suite.createRecipientContext({ recipientKey: pair.privateKey, enc, info })
  const parts = []
  for (let n = 1; form !== '' && (n = r.varint()) !== 0;) parts.push(Buffer.from(await context.open(r.take(n))))
  parts.push(Buffer.from(await context.open(r.take(r.left()), Buffer.from(form === '' ? '' : 'final'))))
  if (spent.size === spent.add(enc.toString('hex')).size) throw new Error('replayed')
  const secret = Buffer.from(await context.export(Buffer.from(`message/bhttp${form} response`), 32))
  return { form, enc, secret, message: join(...parts) }
}
// The known-length form of Binary HTTP.
function readRequest(message) {
  const r = new Reader(message)
  if (r.varint() !== 0) throw new Error('not a known-length request')
  const request = { method: r.text(), scheme: r.text(), authority: r.text(), path: r.text(), fields: {} }
  const section = new Reader(r.take(r.varint()))
  while (section.left() > 0) request.fields[section.text()] = section.text()
  request.content = r.take(r.varint())
  return request
}

// Section 5: seals pieces of an answer in the form of its request; the whole form has one piece only.
function sealer({ form, enc, secret }) {
  const hmac = (key, data) => createHmac('sha256', key).update(data).digest()
  const rnonce = randomBytes(32)
  const prk = hmac(join(enc, rnonce), secret)
  const key = hmac(prk, 'key\x01')
  const base = hmac(prk, 'nonce\x01').subarray(0, 12)
  let count = 0
  return (piece, last) => {
    const nonce = Buffer.from(base)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ count) >>> 0, 8)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    if (last && form !== '') cipher.setAAD(Buffer.from('final'))
    const sealed = join(cipher.update(piece), cipher.final(), cipher.getAuthTag())
    const framed = form === '' ? sealed : join(varint(last ? 0 : sealed.length), sealed)
    return count++ === 0 ? join(rnonce, framed) : framed
  }
}

// Section 6: the answer, an OpenAI one, as Binary HTTP; streamed word by word if the client wants it so.
const line = (name, value) => join(varint(name.length), name, varint(value.length), value)
const lines = type => join(line('date', new Date().toUTCString()), line('content-type', type))
const error = (message, code) => ({ error: { message, type: 'invalid_request_error', code, param: null } })
async function answer(opened, self, write) {
  const { message, form } = opened
  const seal = sealer(opened)
  const whole = (status, value) => {
    const head = lines('application/json')
    const content = Buffer.from(JSON.stringify(value))
    let left = join(varint(1), varint(status), varint(head.length), head, varint(content.length), content)
    for (; form !== '' && left.length > 16384; left = left.subarray(16384)) write(seal(left.subarray(0, 16384), false))
    write(seal(left, true))
  }
  const refuse = (status, code) => whole(status, error('The request was refused; the code says why.', code))
  let request
  try {
    request = readRequest(message)
  } catch {
    return refuse(400, 'bhttp_invalid')
  }
  if ((request.fields['sealed-to'] ?? self) !== self) return refuse(421, 'misdirected_request')
  if (!(Math.abs(Date.now() - Date.parse(request.fields.date)) <= 300000)) return refuse(400, 'date_out_of_window')
  if (request.method !== 'POST' || request.path !== '/v1/chat/completions') return refuse(404, 'not_found')
  const ask = JSON.parse(text(request.content))
  const said = ask.messages.at(-1).content
  const words = `A node in JavaScript counted ${said.split(/\s+/).length} words: ${said}`.split(/(?<= )/)
  const common = { id: 'chatcmpl-js', created: Math.floor(Date.now() / 1000), model: ask.model }
  if (!ask.stream || form === '') {
    const message = { role: 'assistant', content: words.join('') }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    return whole(200, { ...common, object: 'chat.completion', choices })
  }
  write(seal(join(varint(3), varint(200), lines('text/event-stream'), varint(0)), false))
  const event = async (delta, finish_reason) => {
    const choices = [{ index: 0, delta, finish_reason }]
    const data = `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices })}\n\n`
    write(seal(join(varint(Buffer.byteLength(data)), data), false))
    await new Promise(resolve => setTimeout(resolve, 30)) // as if it had to think
  }
  for (const content of words) await event({ content }, null)
  await event({}, 'stop')
  const done = 'data: [DONE]\n\n'
  write(seal(join(varint(done.length), done, varint(0), varint(0)), true)) // ends the content, then no trailers
}

// Section 8: HTTP/1.1 on streams, a request each.
async function serve(stream, self) {
  const send = data => stream.send(join(data))
  const chunk = data => send(join(data.length.toString(16), '\r\n', data, '\r\n'))
  const whole = (status, value) => {
    const body = JSON.stringify(value)
    send(`HTTP/1.1 ${status} -\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    return stream.close()
  }
  const { start, fields, body } = await readMessage(stream)
  if (start.startsWith('GET /healthz ')) return await whole(200, { status: 'ok' })
  if (!start.startsWith('POST /ohttp ')) return await whole(404, error('Not here.', 'not_found'))
  const opened = await open(fields['content-type'], body).catch(() => null)
  if (opened === null) return await whole(400, error('The envelope could not be opened.', 'envelope_invalid'))
  const type = fields['content-type'].replace('-req', '-res')
  send(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`)
  await answer(opened, self, chunk)
  send('0\r\n\r\n')
  await stream.close()
}

// Sections 1, 2 and 8: an identity, a session, a signed record.
const privateKey = await generateKeyPair('Ed25519')
const host = await makeHost({ privateKey })
const self = host.peerId.toString()
await host.handle('/http/1.1', stream => serve(stream, self).catch(e => stream.abort(e)), { maxInboundStreams: 256 })
const connection = await host.dial(multiaddr(process.argv[2]))

async function call(method, target, value) {
  const stream = await connection.newStream('/http/1.1')
  const answer = readMessage(stream)
  const body = JSON.stringify(value)
  const fields = `Host: relay\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  stream.send(join(`${method} ${target} HTTP/1.1\r\n${fields}\r\n\r\n${body}`))
  await stream.close()
  return await answer
}
async function register() {
  const now = Date.now()
  const issued = Math.floor(now / 1000)
  const models = [{ id: 'word-counter', context_length: 4096, capabilities: ['chat'] }]
  const ohttp_keys = join(number(2, config.length), config).toString('base64')
  const dates = { seq: now, issued, expires: issued + 7200 }
  const about = { name: 'a node in JavaScript', ohttp_keys, models, max_concurrency: 8 }
  const bytes = join(JSON.stringify({ v: 1, peer_id: self, ...dates, ...about }))
  const record = bytes.toString('base64')
  const signed = await privateKey.sign(join('token.place/node-record/1\n', bytes))
  const signature = Buffer.from(signed).toString('base64')
  const { start, body } = await call('PUT', `/api/v2/nodes/${self}`, { record, signature })
  if (!start.startsWith('HTTP/1.1 200')) throw new Error(`the relay refused: ${text(body)}`)
}
await register()
setInterval(register, 1800000)
console.log(`registered ${self}`)
connection.addEventListener('close', () => process.exit(1))
process.on('SIGTERM', () => call('DELETE', `/api/v2/nodes/${self}`, {}).finally(() => process.exit(0)))
