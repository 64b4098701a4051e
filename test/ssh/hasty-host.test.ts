import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import ssh2 from 'ssh2'
import { expect, test } from 'vitest'
import { overSsh } from '../../src/ssh/index.ts'
import { Secret } from '../../src/values/index.ts'

test('a program that has ended before its start is answered, all in one packet, has ended as it did', async () => {
  const keys = ssh2.utils.generateKeyPairSync('ed25519')
  let held: Buffer[] | undefined
  let toClient: Socket | undefined
  const host = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    client.on('error', () => {})
    client.on('authentication', (attempt) => attempt.accept())
    client.on('session', (accept) => {
      accept().on('exec', (acceptProgram) => {
        held = []
        const program = acceptProgram()
        program.stderr.write('4711\nerr')
        program.write('out')
        program.exit(3)
        program.end()
        setTimeout(() => {
          toClient?.write(Buffer.concat(held ?? []))
          held = undefined
        })
      })
    })
  })
  const server = createServer((socket) => {
    toClient = socket
    const wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        if (held) held.push(chunk)
        else socket.write(chunk)
        done()
      },
    })
    socket.on('data', (chunk) => wire.push(chunk))
    socket.on('close', () => wire.destroy())
    socket.on('error', () => {})
    host.injectSocket(wire as Socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const login = { kind: 'password', password: new Secret('only for this test') } as const
  const run = overSsh({ host: '127.0.0.1', port, user: 'backup', login, hostKey: keys.public })
  try {
    const { exitCode, stdout, stderr } = await run({ argv: ['true'] }, new AbortController().signal)
    expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([3, 'out', 'err'])
  } finally {
    server.close()
  }
})
