// node listen.mjs: listens on TCP and WebSocket, answers /http/1.1; prints a multiaddr per transport.
import { makeHost, parse, protocol, send } from './host.mjs'

// Until the announced length has come, as HTTP servers do. The end of the stream would not do: when it arrives together
// with the negotiation, js-libp2p 3.3 tells it to the negotiation and never to the handler.
function readRequest(stream) {
  return new Promise((resolve, reject) => {
    const parts = []
    stream.addEventListener('message', e => {
      parts.push(Buffer.from(e.data.subarray()))
      const have = Buffer.concat(parts)
      const length = /content-length: (\d+)/i.exec(have.subarray(0, 1000).toString())
      const end = have.indexOf('\r\n\r\n')
      if (end >= 0 && have.length >= end + 4 + Number(length?.[1] ?? 0)) resolve(parse(have))
    })
    stream.addEventListener('close', e => reject(e.error ?? new Error('closed')))
  })
}

export async function listen() {
  const host = await makeHost({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] })
  await host.handle(
    protocol,
    async stream => {
      try {
        const { start, body } = await readRequest(stream)
        const answer = start.startsWith('POST /echo') ? body : Buffer.from('hello from JS')
        await send(
          stream,
          new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\nConnection: close\r\n\r\n`)
        )
        await send(stream, answer)
        await stream.close()
      } catch (e) {
        stream.abort(e)
      }
    },
    { maxInboundStreams: 200 }
  )
  return host
}

if (process.argv[1].endsWith('listen.mjs')) {
  const host = await listen()
  for (const address of host.getMultiaddrs()) console.log(address.toString())
}
