// `holdfast resume` of a run whose files are not what they were when it started, and lists of what a journal that is gone held.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import type { Platform } from '../../src/platforms/index.ts'
import { writeLedger } from './ledger.ts'
import { createTestHost } from './test-host.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-resume-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The platform of the ledger's pack, which is in no folder of packs. */
async function cli(...args: string[]) {
  const calls: string[] = []
  const does = (name: string) => async () => {
    calls.push(name)
    return {}
  }
  const names = ['guest.freeze', 'guest.thaw', 'snapshot.create', 'snapshot.delete']
  const platform: Platform = {
    pack: 'lab',
    handlers: Object.fromEntries(names.map((name) => [`lab/${name}`, does(name)])),
    logins: {},
  }
  const { host, printed } = createTestHost(folder)
  const exitCode = await runCli(args, { ...host, platforms: async () => [platform] })
  return { exitCode, calls, ...printed }
}

const WHOLE = ['guest.freeze', 'snapshot.create', 'guest.thaw', 'snapshot.delete']

function configure(more = ''): void {
  writeFileSync(
    join(folder, 'holdfast.config.yaml'),
    `config: 1\ntargets:\n  west: { connection: lab/Host, url: http://west }\n${more}`,
  )
}

async function packOf(text: string): Promise<void> {
  await mkdir(join(folder, 'packs/lab'), { recursive: true })
  writeFileSync(join(folder, 'packs/lab/pack.yaml'), text)
}

describe('a run that was interrupted goes on with the packs and the runbook that it is pinned to', () => {
  it('where they are not at hand any more', async () => {
    configure()
    await writeLedger(folder, [{ id: 'run-1', target: 'west', holds: [] }])
    expect(await cli('resume', 'run-1')).toMatchObject({ exitCode: 0, calls: WHOLE, stderr: '' })
  })

  it.each([
    [
      'has another version, in which the type of the target has another name',
      'pack: 1\nname: lab\nversion: 2.0.0\ntitle: Lab\nconnections:\n  Machine: { title: A host, properties: {} }\n',
    ],
    ['is broken', 'pack: 1\nname: [lab\n'],
  ])('where the pack %s', async (_, text) => {
    configure('packs: [packs/lab]\n')
    await packOf(text)
    await writeLedger(folder, [{ id: 'run-1', target: 'west', holds: [] }])
    expect(await cli('resume', 'run-1')).toMatchObject({ exitCode: 0, calls: WHOLE, stderr: '' })
  })

  it('but not with a target that does not fit the pack it is pinned to, and nothing is called', async () => {
    writeFileSync(
      join(folder, 'holdfast.config.yaml'),
      'config: 1\ntargets:\n  west: { connection: lab/Host, uri: http://west }\n',
    )
    await writeLedger(folder, [{ id: 'run-1', target: 'west', holds: [] }])
    expect(await cli('resume', 'run-1')).toMatchObject({ exitCode: 3, calls: [] })
  })
})

describe('where the journal is gone', () => {
  it('altogether, obligations says that nothing is known, and makes none', async () => {
    const { exitCode, stdout } = await cli('obligations')
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `nothing is known to be held: there is no journal in ${join(folder, '.holdfast')}\n`,
    })
    expect(existsSync(join(folder, '.holdfast'))).toBe(false)
  })

  it('and only its count is left, obligations refuses to say that nothing is held (P2)', async () => {
    await writeLedger(folder, [{ id: 'run-1', target: 'west', holds: [] }])
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `.holdfast/journal.sqlite${end}`), { force: true })
    const { exitCode, stdout, stderr } = await cli('obligations')
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/JOURNAL_UNUSABLE.*lacks the last \d+ of the \d+ commits/s)
  })

  it('a run that was pruned is not known any more, and said to be so', async () => {
    await writeLedger(folder, [{ id: 'run-1', status: 'succeeded', target: 'west', holds: [] }])
    expect(await cli('runs', 'prune', '--older-than', '1s')).toMatchObject({ exitCode: 0 })
    const { exitCode, stderr } = await cli('resume', 'run-1')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/run-1/) })
    expect(await cli('obligations')).toMatchObject({ exitCode: 0, stdout: 'nothing is held on any platform\n' })
  })
})
