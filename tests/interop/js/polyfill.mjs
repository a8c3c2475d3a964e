// libp2p 3 wants Node 22; on Node 20 this is all it misses.
import { WebSocket } from 'ws'
globalThis.WebSocket ??= WebSocket
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
