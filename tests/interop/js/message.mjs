// What a language's libraries usually have: bytes with numbers in them, and HTTP/1.1 messages.
export const text = bytes => Buffer.from(bytes).toString()
export const join = (...parts) => Buffer.concat(parts.map(p => Buffer.from(p)))
export const number = (size, value) => {
  const out = Buffer.alloc(size)
  out.writeUIntBE(value, 0, size)
  return out
}
// V(n)
export const varint = n => (n < 64 ? number(1, n) : n < 16384 ? number(2, n | 0x4000) : number(4, n + 0x80000000))
// Of bytes; whoever reads past the end gets an error.
export class Reader {
  constructor(bytes) {
    this.bytes = Buffer.from(bytes)
    this.at = 0
  }
  left() {
    return this.bytes.length - this.at
  }
  take(n) {
    if (n > this.left()) throw new Error('truncated')
    this.at += n
    return this.bytes.subarray(this.at - n, this.at)
  }
  varint() {
    const first = this.take(1)[0]
    let n = first & 63
    for (const b of this.take((1 << (first >> 6)) - 1)) n = n * 256 + b
    return n
  }
  text() {
    return text(this.take(this.varint()))
  }
}

const splitField = l => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]

// One HTTP/1.1 message, request or answer, of a libp2p stream. It is whole when its length has come; waiting for the
// end of the stream would not do, because that may have come together with the negotiation.
export function readMessage(stream) {
  return new Promise((resolve, reject) => {
    let have = Buffer.alloc(0)
    stream.addEventListener('message', e => {
      have = join(have, e.data.subarray())
      const end = have.indexOf('\r\n\r\n')
      if (end < 0) return
      const [start, ...lines] = text(have.subarray(0, end)).split('\r\n')
      const fields = Object.fromEntries(lines.map(splitField))
      const size = Number(fields['content-length'] ?? 0)
      let body = have.subarray(end + 4)
      if (fields['transfer-encoding'] === 'chunked') body = unchunk(body)
      else body = body.length >= size ? body.subarray(0, size) : null
      if (body !== null) resolve({ start, fields, body })
    })
    stream.addEventListener('close', () => reject(new Error('closed')))
  })
}
// null until the last chunk is there
function unchunk(body) {
  for (const parts = []; ;) {
    const at = body.indexOf('\r\n')
    const size = parseInt(text(body.subarray(0, Math.max(at, 0))), 16)
    if (at < 0 || body.length < at + 4 + size) return null
    if (size === 0) return join(...parts)
    parts.push(body.subarray(at + 2, at + 2 + size))
    body = body.subarray(at + 4 + size)
  }
}
