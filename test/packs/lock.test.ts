import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLock, checkRunbookLock, formatLock, lockFor, type Pack, readLock } from '../../src/packs/index.ts'

const pack = (name: string, version = '1.0.0', hash = 'a'.repeat(64)): Pack => ({
  name,
  version,
  title: name,
  connections: {},
  resources: {},
  actions: {},
  completions: {},
  pagings: {},
  hash,
})

const locked = (...packs: readonly Pack[]) => {
  const { lock, diagnostics } = readLock(formatLock(lockFor(packs)))
  if (!lock) throw new Error(JSON.stringify(diagnostics))
  return lock
}

const codes = (lock: ReturnType<typeof locked>, ...packs: readonly Pack[]) => checkLock(lock, packs).map(({ code }) => code)

describe('a lock file', () => {
  it('is readable text, sorted by pack', () => {
    expect(formatLock(lockFor([pack('lab'), pack('core')]))).toBe(
      `lock: 1\npacks:\n  core:\n    version: 1.0.0\n    sha256: '${'a'.repeat(64)}'\n  lab:\n    version: 1.0.0\n    sha256: '${'a'.repeat(64)}'\n`,
    )
    expect(formatLock(lockFor([]))).toBe('lock: 1\npacks: {}\n')
  })

  it('says nothing of the packs that it was made from, whatever they are', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5}){0,2}$/)
    const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join('.'))
    const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
    const packs = fc.uniqueArray(fc.tuple(name, version, hash), { selector: ([first]) => first, maxLength: 5 })
    fc.assert(
      fc.property(packs, (given) => {
        const made = given.map(([n, v, h]) => pack(n, v, h))
        expect(codes(locked(...made), ...made)).toEqual([])
      }),
    )
  })

  it('tells a pack whose text changed, even under the same version', () => {
    const [diagnostic] = checkLock(locked(pack('lab')), [pack('lab', '1.0.0', 'b'.repeat(64))])
    expect(diagnostic).toMatchObject({
      code: 'LOCK_PACK_CHANGED',
      severity: 'error',
      message: 'pack lab is locked at 1.0.0 (aaaaaaaaaaaa) but is 1.0.0 (bbbbbbbbbbbb)',
      span: { file: 'holdfast.lock.yaml', start: 17, end: 20 },
    })
  })

  it('tells a pack that it does not hold, and warns of one that nobody uses', () => {
    expect(codes(locked(pack('lab')), pack('lab'), pack('new'))).toEqual(['LOCK_PACK_MISSING'])
    expect(checkLock(locked(pack('lab'), pack('old')), [pack('lab')])).toMatchObject([
      { code: 'LOCK_PACK_UNUSED', severity: 'warning', span: { file: 'holdfast.lock.yaml' } },
    ])
  })

  it.each([
    ['', 'LOCK_INVALID'],
    ['lock: 2\npacks: {}\n', 'LOCK_INVALID'],
    ['lock: 1\n', 'LOCK_KEY_MISSING'],
    ['lock: 1\npacks: { lab: { version: 1.0.0, sha265: x } }\n', 'LOCK_KEY_UNKNOWN'],
    ['lock: [\n', 'YAML_INVALID'],
  ])('that reads %j is refused (P12)', (text, code) => {
    const { lock, diagnostics } = readLock(text)
    expect(lock).toBeUndefined()
    expect(diagnostics.map((each) => each.code)).toContain(code)
    for (const { span } of diagnostics) expect(span).toBeDefined()
  })

  it('holds called runbooks too: tells one that it lacks, and one whose version or text is another', () => {
    const runbook = (name: string, text = 'a', version = '1.0.0') => ({ name, runbook: { version }, text })
    const text = formatLock(lockFor([pack('lab')], [runbook('lab/b'), runbook('lab/a')]))
    expect(text.slice(text.indexOf('runbooks:'))).toMatch(
      /^runbooks:\n {2}lab\/a:\n {4}version: 1\.0\.0\n {4}sha256: '[0-9a-f]{64}'\n {2}lab\/b:\n/,
    )
    const { lock } = readLock(text)
    if (!lock) throw new Error(text)
    expect(checkRunbookLock(lock, [runbook('lab/a'), runbook('lab/b')])).toEqual([])
    expect(checkRunbookLock(lock, [runbook('lab/c')])).toMatchObject([{ code: 'LOCK_RUNBOOK_MISSING', severity: 'error' }])
    for (const other of [runbook('lab/a', 'b'), runbook('lab/a', 'a', '1.0.1')]) {
      expect(checkRunbookLock(lock, [other])).toMatchObject([
        { code: 'LOCK_RUNBOOK_CHANGED', severity: 'error', span: { file: 'holdfast.lock.yaml' } },
      ])
    }
  })

  it('that was written before runbooks were locked lacks every called one', () => {
    const { lock } = readLock('lock: 1\npacks: {}\n')
    expect(lock?.runbooks).toEqual({})
  })
})
