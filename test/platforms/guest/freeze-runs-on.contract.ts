// What every channel into a guest must see to when nobody waits for a pre-freeze script any more: it runs on, freezes at its end, and the
// last that happens to the guest is a thaw that began later than that. Guests are Linux systems here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import { LAYOUTS, type ScriptPlace } from '../../../src/platforms/guest/layouts.ts'
import { type Channel, type GuestProgram, runsOver } from '../../../src/platforms/guest/programs.ts'
import { runPostThaw, runPreFreeze } from '../../../src/platforms/guest/scripts.ts'
import { marked, stillFreezes } from '../../../src/platforms/guest/still-freezes.ts'

export interface WayIn extends AsyncDisposable {
  readonly channel: Channel
  /** Breaks all that is connected by it, as the end of an engine does. */
  cut(): void
}

const never = new AbortController().signal
const LONG: Omit<GuestProgram, 'argv'> = { deadlineMs: 600_000, maxOutputBytes: 65_536 }

/** Leaves a process behind, as hooks do that hold a lock, and freezes once somebody writes to its `go`. */
const WAITS = `if [ "$1" = thaw ]; then
  echo thawed >> "$0.state"
  exit
fi
sleep 600 < /dev/null > /dev/null 2>&1 &
echo $! >> "$0.left"
echo begun >> "$0.state"
read -r told < "$0.go"
echo frozen >> "$0.state"
`

const ENDS = `[ "$1" = thaw ] && exit
sleep 600 < /dev/null > /dev/null 2>&1 &
echo $! >> "$0.left"
`

/** Of what is the same over every channel one is enough to show it. */
export function freezeRunsOnContract(
  wayIn: () => Promise<WayIn>,
  { alsoWhatIsTheSame }: { readonly alsoWhatIsTheSame: boolean },
): void {
  const kinds = [
    ['is a script', `#!/bin/sh\n${WAITS}`],
    ['does not say what runs it', WAITS],
    ['becomes another program', `#!/bin/sh\nexec /bin/sh -c '${WAITS}' "$0" "$1"`],
  ] as const
  describe('a pre-freeze script that nobody waits for any more', { timeout: 600_000 }, () => {
    const folders: string[] = []
    let way: WayIn
    beforeAll(async () => {
      way = await wayIn()
    }, 600_000)
    afterAll(async () => {
      // Opened for both, a pipe waits for nobody; whoever still waits at its other end goes on.
      const each =
        'cd "$1/d"; exec 3<> hook.go; [ -e hook.left ] && while read -r pid; do kill "$pid"; done < hook.left; rm -rf "$1"'
      for (const folder of folders) await sh(each, folder)
      await way[Symbol.asyncDispose]()
    }, 600_000)

    const sh = async (text: string, ...args: string[]): Promise<string> => {
      const argv = ['/bin/sh', '-c', text, 'sh', ...args] as const
      return (await runsOver(way.channel, systemClock)({ argv, ...LONG }, never)).stdout.toString().trim()
    }

    /** A folder of scripts with this one in it. */
    async function placed(script: string, deadlineMs = 240_000) {
      const folder = await sh('mktemp -d /tmp/holdfast-XXXXXX')
      folders.push(folder)
      const hook = `${folder}/d/hook`
      await sh('mkdir "$1/d"; printf %s "$3" > "$2"; chmod 755 "$2"; mkfifo "$2.go"', folder, hook, script)
      const { preFreeze, postThaw } = LAYOUTS.other.none
      const at = (place: ScriptPlace): ScriptPlace => ({ ...place, path: `${folder}/d` })
      const run = runsOver(way.channel, systemClock)
      return {
        freeze: () => runPreFreeze(run, 'other', at(preFreeze), never),
        /** As `scripts.thaw` does it: whether it counts. */
        async thaw(): Promise<boolean> {
          const freezing = await stillFreezes(run, { ...at(preFreeze), deadlineMs }, never)
          expect(await runPostThaw(run, 'other', at(postThaw), 'thaw', never)).toMatchObject([{ succeeded: true }])
          return freezing === undefined
        },
        state: async (): Promise<readonly string[]> => (await sh('cat "$1.state"', hook)).split('\n'),
        go: () => sh('echo go > "$1.go"', hook),
        /** Starts it, and breaks the connection once it runs. */
        async freezeAndCut(): Promise<void> {
          const started = Promise.withResolvers<void>()
          const channel: Channel = {
            async start(program, signal) {
              const running = await way.channel.start(program, signal)
              if (program.argv.at(-1) === 'freeze') started.resolve()
              return running
            },
          }
          const lost = expect(runPreFreeze(runsOver(channel, systemClock), 'other', at(preFreeze), never)).rejects.toThrow(
            'broke',
          )
          await started.promise
          way.cut()
          await lost
          while ((await this.state())[0] !== 'begun') await new Promise((resolve) => setTimeout(resolve, 20))
        },
      }
    }

    test.each(alsoWhatIsTheSame ? kinds : kinds.slice(0, 1))(
      'freezes at its end, and the thaw counts that began later: one that %s [P2, P5]',
      async (_, script) => {
        const hook = await placed(script)
        await hook.freezeAndCut()
        expect(await hook.thaw()).toBe(false)
        expect(await hook.state()).toEqual(['begun', 'thawed'])
        await hook.go()
        while (!(await hook.thaw())) expect(await hook.state()).toContain('thawed')
        const state = await hook.state()
        expect(state.filter((line) => line !== 'thawed')).toEqual(['begun', 'frozen'])
        expect(state.at(-1)).toBe('thawed')
      },
    )

    test('is none where it has ended, whatever it has left behind', async () => {
      const hook = await placed(`#!/bin/sh\n${ENDS}`)
      expect(await hook.freeze()).toMatchObject([{ succeeded: true }])
      expect(await hook.thaw()).toBe(true)
    })

    if (!alsoWhatIsTheSame) return

    test('is ended once it has had its time, and freezes nothing any more [P5]', async () => {
      const hook = await placed(`#!/bin/sh\n${WAITS}`, 0)
      await hook.freezeAndCut()
      expect(await hook.thaw()).toBe(false)
      while (!(await hook.thaw())) expect(await hook.state()).toContain('thawed')
      expect(await hook.state()).not.toContain('frozen')
    })

    test('ends as it does while somebody does', async () => {
      const run = runsOver(way.channel, systemClock)
      const { preFreeze } = LAYOUTS.other.none
      const ends = async (text: string) => (await run({ argv: marked(preFreeze, ['/bin/sh', '-c', text]), ...LONG }, never)).end
      for (const exitCode of [0, 1, 66, 69, 124, 125, 126, 127, 137])
        expect(await ends(`exit ${exitCode}`)).toEqual({ kind: 'exited', exitCode })
      expect(await ends('kill -SEGV $$')).toEqual({ kind: 'signalled', signal: 'SIGSEGV' })
    })
  })
}
