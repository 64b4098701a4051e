import { describe, expect, it } from 'vitest'
import { type ActionContext, ActionFailure } from '../../src/packs/index.ts'
import { coreHandlers } from '../../src/platforms/core/index.ts'

const assertThat = (that: unknown): Promise<unknown> => {
  const handler = coreHandlers['core/assert']
  if (!handler) throw new Error('core/assert is not there')
  return handler({ that: that as boolean, message: 'all members must live on the same storage' }, {} as ActionContext)
}

describe('core/assert', () => {
  it('passes when it holds', async () => {
    expect(await assertThat(true)).toEqual({})
  })

  it.each([false, 'true', 1, null])('fails with the message when it is %j', async (that) => {
    const error = await assertThat(that).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ActionFailure)
    expect(error instanceof ActionFailure && error.failure).toEqual({
      type: 'assertionFailed',
      message: 'all members must live on the same storage',
      retryable: false,
      applied: 'no',
    })
  })
})
