// node run.mjs PEER: JSEncrypt and CryptoJS as the other side of the first envelope, as web pages of 2025 used them.
// JSEncrypt wraps with PKCS#1 v1.5, and OAEP with SHA-256 one way only; CryptoJS has no GCM. The rest is node:crypto.
import { spawn } from 'node:child_process'
import crypto from 'node:crypto'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import CryptoJS from 'crypto-js'

// As web pages take it: node cannot load what the package names as its module.
const JSEncrypt = createRequire(import.meta.url)('jsencrypt')

const peer = spawn(process.argv[2], { stdio: ['pipe', 'pipe', 'inherit'] })
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]()
const next = async () => JSON.parse((await lines.next()).value)
const ask = order => {
  peer.stdin.write(JSON.stringify(order) + '\n')
  return next()
}
const { public_key: ourKey } = await next()
const ourPem = Buffer.from(ourKey, 'base64').toString()

let failures = 0
const say = (good, name) => {
  console.log(good ? 'ok' : 'FAILED', name)
  if (!good) failures++
}

const content = '[{"role": "user", "content": "Grüße, 世界"}]'
const random = bytes => CryptoJS.lib.WordArray.random(bytes)
const base64 = words => words.toString(CryptoJS.enc.Base64)
const options = iv => ({ iv, mode: CryptoJS.mode.CBC, padding: CryptoJS.pad.Pkcs7 })

function sealCbc(text, key) {
  const iv = random(16)
  const sealed = CryptoJS.AES.encrypt(CryptoJS.enc.Utf8.parse(text), key, options(iv))
  return { ciphertext: base64(sealed.ciphertext), iv: base64(iv) }
}
function openCbc(envelope, keyText) {
  const key = CryptoJS.enc.Base64.parse(keyText)
  const iv = CryptoJS.enc.Base64.parse(envelope.iv)
  const sealed = CryptoJS.lib.CipherParams.create({ ciphertext: CryptoJS.enc.Base64.parse(envelope.ciphertext) })
  return CryptoJS.AES.decrypt(sealed, key, options(iv)).toString(CryptoJS.enc.Utf8)
}
function sealGcm(text, keyText) {
  const iv = crypto.randomBytes(12)
  const worker = crypto.createCipheriv('aes-256-gcm', Buffer.from(keyText, 'base64'), iv)
  const ciphertext = Buffer.concat([worker.update(text, 'utf8'), worker.final()]).toString('base64')
  return { ciphertext, iv: iv.toString('base64'), tag: worker.getAuthTag().toString('base64'), mode: 'GCM' }
}
function openGcm(envelope, keyText) {
  const part = name => Buffer.from(envelope[name], 'base64')
  const worker = crypto.createDecipheriv('aes-256-gcm', Buffer.from(keyText, 'base64'), part('iv'))
  worker.setAuthTag(part('tag'))
  return Buffer.concat([worker.update(part('ciphertext')), worker.final()]).toString()
}

const theirs = new JSEncrypt({ default_key_size: 2048 })
theirs.getKey()
const wrapper = new JSEncrypt()
wrapper.setPublicKey(ourPem)
const theirKey = Buffer.from(theirs.getPublicKey()).toString('base64')

for (const mode of ['CBC', 'GCM']) {
  const key = random(32)
  const envelope = mode === 'CBC' ? sealCbc(content, key) : sealGcm(content, base64(key))
  envelope.cipherkey = wrapper.encrypt(base64(key))
  const opened = await ask({ do: 'open', envelope })
  say(opened.content === content && opened.padding === 'pkcs1' && opened.mode === mode, `${mode}: we open JSEncrypt's`)
  const sealed = await ask({ do: 'seal', public_key: theirKey, content, padding: 'pkcs1', mode })
  const keyText = theirs.decrypt(sealed.envelope.cipherkey)
  const read = mode === 'CBC' ? openCbc(sealed.envelope, keyText) : openGcm(sealed.envelope, keyText)
  say(read === content, `${mode}: JSEncrypt opens ours`)
}

const key = random(32)
const wrapped = wrapper.encryptOAEP(base64(key))
const byOaep = await ask({ do: 'open', envelope: { ...sealCbc(content, key), cipherkey: wrapped } })
say(byOaep.content === content && byOaep.padding === 'oaep', "OAEP: we open JSEncrypt's")
const sealed = await ask({ do: 'seal', public_key: theirs.getPublicKey(), content, padding: 'oaep', mode: 'CBC' })
const oaep = { key: theirs.getPrivateKey(), padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
const unwrapped = crypto.privateDecrypt(oaep, Buffer.from(sealed.envelope.cipherkey, 'base64')).toString()
say(openCbc(sealed.envelope, unwrapped) === content, 'OAEP: node:crypto unwraps ours, CryptoJS opens it')

// API v2: one key for the answer, in the first chunk.
const contents = ['{"delta": "a"}', '{"delta": "ö"}', '{}']
const stream = await ask({ do: 'seal_stream', public_key: theirKey, contents, padding: 'pkcs1', mode: 'CBC' })
const sessionKey = theirs.decrypt(stream.chunks[0].cipherkey)
const read = stream.chunks.map(chunk => openCbc(chunk, sessionKey))
say(JSON.stringify(read) === JSON.stringify(contents), 'stream: CryptoJS opens ours')
say(stream.chunks.slice(1).every(chunk => !('cipherkey' in chunk)), 'stream: the key comes once')

// Many keys: about one ciphertext in 256 begins with a zero byte, which libraries write or leave out.
let lost = 0
for (let i = 0; i < 300; i++) {
  const cipherkey = wrapper.encrypt(base64(key))
  const opened = await ask({ do: 'open', envelope: { ...sealCbc('[]', key), cipherkey } })
  if (opened.content !== '[]') lost++
}
say(lost === 0, '300 envelopes in a row')

peer.stdin.end()
const status = await new Promise(resolve => peer.on('exit', resolve))
say(status === 0, 'the peer ends with its input')
process.exit(failures > 0 ? 1 : 0)
