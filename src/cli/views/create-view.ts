// Which view a run gets: a moving tree at a terminal, lines elsewhere, JSON for programs.
import { type Host, wantsColour } from '../host.ts'
import { createJsonView } from './json.ts'
import { createLinesView } from './lines.ts'
import type { View } from './view.ts'

export type ViewFormat = 'text' | 'json'

export async function createView(host: Host, format: ViewFormat): Promise<View> {
  if (format === 'json') return createJsonView(host.stdout)
  const { terminal } = host.stdout
  if (!terminal || host.env.TERM === 'dumb') return createLinesView(host.stdout)
  const { createTreeView } = await import('./tree.ts')
  return createTreeView(terminal, wantsColour(host, host.stdout))
}
