// What every channel into a guest must do with programs, whatever it is made of. Guests are POSIX systems here, so that the same programs
// run in all of them.
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import type { Clock } from '../../../src/packs/index.ts'
import { type Channel, type GuestProgram, type Ran, runsOver } from '../../../src/platforms/guest/programs.ts'

export interface GuestUnderTest {
  channel(clock: Clock): Channel
  /** Whether the file is in the guest, looked at past the channel. */
  exists(path: string): Promise<boolean>
}

export interface ChannelTraits {
  /** Whether it tells which signal ended a program; one that does not tells an exit code that is not 0. */
  readonly tellsSignals: boolean
  /** Whether an argument that holds this character can be handed over; what cannot is refused. Default: all can. */
  readonly carries?: (character: string) => boolean
  /** Bytes of input and output that are many for it. */
  readonly manyBytes: number
}

const never = new AbortController().signal
const LONG: Omit<GuestProgram, 'argv'> = { deadlineMs: 600_000, maxOutputBytes: 4_000_000 }
const ODD = [
  '',
  ' ',
  '  two  ',
  "it's",
  '"quoted"',
  '\\',
  'ends with \\',
  '\\"',
  '$HOME',
  '$(id)',
  '`id`',
  '*',
  '?',
  '~',
  'a;b',
  'a&b',
  '|',
  '<x>',
  '%PATH%',
  '^',
  '!',
  '-n',
  '--',
  '#',
  'x\ny',
  '\n',
  '\t',
  '\r\n',
  'ä\u{1f512}',
  '日本',
]

/** `guest` answers the same guest each time. */
export function channelContract(
  guest: () => GuestUnderTest,
  { tellsSignals, carries = () => true, manyBytes }: ChannelTraits,
): void {
  const run = (argv: GuestProgram['argv'], more: Partial<GuestProgram> = {}): Promise<Ran> =>
    runsOver(guest().channel(patient), patient)({ argv, ...LONG, ...more }, never)
  const shell = (script: string, ...args: string[]): GuestProgram['argv'] => ['sh', '-c', script, 'sh', ...args]
  const markers: string[] = []
  const marker = (): string => {
    const path = `/tmp/holdfast-${crypto.randomUUID()}`
    markers.push(path, `${path}.pid`)
    return path
  }
  afterAll(() => run(['rm', '-f', ...markers]))

  test('exit codes are told as they are, those that shells mean something by too', async () => {
    for (const exitCode of [0, 1, 127, 143, 255]) {
      expect((await run(shell('exit "$1"', String(exitCode)))).end).toEqual({ kind: 'exited', exitCode })
    }
  })

  test('standard output and standard error are kept apart', async () => {
    const { end, stdout, stderr, cut } = await run(shell('echo out; echo err >&2; exit 3'))
    expect([end, stdout.toString(), stderr.toString(), cut]).toEqual([{ kind: 'exited', exitCode: 3 }, 'out\n', 'err\n', false])
  })

  test('of what is said beyond the limit the first is kept, and how it ended is told all the same', async () => {
    const loud = shell('head -c "$1" /dev/zero | tr "\\0" x; echo little >&2; exit 4', String(manyBytes))
    const { end, stdout, stderr, cut } = await run(loud, { maxOutputBytes: 1000 })
    expect([end, stdout.toString(), stderr.toString(), cut]).toEqual([
      { kind: 'exited', exitCode: 4 },
      'x'.repeat(1000),
      'little\n',
      true,
    ])
  })

  test('what is said up to the limit is whole', async () => {
    const { stdout, cut } = await run(shell('printf 12345; printf 123456 >&2'), { maxOutputBytes: 6 })
    expect([stdout.toString(), cut]).toEqual(['12345', false])
  })

  test('a program reads many bytes as they are, and says as many', async () => {
    const stdin = Buffer.from(Array.from({ length: manyBytes }, (_, index) => (index * 7 + (index >> 8)) % 256))
    const { end, stdout } = await run(['cat'], { stdin })
    expect([end, stdout.equals(stdin)]).toEqual([{ kind: 'exited', exitCode: 0 }, true])
  })

  test('a program that is given nothing reads the end at once', async () => {
    const { end, stdout } = await run(['cat'])
    expect([end, stdout.length]).toEqual([{ kind: 'exited', exitCode: 0 }, 0])
  })

  test('a program that does not read what it is given ends as it does', async () => {
    expect((await run(shell('exit 5'), { stdin: Buffer.alloc(manyBytes) })).end).toEqual({ kind: 'exited', exitCode: 5 })
  })

  test('arguments arrive as they are, whatever a shell would make of them', async () => {
    const { stdout } = await run(['printf', '%s\\0', ...ODD])
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(ODD)
  })

  test('any arguments arrive as they are', async () => {
    const character = fc
      .oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.constantFrom(...'\'"\\$`\n\r\t !*;&|<>(){}[]#~=-%^,'))
      .filter((each) => each.isWellFormed() && each !== '\0' && carries(each))
    const args = fc.array(
      fc.array(character, { maxLength: 12 }).map((characters) => characters.join('')),
      { minLength: 20, maxLength: 40 },
    )
    await fc.assert(
      fc.asyncProperty(args, async (given) => {
        const { stdout } = await run(['printf', '%s\\0', ...given])
        expect(stdout.toString().split('\0').slice(0, -1)).toEqual(given)
      }),
      { numRuns: 3 },
    )
  })

  test('an argument that cannot be handed over as it is starts nothing', async () => {
    const bad = ['a\0b', '\ud800', ...['\uffff', '\u0001'].filter((each) => !carries(each))]
    for (const argument of bad) {
      const path = marker()
      expect((await run(shell('touch "$1"', path, argument))).end).toMatchObject({ kind: 'notStarted' })
      expect(await guest().exists(path)).toBe(false)
    }
  })

  test('a program that a signal ends is told from one that ends by itself', async () => {
    const { end } = await run(shell('kill -TERM $$; sleep 600'))
    if (tellsSignals) expect(end).toEqual({ kind: 'signalled', signal: 'SIGTERM' })
    else expect(end).toMatchObject({ kind: 'exited', exitCode: expect.not.stringMatching(/^0$/) })
  })

  test('a program that is not there or may not be run is told to have never started', async () => {
    for (const program of ['/nowhere/program', 'no-such-program-of-holdfast', '/etc/passwd', '/tmp']) {
      expect((await run([program, 'argument'])).end, program).toMatchObject({ kind: 'notStarted' })
    }
  })

  test('a program that hangs is ended at its deadline with all that it started, and what it said is kept', async () => {
    const path = marker()
    const { clock, passDeadline } = clockWithDeadline()
    const running = runsOver(guest().channel(clock), clock)(
      { argv: shell('sleep 600 & echo $$ $!; touch "$1"; sleep 600; echo late', path), ...LONG },
      never,
    )
    await until(() => guest().exists(path))
    passDeadline()
    const { end, stdout } = await running
    expect([end, stdout.toString()]).toEqual([{ kind: 'overdue' }, expect.stringMatching(/^\d+ \d+\n$/)])
    expect(await stillRun(stdout.toString().trim().split(' '))).toEqual([])
  })

  test('a program that nobody waits for any more is ended, and the call fails with the reason', async () => {
    const path = marker()
    const stop = new AbortController()
    const running = runsOver(guest().channel(patient), patient)(
      { argv: shell('echo $$ > "$1.pid"; touch "$1"; sleep 600', path), ...LONG },
      stop.signal,
    )
    await until(() => guest().exists(path))
    stop.abort(new Error('the run was cancelled'))
    await expect(running).rejects.toThrow('the run was cancelled')
    const { stdout } = await run(['cat', `${path}.pid`])
    expect(await stillRun([stdout.toString().trim()])).toEqual([])
  })

  test('a program is not started where the deadline has passed before', async () => {
    const path = marker()
    const passed: Clock = { ...systemClock, sleep: async () => {} }
    const running = runsOver(guest().channel(systemClock), passed)({ argv: shell('touch "$1"', path), ...LONG }, never)
    await expect(running).rejects.toThrow('nobody answered within')
    expect(await guest().exists(path)).toBe(false)
  })

  /** Those of the processes that run, dead ones that nobody has asked for left out. */
  async function stillRun(pids: readonly string[]): Promise<readonly string[]> {
    const look = 'for pid; do grep -qs "^State:[[:space:]]*[^ZX]" "/proc/$pid/status" && echo "$pid"; done; exit 0'
    // What was killed is gone when it gets the processor, which may take a busy machine some time.
    let last: readonly string[] = pids
    for (let tries = 0; tries < 1500 && last.length > 0; tries += 1) {
      if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 20))
      last = (await run(shell(look, ...pids))).stdout
        .toString()
        .split('\n')
        .filter((pid) => pid !== '')
    }
    return last
  }
}

/** A true clock but for what is waited for at most: that a busy machine needs longer is no failure. */
const patient: Clock = {
  now: () => Date.now(),
  sleep: (durationMs, signal) => systemClock.sleep(durationMs > 1000 ? durationMs * 60 : durationMs, signal),
}

/** The same but for the deadline: that comes when it is told to. */
function clockWithDeadline(): { readonly clock: Clock; passDeadline(): void } {
  const deadline = Promise.withResolvers<void>()
  return {
    clock: {
      ...patient,
      sleep: (durationMs, signal) => (durationMs >= LONG.deadlineMs ? deadline.promise : patient.sleep(durationMs, signal)),
    },
    passDeadline: () => deadline.resolve(),
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}
