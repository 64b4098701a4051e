// The view for people and the view for programs tell the same facts, each in its own form.
import { describe, expect, test } from 'vitest'
import { createJsonView, createLinesView, EVENTS, eventsSchema, type Notice } from '../../src/cli/views/index.ts'
import { isObject, type Json, validator } from '../../src/values/index.ts'
import { AT, HOSTILE, obligation, observations, RUN } from './observations.ts'

const notices: readonly Notice[] = [
  { kind: 'cancelling', runId: RUN, at: AT },
  { kind: 'owing', runId: RUN, at: AT, owed: [obligation] },
  { kind: 'left', runId: RUN, at: AT, owed: [obligation] },
]

function shown() {
  const lines: string[] = []
  return [lines, createLinesView({ write: (text) => void lines.push(text) })] as const
}

function show(create: typeof createLinesView): readonly string[] {
  const lines: string[] = []
  const view = create({ write: (text) => void lines.push(...text.trimEnd().split('\n')) })
  for (const observation of observations) view.observe(observation)
  for (const notice of notices) view.notice(notice)
  return lines
}
const events = (): readonly Record<string, Json>[] => show(createJsonView).map((line) => JSON.parse(line) as Record<string, Json>)

describe('JSON lines', () => {
  test('each conforms to the schema that is published', () => {
    for (const event of events()) expect(validator(eventsSchema).problems(event), JSON.stringify(event)).toEqual([])
  })

  test('every event of the closed list is printed by some observation or notice', () => {
    const printed = new Set(events().map(({ event }) => event))
    expect(Object.keys(EVENTS).filter((name) => name !== 'refused' && !printed.has(name))).toEqual([])
  })

  test('an unlisted property would be refused by the schema', () => {
    const [first] = events()
    expect(validator(eventsSchema).problems({ ...first, colour: 'red' })).not.toEqual([])
  })
})

describe('lines for people', () => {
  test('carry every fact of the JSON lines', () => {
    const text = show(createLinesView).join('\n')
    for (const event of events()) {
      const { event: name, at: _, run: __, ...facts } = event
      for (const fact of factsIn(facts)) expect(text, `${name} ${fact}`).toContain(fact)
    }
  })

  test('tell bytes, share, rate and time left', () => {
    expect(show(createLinesView).join('\n')).toContain('vm-1 ide0: 16.0 MiB of 64.0 MiB (25 %), 8.0 MiB/s, 6.0s left')
  })

  test('tell what is owed and how to settle it', () => {
    const text = show(createLinesView).join('\n')
    expect(text).toContain('STILL OWED sangfor-scp/GroupSnapshot groupId g-1, name rb-1')
    expect(text).toContain(`settle it with: holdfast reap ${RUN}`)
    expect(text).toContain(`settle it with: holdfast resume ${RUN}`)
  })

  test('let no text of a platform steer the terminal', () => {
    const [lines, view] = shown()
    for (const observation of HOSTILE) view.observe(observation)
    expect(
      lines
        .join('')
        .match(/\p{Cc}|\u202e/gu)
        ?.every((character) => character === '\n'),
    ).toBe(true)
    expect(lines.join('')).toContain('�]0;owned�')
  })

  test('have no colour codes', () => {
    expect(show(createLinesView).join('')).not.toContain('\u001b')
  })
})

/** How a person is told what a program gets as a code or a number. */
const WORDS: Readonly<Record<string, string>> = {
  owed: 'STILL OWED',
  '1500': '1.5s',
  '2026-11-21T09:35:00.000Z': '09:35:00',
  '2026-11-21T10:30:00.000Z': '2026-11-21T10:30:00Z',
  asked: 'waits for approval',
}
/** Numbers of a reading are told rounded, see the test beside; what kind of step it is follows from its action, what an answer says from the command. */
const TOLD_OTHERWISE = [
  'doneBytes',
  'totalBytes',
  'bytesPerSecond',
  'leftMs',
  'verb',
  'retryable',
  'applied',
  'resumed',
  'inputs',
]

function factsIn(value: Json, key = ''): readonly string[] {
  if (TOLD_OTHERWISE.includes(key)) return []
  if (Array.isArray(value)) return value.flatMap((each) => factsIn(each))
  if (isObject(value)) return Object.entries(value).flatMap(([name, each]) => factsIn(each, name))
  const text = String(value)
  return [WORDS[text] ?? text]
}
