// V8's compiler Sparkplug is off wherever Holdfast and its tests run: in Node 24 it can take the process down while memory is collected.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Prints at the end of the process whether a function that is called often was compiled by Sparkplug; the compilers above it are off, and it need not wait for more to compile. */
const PROBE = `process.on('exit', () => {
  function often(a) { return a + 1 }
  for (let i = 0; i < 100_000; i += 1) often(i)
  console.log('sparkplug:', %ActiveTierIsSparkplug(often))
})`

function tierAtTheEndOf(...args: readonly string[]): string | undefined {
  const probe = `data:text/javascript,${encodeURIComponent(PROBE)}`
  const flags = [
    '--allow-natives-syntax',
    '--no-turbofan',
    '--no-maglev',
    '--no-baseline-batch-compilation',
    '--import',
    probe,
    '--conditions=source',
  ]
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = spawnSync(process.execPath, [...flags, ...args], { encoding: 'utf8', env })
  return /^sparkplug: (\w+)$/m.exec(stdout)?.[1]
}

test('no function of Holdfast is compiled by Sparkplug', () => {
  expect(tierAtTheEndOf(join(root, 'bin/holdfast.js'), '--version')).toBe('false')
})

test('a plain Node would compile it so: the probe sees it', () => {
  expect(tierAtTheEndOf('--eval', '0')).toBe('true')
})

test('no function of the tests is compiled by Sparkplug', () => {
  setFlagsFromString('--allow-natives-syntax')
  const isSparkplug = new Function('often', 'return %ActiveTierIsSparkplug(often)')
  setFlagsFromString('--no-allow-natives-syntax')
  const often = (a: number): number => a + 1
  for (let i = 0; i < 2000; i += 1) {
    often(i)
    expect.soft(isSparkplug(often)).toBe(false)
  }
})
