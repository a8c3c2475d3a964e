// The real programs on free ports, with folders of their own below a temporary one. Everything ends with stop().
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const mockAnswer = 'an answer of the mock engine'

// Options that the surroundings set for other tests (a model, an engine) are not for these programs.
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TOKEN_PLACE_')))

export class Programs {
  constructor(bin) {
    this.bin = bin
    this.folder = mkdtempSync(join(tmpdir(), 'tokenplace-interop-'))
    this.running = []
  }

  // Starts a program and waits for a match in what it prints; resolves to { child, match, said() }.
  start(what, command, args, awaited, env = {}) {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...outside, XDG_STATE_HOME: this.folder, ...env }
    })
    this.running.push(child)
    let said = ''
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${what} is not ready after 30 s: ${said.slice(-2000)}`)), 30000)
      const hear = data => {
        said += data
        const match = awaited.exec(said)
        if (match) {
          clearTimeout(late)
          resolve({ child, match, said: () => said })
        }
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.on('error', reject)
      child.on('exit', code => {
        clearTimeout(late)
        reject(new Error(`${what} ended with ${code}: ${said.slice(-2000)}`))
      })
    })
  }

  async relay() {
    const args = ['--port', '0', '--state-dir', join(this.folder, 'relay')]
    const { match } = await this.start(
      'the relay',
      join(this.bin, 'tokenplace-relay'),
      args,
      /relay_listening.*port=(\d+)/
    )
    this.port = Number(match[1])
    this.url = `http://127.0.0.1:${this.port}`
  }

  // A node of ours with the mock engine; resolves to its id, once the relay lists it.
  async node() {
    const script = join(this.folder, 'mock.json')
    writeFileSync(script, JSON.stringify({ rules: [{ reply: mockAnswer }] }))
    const before = new Set(await this.nodes())
    const { said } = await this.start(
      'the node',
      join(this.bin, 'tokenplace-server'),
      [
        '--relay-url',
        this.url,
        '--server-port',
        '0',
        '--use-mock-llm',
        '--mock-script',
        script,
        '--state-dir',
        join(this.folder, 'node')
      ],
      /\n/
    )
    for (const until = Date.now() + 20000; Date.now() < until;) {
      const id = (await this.nodes()).find(each => !before.has(each))
      if (id) {
        this.nodePort = Number(/node_starting.*port=(\d+)/.exec(said())[1])
        return id
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`the node has not registered after 20 s: ${said().slice(-2000)}`)
  }

  async nodes() {
    return (await (await fetch(`${this.url}/api/v2/nodes`)).json()).data.map(entry => entry.peer_id)
  }

  // `tokenplace chat` with one message; resolves to { code, out, err, flushes }.
  chat(node, message, args = []) {
    const child = spawn(
      join(this.bin, 'tokenplace'),
      ['chat', '--relay', this.url, '--node', node, '-m', message, '--state-dir', join(this.folder, 'chat'), ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: outside }
    )
    let out = '',
      err = '',
      flushes = 0
    child.stdout.on('data', d => {
      out += d
      flushes++
    })
    child.stderr.on('data', d => {
      err += d
    })
    return new Promise(resolve => child.on('close', code => resolve({ code, out, err, flushes })))
  }

  async stop() {
    await Promise.all(
      this.running.map(
        child =>
          new Promise(resolve => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve()
            const hard = setTimeout(() => child.kill('SIGKILL'), 10000)
            child.on('exit', () => {
              clearTimeout(hard)
              resolve()
            })
            child.kill('SIGTERM')
          })
      )
    )
    rmSync(this.folder, { recursive: true, force: true })
  }
}

// Collects what held and what did not.
export class Findings {
  failures = 0
  expect(what, held, detail = '') {
    console.log(held ? 'ok' : 'FAILED', what, held ? '' : detail)
    if (!held) this.failures++
  }

  exit() {
    console.log(this.failures === 0 ? 'all held' : `${this.failures} failed`)
    process.exit(this.failures === 0 ? 0 : 1)
  }
}
