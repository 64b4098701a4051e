import { afterEach, describe, expect, it, vi } from 'vitest'
import { peer } from './peer.ts'

describe('a peer that is missing', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it('is reported with the package that brings it', () => {
    vi.stubEnv('CI', '')
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(peer('no-such-program', 'no-such-package')).toBe(false)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('apt-get install no-such-package'))
  })

  it('fails in continuous integration', () => {
    vi.stubEnv('CI', 'true')
    expect(() => peer('no-such-program', 'no-such-package')).toThrow('no-such-program is missing')
  })

  it('is found when it is there', () => {
    expect(peer('sh', 'dash')).toBe(true)
  })
})
