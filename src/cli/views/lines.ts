// The view for people whose output goes to a file or a pipe: one line for each thing that happens, with its time.
import type { Observation } from '../../engine/index.ts'
import { printable } from '../../values/index.ts'
import type { Output } from '../host.ts'
import { createTransfers } from './transfers.ts'
import type { View } from './view.ts'
import { clockTime, type Line, wordsOfNotice, wordsOfOutcome, wordsOfReading, wordsOfReport, wordsOfStart } from './words.ts'

export function createLinesView(output: Output): View {
  const transfers = createTransfers()
  const print = (at: number, { path, text }: Line): void =>
    output.write(`${clockTime(at)} ${path === undefined ? '' : `${path}  `}${printable(text)}\n`)

  function observe(observation: Observation): void {
    const { at } = observation
    switch (observation.kind) {
      case 'runStarted':
        return print(at, wordsOfStart(observation))
      case 'report':
        return print(at, wordsOfReport(observation.report, observation.runId))
      case 'progress': {
        const reading = transfers(observation)
        if (reading)
          print(at, { path: observation.path, text: wordsOfReading(reading, observation.progress.label), tone: 'plain' })
        return
      }
      case 'runEnded':
        for (const line of wordsOfOutcome(observation.runId, observation.outcome)) print(at, line)
        return
      default:
        observation satisfies never
    }
  }

  return {
    observe,
    notice: (notice) => {
      for (const line of wordsOfNotice(notice)) print(notice.at, line)
    },
    close: async () => undefined,
  }
}
