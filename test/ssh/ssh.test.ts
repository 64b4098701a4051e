import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openProgram, overSsh, SshFailed, type SshHost } from '../../src/ssh/index.ts'
import { Secret } from '../../src/values/index.ts'
import { peer } from '../peers/peer.ts'
import { type Sshd, startSshd } from './sshd.ts'

const never = new AbortController().signal

describe.skipIf(!peer('sshd', 'openssh-server'))('programs on a host that a true sshd serves', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd[Symbol.asyncDispose]())

  const run = (...argv: [string, ...string[]]) => overSsh(sshd.host)({ argv }, never)
  const failure = (ends: Promise<unknown>): Promise<SshFailed> =>
    ends.then(
      () => Promise.reject(new Error('it succeeded')),
      (error: unknown) => (error instanceof SshFailed ? error : Promise.reject(error)),
    )

  test('tells standard output, standard error and the exit code apart', async () => {
    const { stdout, stderr, ...end } = await run('sh', '-c', 'echo out; echo err >&2; exit 3')
    expect([end, stdout.toString(), stderr.toString()]).toEqual([{ exitCode: 3 }, 'out\n', 'err\n'])
  })

  test('names the signal that ended a program', async () => {
    expect(await run('sh', '-c', 'kill -TERM $$')).toMatchObject({ signal: 'SIGTERM' })
  })

  test('a program that is not there, or may not be run, was never started', async () => {
    for (const program of ['/nowhere/prog', 'no-such-prog', '/etc/passwd']) {
      expect(await failure(run(program))).toMatchObject({ reason: 'notStarted', started: false })
    }
  })

  test('a program that ends with 127 itself was started', async () => {
    expect(await run('sh', '-c', 'exit 127')).toMatchObject({ exitCode: 127 })
  })

  test('hands over arguments as they are, whatever a shell would make of them', async () => {
    const odd = ['', ' ', "it's", '$HOME', '`id`', '*', 'a;b', '"', '\\', 'x\ny', 'ä\u{1f512}', '-n', '#']
    const { stdout } = await run('printf', '%s\\0', ...odd)
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(odd)
  })

  test('the program reads what it is given, and then the end', async () => {
    const stdin = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    const { stdout } = await overSsh(sshd.host)({ argv: ['cat'], stdin }, never)
    expect(stdout.equals(stdin)).toBe(true)
  })

  test('a program that reads nothing of what it is given ends well', async () => {
    const { exitCode } = await overSsh(sshd.host)({ argv: ['true'], stdin: Buffer.alloc(4_000_000) }, never)
    expect(exitCode).toBe(0)
  })

  test('a host that shows another key than the pinned one gets no login', async () => {
    const { reason, started } = await failure(overSsh({ ...sshd.host, hostKey: sshd.strangeKey })({ argv: ['true'] }, never))
    expect([reason, started]).toEqual(['hostKeyUnknown', false])
  })

  test('the key that is pinned is the one that is asked for, where a host has several', async () => {
    const hostKey = sshd.hostKeys['ssh-rsa'] ?? ''
    expect(await overSsh({ ...sshd.host, hostKey })({ argv: ['true'] }, never)).toMatchObject({ exitCode: 0 })
  })

  test.each(['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'ssh-dss AAAAB3NzaC1kc3M', 'SHA256:abc'])(
    'what is no public key pins nothing: %s',
    async (hostKey) => {
      expect(await failure(overSsh({ ...sshd.host, hostKey })({ argv: ['true'] }, never))).toMatchObject({ reason: 'unusable' })
    },
  )

  test('says that the login was refused', async () => {
    const login: SshHost['login'] = { kind: 'password', password: new Secret('swordfish') }
    for (const each of [login, sshd.strangeLogin]) {
      const failed = await failure(overSsh({ ...sshd.host, login: each })({ argv: ['true'] }, never))
      expect(failed.reason).toBe('loginRefused')
    }
  })

  test('P11 no failure tells a secret', async () => {
    const login: SshHost['login'] = { kind: 'key', privateKey: new Secret('swordfish') }
    const failed = await failure(overSsh({ ...sshd.host, login })({ argv: ['true'] }, never))
    expect([failed.reason, failed.message.includes('swordfish')]).toEqual(['unusable', false])
  })

  test('says that nobody answers', async () => {
    const failed = await failure(overSsh({ ...sshd.host, port: 1 })({ argv: ['true'] }, never))
    expect([failed.reason, failed.started]).toEqual(['unreachable', false])
  })

  test('a program that takes too long is killed', async () => {
    // However long connecting takes here: at last there is time enough for the program to start, and never for it to end.
    let failed: SshFailed | undefined
    for (let timeoutMs = 1_000; !failed?.started; timeoutMs *= 2) {
      failed = await failure(overSsh(sshd.host)({ argv: ['sleep', '600'], timeoutMs }, never))
      expect(failed.reason).toBe('timedOut')
    }
  })

  test('a host that says nothing is given up in time', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const failed = await failure(overSsh({ ...sshd.host, port })({ argv: ['true'], timeoutMs: 200 }, never))
    expect([failed.reason, failed.started]).toEqual(['timedOut', false])
    silent.close()
  })

  test('an aborted call fails with the reason of the signal, and the program is gone', async () => {
    const stop = new AbortController()
    const program = await openProgram(sshd.host, ['sh', '-c', 'echo $$; exec sleep 600'], stop.signal)
    const pid = Number(await firstOf(program.stream))
    const aborted = overSsh(sshd.host)({ argv: ['sleep', '600'] }, stop.signal)
    stop.abort(new Error('the run was cancelled'))
    await expect(aborted).rejects.toThrow('the run was cancelled')
    await program[Symbol.asyncDispose]()
    await gone(pid)
  })

  test('output that is larger than allowed ends the program', async () => {
    const failed = await failure(overSsh(sshd.host)({ argv: ['cat', '/dev/zero'], maxOutputBytes: 100_000 }, never))
    expect(failed.reason).toBe('outputTooLarge')
  })

  test('P3 a connection that breaks leaves it open whether the program did its work', async () => {
    const program = await openProgram(sshd.host, ['sh', '-c', 'echo up; exec cat'], never)
    await firstOf(program.stream)
    const running = failure(program.ended)
    sshd.cut()
    expect(await running).toMatchObject({ reason: 'lost', started: true })
    await expect(new Promise((_, reject) => program.stream.on('error', reject))).rejects.toThrow('broke')
  })

  test('a program can be talked to over one stream', async () => {
    await using program = await openProgram(sshd.host, ['cat'], never)
    const chunks: Buffer[] = []
    program.stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    const sent = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => i % 253))
    program.stream.end(sent)
    const { exitCode } = await program.ended
    expect([exitCode, Buffer.concat(chunks).equals(sent)]).toEqual([0, true])
  })
})

const firstOf = (stream: NodeJS.ReadableStream): Promise<string> =>
  new Promise((resolve) => stream.once('data', (chunk: Buffer) => resolve(chunk.toString())))

/** Resolves once the process is not there any more. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
