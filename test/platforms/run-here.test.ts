import { expect, test } from 'vitest'
import { runHere } from '../../src/platforms/run-here.ts'

const never = new AbortController().signal

test('a program of this machine gets its arguments as they are, and its streams are told apart', async () => {
  const argv = ['sh', '-c', 'cat; printf "%s|" "$@"; echo err >&2; exit 3', 'sh', "it's", '$HOME', ''] as const
  const { stdout, stderr, ...end } = await runHere({ argv: [...argv], stdin: Buffer.from('in|') }, never)
  expect([end, stdout.toString(), stderr.toString()]).toEqual([{ exitCode: 3 }, "in|it's|$HOME||", 'err\n'])
})

test('a signal that ends a program is named', async () => {
  expect(await runHere({ argv: ['sh', '-c', 'kill -KILL $$'] }, never)).toMatchObject({ signal: 'SIGKILL' })
})

test('an aborted call fails with the reason of the signal, once the program is gone', async () => {
  const stop = new AbortController()
  const running = runHere({ argv: ['cat', '/dev/zero'], maxOutputBytes: 2 ** 40 }, stop.signal)
  stop.abort(new Error('the run was cancelled'))
  await expect(running).rejects.toThrow('the run was cancelled')
  await expect(runHere({ argv: ['true'] }, stop.signal)).rejects.toThrow('the run was cancelled')
})

test('a program that says too much is ended', async () => {
  await expect(runHere({ argv: ['cat', '/dev/zero'], maxOutputBytes: 10_000 }, never)).rejects.toThrow('more than 10000 bytes')
})

test('a program that is not there is told as the system tells it', async () => {
  await expect(runHere({ argv: ['/nowhere/prog'] }, never)).rejects.toMatchObject({ code: 'ENOENT' })
})
