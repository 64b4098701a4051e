// The kept virsh, by the driver that libvirt has for tests: no libvirt runs for it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type Shell, ShellEnded, startShell } from '../../src/platforms/virsh-shell.ts'
import { peer } from '../peers/peer.ts'

const URI = 'test:///default'
const never = new AbortController().signal
const ODD = [
  '',
  ' ',
  "it's",
  "'",
  '\\',
  '"',
  '$(id)',
  'a;b',
  '#',
  '!!',
  '^a^b',
  '--err',
  '\t',
  '\r',
  '\n',
  '\x03',
  '\x16',
  '\x7f',
  '\x1b[A',
  'ä日\u{1f512}',
]

const anyText = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !text.includes('\0'))

describe.runIf(peer('virsh', 'libvirt-clients'))('a kept virsh', { timeout: 120_000 }, () => {
  /** virsh says it back as it took it. */
  const echoed = async (shell: Shell, ...texts: readonly string[]): Promise<string> =>
    (await shell.run(['echo', '--', ...texts], never)).answer

  test.each(ODD)('takes %j for what it is', async (text) => {
    expect(await echoed(await startShell(URI, never), 'x', text, 'y')).toBe(`x ${text} y`)
  })

  test('takes any string for what it is, whatever was said before', async () => {
    const shell = await startShell(URI, never)
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 4 }), async (texts) => {
        expect(await echoed(shell, ...texts)).toBe(texts.join(' '))
      }),
      { numRuns: 50 },
    )
  })

  test('answers what was answered, and keeps the words of what was refused', async () => {
    const shell = await startShell(URI, never)
    expect(await shell.run(['domstate', '--domain=test'], never)).toEqual({ answer: 'running\n', complaint: '' })
    const { answer, complaint } = await shell.run(['domstate', '--domain=erp db'], never)
    expect([answer, complaint]).toEqual(['', "failed to get domain 'erp db'"])
    expect(await shell.run(['no-such-command', '--no'], never)).toEqual({
      answer: '',
      complaint: "unknown command: 'no-such-command'",
    })
    expect(await shell.run(['domstate', '--domain=test'], never)).toEqual({ answer: 'running\n', complaint: '' })
  })

  test('that ends in the middle says so, and so does one that has ended', async () => {
    const shell = await startShell(URI, never)
    await expect(shell.run(['quit'], never)).rejects.toThrow(ShellEnded)
    expect(shell.isReady()).toBe(false)
    await expect(shell.run(['echo'], never)).rejects.toThrow(ShellEnded)
  })

  test('is ended when nobody waits any more', async () => {
    const stop = new AbortController()
    const shell = await startShell(URI, never)
    const asked = shell.run(['event', '--all', '--loop'], stop.signal)
    stop.abort(new Error('no longer'))
    await expect(asked).rejects.toThrow('no longer')
    await expect(shell.run(['echo'], never)).rejects.toThrow('virsh was ended by SIGKILL')
  })

  test('ends with the program that started it, however that ends, and leaves no history of what it was told', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hf-virsh-'))
    const marked = `${URI}?${basename(home)}`
    const killed = `
      const { startShell } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/platforms/virsh-shell.ts'))})
      const shell = await startShell(${JSON.stringify(marked)}, new AbortController().signal)
      const { answer } = await shell.run(['echo', 'told'], new AbortController().signal)
      process.stdout.write(answer, () => process.kill(process.pid, 'SIGKILL'))`
    const engine = spawn(process.execPath, ['--input-type=module', '-e', killed], {
      env: { ...process.env, HOME: home, XDG_CACHE_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said = engine.stdout.setEncoding('utf8').toArray()
    expect(await once(engine, 'close')).toEqual([null, 'SIGKILL'])
    expect((await said).join('')).toBe('told')
    await vi.waitUntil(() => !commandLines().some((line) => line.includes(marked)), { timeout: 100_000 })
    expect(readdirSync(home)).toEqual([])
    rmSync(home, { recursive: true })
  })
})

function commandLines(): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return ''
    }
  })
}
